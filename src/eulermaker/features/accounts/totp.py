"""Time-based one-time passwords (RFC 6238): SHA-1, 6 digits, 30 seconds, one step either way."""

import base64
import hashlib
import hmac
import os
import struct
from datetime import datetime
from urllib.parse import quote, urlencode

DIGITS = 6
STEP_SECONDS = 30
DRIFT = 1
#: What RFC 4226 §4 recommends.
SECRET_BYTES = 20
ISSUER = "EulerMaker"


def new_secret() -> str:
    """A random secret in base32, as authenticators take it."""
    return base64.b32encode(os.urandom(SECRET_BYTES)).decode()


def step_at(now: datetime) -> int:
    """The number of the step that a moment lies in."""
    return int(now.timestamp()) // STEP_SECONDS


def code_at(secret: str, step: int) -> str:
    """The code of a step (RFC 4226 §5.3)."""
    digest = hmac.new(base64.b32decode(secret), struct.pack(">Q", step), hashlib.sha1).digest()
    offset = digest[-1] & 0x0F
    number: int = struct.unpack(">I", digest[offset : offset + 4])[0] & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def matching_step(secret: str, code: str, *, now: datetime) -> int | None:
    """The step whose code this is, of those that are accepted now."""
    current, found = step_at(now), None
    for step in range(current - DRIFT, current + DRIFT + 1):
        if hmac.compare_digest(code_at(secret, step).encode(), code.encode()):
            found = step
    return found


def address(secret: str, *, account: str) -> str:
    """The `otpauth://` address that a QR code carries."""
    label = quote(f"{ISSUER}:{account}", safe="")
    fields = {
        "secret": secret, "issuer": ISSUER, "algorithm": "SHA1", "digits": DIGITS, "period": STEP_SECONDS,
    }  # fmt: skip
    return f"otpauth://totp/{label}?{urlencode(fields)}"
