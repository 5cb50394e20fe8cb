"""Identifiers that say what they name."""

import secrets


def new_id(noun: str) -> str:
    """A random identifier such as `build_3f9c0a61b2d4` (48 bits)."""
    return f"{noun}_{secrets.token_hex(6)}"


def new_secret() -> str:
    """A random URL-safe secret of 256 bits."""
    return secrets.token_urlsafe(32)
