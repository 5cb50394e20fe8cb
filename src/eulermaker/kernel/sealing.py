"""Secrets at rest: sealed with a key that is derived from the server's own secret."""

import base64
import binascii
import os
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from eulermaker.kernel.faults import FieldError, InvalidFields

#: What is shown in place of a secret; sent back, it stands for the secret that is known.
MASK = "********"
NONCE_BYTES = 12
_VERSION = "v1."


class SealBroken(Exception):
    """A sealed text that this server's secret does not open, or that belongs elsewhere."""


class Sealer:
    """Seals and opens texts with AES-256-GCM; the key is HKDF-SHA256 of the secret (RFC 5869)."""

    def __init__(self, secret: str) -> None:
        key = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"eulermaker sealing v1")
        self._cipher = AESGCM(key.derive(secret.encode()))

    def seal(self, text: str, *, about: str) -> str:
        """The text, sealed; `about` names its place (`channel_1.url`) and is needed to open it."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, text.encode(), about.encode())
        return _VERSION + base64.urlsafe_b64encode(nonce + sealed).decode()

    def open(self, sealed: str, *, about: str) -> str:
        """The text that was sealed about that; raises SealBroken."""
        if not sealed.startswith(_VERSION):
            raise SealBroken("unknown version of seal")
        try:
            raw = base64.b64decode(sealed.removeprefix(_VERSION), altchars=b"-_", validate=True)
            return self._cipher.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], about.encode()).decode()
        except (binascii.Error, ValueError, InvalidTag) as error:
            raise SealBroken("another secret, another place or changed") from error


def refuse_masks(config: Mapping[str, Any]) -> None:
    """Raise InvalidFields where a mask is left in a configuration, standing for no secret that is known."""
    unknown = _masks(config, "config")
    if unknown:
        raise InvalidFields(
            FieldError(
                field,
                "掩码不代表任何已知的密钥，请填写密钥本身",
                "The mask stands for no secret that is known; give the secret itself",
                ("body", *field.split(".")),
            )
            for field in unknown
        )


def _masks(value: Any, path: str) -> list[str]:
    match value:
        case str():
            return [path] if MASK in value else []
        case dict():
            return [found for key, inner in value.items() for found in _masks(inner, f"{path}.{key}")]
        case list():
            return [found for at, inner in enumerate(value) for found in _masks(inner, f"{path}.{at}")]
        case _:
            return []
