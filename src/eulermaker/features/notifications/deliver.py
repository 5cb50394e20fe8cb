"""From a message of the outbox to the channel that it is for."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, assert_never

import structlog

from eulermaker.features.notifications import chats, mail, webhook
from eulermaker.features.notifications.apprise import Apprise
from eulermaker.features.notifications.http import Poster
from eulermaker.features.notifications.messages import text_of
from eulermaker.features.notifications.rules import Channel
from eulermaker.features.notifications.schemas import (
    CONFIGS,
    AppriseConfig,
    ChatConfig,
    Config,
    EmailConfig,
    WebhookConfig,
)
from eulermaker.features.notifications.store import NotificationStore
from eulermaker.kernel.clock import Clock
from eulermaker.kernel.database import Database
from eulermaker.kernel.outbox import Message, Outcome
from eulermaker.kernel.sealing import SealBroken, Sealer
from eulermaker.kernel.settings import Smtp
from eulermaker.kernel.telemetry import Metrics

log = structlog.get_logger("eulermaker.notifications")


def sealed_config(sealer: Sealer, channel: str, config: Config) -> str:
    """The configuration as it is stored."""
    return sealer.seal(config.model_dump_json(exclude_none=True), about=f"{channel}.config")


def opened_config(sealer: Sealer, channel: Channel) -> Config:
    """The configuration of a channel; raises SealBroken when the server's secret is another now."""
    text = sealer.open(channel.config, about=f"{channel.id}.config")
    # Stored once it had been found valid: a rule that is new since must not stop its messages.
    return CONFIGS[channel.type].model_construct(**json.loads(text))


@dataclass(frozen=True)
class Senders:
    """The ways out; each attempt has a deadline of `seconds`, which its caller holds."""

    poster: Poster
    smtp: Smtp
    apprise: Apprise
    sealer: Sealer
    metrics: Metrics
    clock: Clock
    seconds: float

    async def send(self, channel: Channel, *, key: str, payload: Mapping[str, Any]) -> Outcome:
        """Tell the channel."""
        try:
            config = opened_config(self.sealer, channel)
        except SealBroken:
            log.warning("channel.unreadable", channel=channel.id)
            return Outcome(
                "dead", "secret-unreadable", "the server's secret has changed: set the channel's secrets anew"
            )
        outcome = await self._through(channel, config, key=key, payload=payload)
        self.metrics.notifications.labels(channel.type, outcome.kind).inc()
        return outcome

    async def _through(
        self, channel: Channel, config: Config, *, key: str, payload: Mapping[str, Any]
    ) -> Outcome:
        text, now = text_of(payload, channel.language), self.clock()
        match channel.type:
            case "webhook":
                assert isinstance(config, WebhookConfig)
                body = json.dumps({"id": key, **payload}, ensure_ascii=False, separators=(",", ":")).encode()
                return await webhook.send(
                    self.poster, config, key=key, body=body, now=now, loopback=channel.unconfined
                )
            case "email":
                assert isinstance(config, EmailConfig)
                return await mail.send(self.smtp, config, key=key, text=text, now=now, seconds=self.seconds)
            case "dingtalk" | "feishu" | "wecom" | "slack":
                assert isinstance(config, ChatConfig)
                return await chats.send(
                    self.poster, channel.type, config, text=text, now=now, loopback=channel.unconfined
                )
            case "apprise":
                assert isinstance(config, AppriseConfig)
                return await self.apprise.send(config, text=text, loopback=channel.unconfined)
            case _:
                assert_never(channel.type)


@dataclass(frozen=True)
class Delivery:
    """Carries messages of the outbox to their channels as these are now."""

    database: Database
    senders: Senders

    async def __call__(self, message: Message) -> Outcome:
        """Deliver the message."""
        async with self.database.read() as connection:
            channel = await NotificationStore(connection).channel(message.target)
        if channel is None:
            return Outcome("dead", "channel-removed", "the channel is no more")
        if not channel.enabled:
            return Outcome("dead", "channel-disabled", "the channel is switched off")
        return await self.senders.send(channel, key=message.id, payload=message.payload)
