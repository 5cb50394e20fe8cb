"""How API keys are written: `emk_`, 43 random characters, and six that catch a slip of the pen."""

import secrets
import string
import zlib

PREFIX = "emk_"
RANDOM = 43
CHECK = 6
SHOWN = 12
_ALPHABET = string.digits + string.ascii_letters


def new_key() -> str:
    """A random key of 256 bits."""
    body = "".join(secrets.choice(_ALPHABET) for _ in range(RANDOM))
    return f"{PREFIX}{body}{_check(body)}"


def well_formed(key: str) -> bool:
    """Whether it can be a key: nothing else is worth a look at the database."""
    body, check = key[len(PREFIX) : -CHECK], key[-CHECK:]
    return key.startswith(PREFIX) and len(body) == RANDOM and key.isascii() and check == _check(body)


def shown(key: str) -> str:
    """As much of a key as may be seen; nothing of what is no key."""
    return f"{key[:SHOWN]}..." if well_formed(key) else f"{PREFIX}..."


def _check(body: str) -> str:
    number, digits = zlib.crc32(body.encode()), ""
    for _ in range(CHECK):
        number, digit = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits
