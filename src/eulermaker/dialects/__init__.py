"""A fault in, a body out: one renderer per documented error dialect."""
