"""Terminals: commands in containers that people type into, over sockets that may be lost and resumed."""
