"""Networks: which containers reach each other."""
