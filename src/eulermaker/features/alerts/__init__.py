"""Alerts: what a probe's change of state means to people."""
