"""One package per capability; each has the same files."""
