"""Probes: whether what runs in containers is well, checked again and again."""
