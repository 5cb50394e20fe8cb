"""Who did what, from where, with what result: an append-only record."""
