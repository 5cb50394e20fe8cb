"""The robots of DingTalk, Feishu, WeCom and Slack: a short text in each one's own wire format."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from eulermaker.features.notifications.http import Poster, Reply, judged, shown
from eulermaker.features.notifications.messages import Text
from eulermaker.features.notifications.schemas import ChatConfig, SignedChatConfig
from eulermaker.kernel.outbox import SENT, Outcome

ChatType = Literal["dingtalk", "feishu", "wecom", "slack"]
#: What DingTalk, Feishu and WeCom answer to who asks too often; a minute later they listen again.
TOO_OFTEN = frozenset({130101, 660026, 9499, 11232, 45009})
TOO_OFTEN_SECONDS = 60.0
#: WeCom takes 2048 bytes of text, the others more.
MAX_BYTES = 2000


async def send(
    poster: Poster, kind: ChatType, config: ChatConfig, *, text: Text, now: datetime, loopback: bool
) -> Outcome:
    """Post the text to the robot."""
    secret = config.secret if isinstance(config, SignedChatConfig) else None
    url, body = request(kind, config.url, secret, text=text, now=now)
    headers = {"Content-Type": "application/json; charset=utf-8"}
    content = json.dumps(body, ensure_ascii=False).encode()
    reply = await poster.post(url, body=content, headers=headers, loopback=loopback)
    outcome = judged(reply)
    if outcome.kind != "sent" or kind == "slack" or isinstance(reply, Outcome):
        return outcome
    return _accepted(reply)


def request(
    kind: ChatType, url: str, secret: str | None, *, text: Text, now: datetime
) -> tuple[str, Mapping[str, Any]]:
    """Where to post what."""
    content = _short(text.whole)
    match kind:
        case "dingtalk":
            signed = _signed_dingtalk(url, secret, now) if secret else url
            return signed, {"msgtype": "text", "text": {"content": content}}
        case "feishu":
            signature = _feishu_signature(secret, now) if secret else {}
            return url, {**signature, "msg_type": "text", "content": {"text": content}}
        case "wecom":
            return url, {"msgtype": "text", "text": {"content": content}}
        case "slack":
            return url, {"text": _escaped(content)}


def _signed_dingtalk(url: str, secret: str, now: datetime) -> str:
    timestamp = str(int(now.timestamp() * 1000))
    digest = hmac.digest(secret.encode(), f"{timestamp}\n{secret}".encode(), hashlib.sha256)
    parts = urlsplit(url)
    query = [*parse_qsl(parts.query), ("timestamp", timestamp), ("sign", base64.b64encode(digest).decode())]
    return urlunsplit(parts._replace(query=urlencode(query)))


def _feishu_signature(secret: str, now: datetime) -> Mapping[str, str]:
    timestamp = str(int(now.timestamp()))
    # Feishu's own way: timestamp and secret are the key, and nothing is the message.
    digest = hmac.digest(f"{timestamp}\n{secret}".encode(), b"", hashlib.sha256)
    return {"timestamp": timestamp, "sign": base64.b64encode(digest).decode()}


def _accepted(reply: Reply) -> Outcome:
    """These robots answer 200 to everything and tell in the body what they think of it."""
    try:
        told = json.loads(reply.text)
    except ValueError:
        return Outcome("again", "chat-refused", shown(reply.text))
    code = _code(told)
    if code == 0:
        return SENT
    wait = TOO_OFTEN_SECONDS if code in TOO_OFTEN else 0.0
    return Outcome("again", "chat-refused", shown(reply.text), wait=wait)


def _code(told: object) -> int | None:
    if not isinstance(told, dict):
        return None
    for name in ("errcode", "code", "StatusCode"):
        if isinstance(told.get(name), int):
            return int(told[name])
    return None


def _escaped(text: str) -> str:
    """Slack reads &, < and > as its own marks."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _short(text: str) -> str:
    return text.encode()[:MAX_BYTES].decode(errors="ignore")
