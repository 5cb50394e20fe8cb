"""Webhooks, signed as Standard Webhooks describe it: HMAC-SHA256 over id, timestamp and body."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime

from eulermaker.features.notifications.http import Poster, judged
from eulermaker.features.notifications.schemas import SECRET_PREFIX, WebhookConfig
from eulermaker.kernel.outbox import Outcome


async def send(
    poster: Poster, config: WebhookConfig, *, key: str, body: bytes, now: datetime, loopback: bool
) -> Outcome:
    """Post the body; every attempt has the same key and body, and a timestamp of its own."""
    secret = config.secret or ""
    headers = {**config.headers, **signed_headers(secret, key=key, body=body, now=now)}
    reply = await poster.post(
        config.url, body=body, headers=headers, loopback=loopback, verify_tls=config.verify_tls
    )
    return judged(reply)


def signed_headers(secret: str, *, key: str, body: bytes, now: datetime) -> Mapping[str, str]:
    """What lets a receiver know who sends, when, and whether it has had the message before."""
    timestamp = str(int(now.timestamp()))
    signed = b".".join((key.encode(), timestamp.encode(), body))
    signature = base64.b64encode(hmac.digest(key_of(secret), signed, hashlib.sha256)).decode()
    return {
        "Content-Type": "application/json",
        "User-Agent": "EulerMaker-Webhooks/1",
        "Idempotency-Key": key,
        "webhook-id": key,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{signature}",
    }


def key_of(secret: str) -> bytes:
    """The bytes of a secret: base64 after `whsec_`, else the text itself."""
    if secret.startswith(SECRET_PREFIX):
        return base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    return secret.encode()
