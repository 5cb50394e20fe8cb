"""The fault catalogue assembled and served."""
