"""Health and information about this installation."""
