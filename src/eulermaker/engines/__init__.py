"""Container engines behind one port."""
