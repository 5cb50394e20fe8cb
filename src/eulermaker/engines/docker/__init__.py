"""The Docker Engine behind the port."""
