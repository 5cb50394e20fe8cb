#!/bin/sh
echo "Greetings from an RPM."
