"""Identifiers that say what they name."""

import os
import secrets


def new_id(noun: str) -> str:
    """A random identifier such as `build_3f9c0a61b2d4` (48 bits)."""
    return f"{noun}_{os.urandom(6).hex()}"


def new_secret() -> str:
    """A random URL-safe secret of 256 bits."""
    return secrets.token_urlsafe(32)
