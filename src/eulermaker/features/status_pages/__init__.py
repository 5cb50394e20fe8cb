"""Status pages: how some probes are, for everybody who has the address."""
