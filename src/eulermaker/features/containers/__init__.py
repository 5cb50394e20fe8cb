"""Containers: a live view of them, and everything that can be done with one."""
