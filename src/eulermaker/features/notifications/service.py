"""What the rest of the program may ask about notifications."""

import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

import anyio
from sqlalchemy.ext.asyncio import AsyncConnection

from eulermaker.features.audit.service import Audit
from eulermaker.features.notifications import rules
from eulermaker.features.notifications.deliver import Delivery, Senders, opened_config, sealed_config
from eulermaker.features.notifications.faults import (
    CHANNEL_NOT_FOUND,
    DELIVERY_NOT_FOUND,
    DELIVERY_STATE_CONFLICT,
    TOO_MANY_CHANNELS,
    TOO_MANY_WINDOWS,
    WINDOW_NOT_FOUND,
)
from eulermaker.features.notifications.rules import Channel, Window
from eulermaker.features.notifications.schemas import (
    SECRET_PREFIX,
    Announcement,
    Config,
    NewApprise,
    NewChannel,
    NewEmail,
    NewWindow,
    Scope,
    TestResult,
    WebhookConfig,
)
from eulermaker.features.notifications.store import NotificationStore
from eulermaker.kernel.call import Call, Permission
from eulermaker.kernel.clock import Clock, rfc3339
from eulermaker.kernel.database import Database
from eulermaker.kernel.faults import Fault, InvalidFields
from eulermaker.kernel.ids import new_id, new_secret
from eulermaker.kernel.outbox import Courier, Message, OutboxStore, Outcome, Patience, Posted, State
from eulermaker.kernel.ownership import OWNER, TENANT, Access
from eulermaker.kernel.paging import Page
from eulermaker.kernel.sealing import SealBroken, refuse_masks
from eulermaker.kernel.settings import Notifications as Limits
from eulermaker.kernel.web import origin

OwnedT = TypeVar("OwnedT", Channel, Window, Posted)

TOPIC = "notification"
MAX_OWN = 50
MAX_IN_TENANT = 500
#: A window is kept for this time after its end.
KEEP_WINDOWS = timedelta(days=30)

NOTIFICATIONS = Access(
    Permission.NOTIFICATIONS_READ,
    Permission.NOTIFICATIONS_READ_ALL,
    Permission.NOTIFICATIONS_WRITE,
    Permission.NOTIFICATIONS_WRITE_ALL,
)


@dataclass(frozen=True, slots=True)
class Made:
    """A channel that was made or changed, and the secret that was drawn for it: told this once."""

    channel: Channel
    secret: str | None = None


class Notifications:
    """Channels, what goes through them, and the windows in which nothing does."""

    def __init__(
        self, database: Database, audit: Audit, senders: Senders, *, holder: str, limits: Limits, clock: Clock
    ) -> None:
        self._database = database
        self._audit = audit
        self._senders = senders
        self._limits = limits
        self._clock = clock
        self.courier = Courier(
            database,
            Delivery(database, senders),
            topic=TOPIC,
            holder=holder,
            patience=Patience(
                attempts=limits.max_attempts,
                first=limits.first_retry_seconds,
                most=limits.max_retry_seconds,
                deadline=limits.deadline_seconds,
            ),
            clock=clock,
            at_once=limits.max_concurrent,
        )

    async def announce(self, connection: AsyncConnection, announcements: Sequence[Announcement]) -> None:
        """Put the announcements into the outbox of every channel that hears of them.

        Inside the transaction of what is announced: both are there, or neither.
        """
        if not announcements:
            return
        channels = await NotificationStore(connection).channels_of({one.tenant_id for one in announcements})
        await OutboxStore(connection).add(
            [
                _message(one, channel)
                for one in announcements
                for channel in channels
                if rules.hears(channel, one)
            ]
        )

    async def windows(
        self, connection: AsyncConnection, tenants: Collection[str], *, now: datetime
    ) -> list[Window]:
        """The tenants' maintenance windows that may be on; `rules.silent_until` tells for whom."""
        return await NotificationStore(connection).windows_of(tenants, now=now)

    def wake(self) -> None:
        """Carry at once what was committed just now."""
        self.courier.wake()

    async def sweep(self) -> None:
        """Delete what is older than what is kept."""
        now = self._clock()
        async with self._database.write() as connection:
            await OutboxStore(connection).forget(before=now - timedelta(days=self._limits.keep_days))
            await NotificationStore(connection).forget_windows(before=now - KEEP_WINDOWS)

    async def channels(self, call: Call, page: Page) -> tuple[Sequence[Channel], int]:
        """One page of the channels that the caller may see, by name, and how many there are."""
        call.require(Permission.NOTIFICATIONS_READ)
        async with self._database.read() as connection:
            return await NotificationStore(connection).page_of_channels(
                tenant=call.principal.tenant, owner=_only(call), page=page
            )

    async def channel(self, call: Call, identifier: str) -> Channel:
        """The channel; raises `channel-not-found`, also for those that the caller may not see."""
        return await self._visible(call, identifier, _channel_of, _no_channel)

    def shown(self, channel: Channel) -> Mapping[str, Any]:
        """The configuration without its secrets; empty when it cannot be read any more."""
        try:
            return opened_config(self._senders.sealer, channel).shown()
        except SealBroken:
            return {}

    async def add_channel(self, call: Call, wanted: NewChannel) -> Made:
        """Make a channel of the caller's; raises InvalidFields and `too-many-channels`."""
        call.require(Permission.NOTIFICATIONS_WRITE)
        _require_scope(call, wanted.scope)
        config, secret = _with_secret(wanted.config)
        await self._check(wanted, config)
        now, identifier = self._clock(), new_id("channel")
        channel = self._channel(identifier, wanted, config, owner=call.principal.user, call=call, made=now)
        async with self._database.write() as connection:
            store = NotificationStore(connection)
            limit, owner = _bound(call)
            _, count = await store.page_of_channels(tenant=call.principal.tenant, owner=owner, page=Page(1))
            if count >= limit:
                raise TOO_MANY_CHANNELS(limit=limit, details={"limit": limit, "resource_type": "channel"})
            await store.add_channel(channel)
        await self._note(call, "channel.create", "channel", identifier, name=wanted.name, type=wanted.type)
        return Made(channel, secret)

    async def replace_channel(self, call: Call, identifier: str, wanted: NewChannel) -> Made:
        """Change a channel; where a mask is sent back, the secret that is known stays.

        Raises `channel-not-found` and InvalidFields.
        """
        known = await self._changeable(call, identifier)
        _require_scope(call, wanted.scope)
        if wanted.type != known.type:
            raise InvalidFields.one(
                "type", zh="渠道的类型不能更改，请新建渠道", en="A channel keeps its type; make another one"
            )
        config, secret = _with_secret(self._meant(known, wanted.config))
        await self._check(wanted, config)
        channel = self._channel(
            identifier, wanted, config, owner=known.owner_id, call=call, made=known.created_at
        )
        async with self._database.write() as connection:
            if not await NotificationStore(connection).replace_channel(channel):
                raise _no_channel(identifier)
        await self._note(call, "channel.update", "channel", identifier, name=wanted.name)
        return Made(channel, secret)

    async def remove_channel(self, call: Call, identifier: str) -> None:
        """Remove a channel; what waits for it is dead. Raises `channel-not-found`."""
        await self._changeable(call, identifier)
        async with self._database.write() as connection:
            await NotificationStore(connection).remove_channel(identifier)
            await OutboxStore(connection).bury(
                identifier, reason="channel-removed", told="the channel is no more", now=self._clock()
            )
        await self._note(call, "channel.remove", "channel", identifier)

    async def try_channel(self, call: Call, identifier: str) -> TestResult:
        """Send a test message now, also through a channel that is switched off, and tell what came of it."""
        channel = await self._changeable(call, identifier)
        payload = {
            "event": "test",
            "timestamp": rfc3339(self._clock()),
            "channel": {"id": channel.id, "name": channel.name},
        }
        began = time.monotonic()
        outcome = Outcome(
            "again", "deadline-exceeded", f"no answer within {self._limits.deadline_seconds:g} s"
        )
        with anyio.move_on_after(self._limits.deadline_seconds):
            outcome = await self._senders.send(channel, key=new_id("delivery_test"), payload=payload)
        await self._note(call, "channel.test", "channel", identifier, result=outcome.kind)
        return TestResult(
            delivered=outcome.kind == "sent",
            reason=outcome.reason,
            message=outcome.told,
            response_time=round(time.monotonic() - began, 3),
        )

    async def deliveries(
        self, call: Call, *, channel: str | None, state: State | None, page: Page
    ) -> tuple[list[Posted], int]:
        """One page of deliveries, newest first, and how many there are."""
        call.require(Permission.NOTIFICATIONS_READ)
        async with self._database.read() as connection:
            return await OutboxStore(connection).page(
                TOPIC,
                tenant=call.principal.tenant,
                owner=_only(call),
                target=channel,
                state=state,
                page=page,
            )

    async def delivery(self, call: Call, identifier: str) -> Posted:
        """The delivery; raises `delivery-not-found`."""
        return await self._visible(call, identifier, _posted_of, _no_delivery)

    async def retry(self, call: Call, identifier: str) -> Posted:
        """Try a dead delivery again, under its old key; raises `delivery-state-conflict`."""
        found = await self.delivery(call, identifier)
        NOTIFICATIONS.require_change(call, _labels(found))
        async with self._database.write() as connection:
            revived = await OutboxStore(connection).revive(identifier, now=self._clock())
        if not revived:
            details = {**_about("delivery", identifier), "state": found.state}
            raise DELIVERY_STATE_CONFLICT(delivery=identifier, state=found.state, details=details)
        self.wake()
        await self._note(call, "delivery.retry", "delivery", identifier)
        return await self.delivery(call, identifier)

    async def page_of_windows(self, call: Call, page: Page) -> tuple[Sequence[Window], int]:
        """One page of the maintenance windows that the caller may see, by name."""
        call.require(Permission.NOTIFICATIONS_READ)
        async with self._database.read() as connection:
            return await NotificationStore(connection).page_of_windows(
                tenant=call.principal.tenant, owner=_only(call), page=page
            )

    async def window(self, call: Call, identifier: str) -> Window:
        """The maintenance window; raises `maintenance-window-not-found`."""
        return await self._visible(call, identifier, _window_of, _no_window)

    async def add_window(self, call: Call, wanted: NewWindow) -> Window:
        """Make a maintenance window of the caller's; raises `too-many-maintenance-windows`."""
        call.require(Permission.NOTIFICATIONS_WRITE)
        _require_scope(call, wanted.scope)
        window = Window(
            id=new_id("window"),
            tenant_id=call.principal.tenant,
            owner_id=call.principal.user,
            created_at=self._clock(),
            **_fields(wanted),
        )
        async with self._database.write() as connection:
            store = NotificationStore(connection)
            limit, owner = _bound(call)
            _, count = await store.page_of_windows(tenant=call.principal.tenant, owner=owner, page=Page(1))
            if count >= limit:
                details = {"limit": limit, "resource_type": "maintenance_window"}
                raise TOO_MANY_WINDOWS(limit=limit, details=details)
            await store.add_window(window)
        await self._note(call, "maintenance-window.create", "maintenance_window", window.id, name=window.name)
        return window

    async def replace_window(self, call: Call, identifier: str, wanted: NewWindow) -> Window:
        """Change a maintenance window; raises `maintenance-window-not-found`."""
        known = await self._changeable_window(call, identifier)
        _require_scope(call, wanted.scope)
        window = replace(known, **_fields(wanted))
        async with self._database.write() as connection:
            if not await NotificationStore(connection).replace_window(window):
                raise _no_window(identifier)
        await self._note(call, "maintenance-window.update", "maintenance_window", identifier)
        return window

    async def remove_window(self, call: Call, identifier: str) -> None:
        """Remove a maintenance window; raises `maintenance-window-not-found`."""
        await self._changeable_window(call, identifier)
        async with self._database.write() as connection:
            await NotificationStore(connection).remove_window(identifier)
        await self._note(call, "maintenance-window.remove", "maintenance_window", identifier)

    async def _visible(
        self,
        call: Call,
        identifier: str,
        find: Callable[[AsyncConnection, str], Awaitable[OwnedT | None]],
        missing: Callable[[str], Fault],
    ) -> OwnedT:
        """What has that id, if the caller may see it."""
        call.require(Permission.NOTIFICATIONS_READ)
        named = rules.may_name(identifier)
        async with self._database.read() as connection:
            found = await find(connection, identifier) if named else None
        if found is None or not NOTIFICATIONS.sees(call, _labels(found)):
            raise missing(identifier)
        return found

    async def _changeable(self, call: Call, identifier: str) -> Channel:
        found = await self.channel(call, identifier)
        NOTIFICATIONS.require_change(call, _labels(found))
        return found

    async def _changeable_window(self, call: Call, identifier: str) -> Window:
        found = await self.window(call, identifier)
        NOTIFICATIONS.require_change(call, _labels(found))
        return found

    def _meant(self, known: Channel, fresh: Config) -> Config:
        try:
            old = opened_config(self._senders.sealer, known)
        except SealBroken:
            return fresh
        before, seen, now = (
            old.model_dump(exclude_none=True),
            old.shown(),
            fresh.model_dump(exclude_none=True),
        )
        if isinstance(old, WebhookConfig) and isinstance(fresh, WebhookConfig):
            if origin(old.url) != origin(fresh.url):
                # The secrets in the headers are for the old receiver, and not for any other.
                seen.pop("headers", None)
            # Without a secret the old one is meant: a new one would silently break the receiver.
            now.setdefault("secret", seen.get("secret"))
        meant = rules.unmasked(now, before, seen)
        return type(fresh).model_construct(**meant)

    async def _check(self, wanted: NewChannel, config: Config) -> None:
        refuse_masks(config.model_dump(exclude_none=True))
        if isinstance(wanted, NewEmail) and self._senders.smtp.host is None:
            raise InvalidFields.one(
                "type",
                zh="未配置邮件服务器，请设置 EULERMAKER_SMTP__HOST",
                en="There is no mail server; set EULERMAKER_SMTP__HOST",
            )
        if isinstance(wanted, NewApprise):
            urls = config.model_dump()["urls"]
            at = await self._senders.apprise.bad_url(urls)
            if at is not None:
                raise InvalidFields.one(
                    f"config.urls.{at}",
                    zh="apprise 不支持这个地址",
                    en="Apprise does not understand this address",
                )

    def _channel(
        self, identifier: str, wanted: NewChannel, config: Config, *, owner: str, call: Call, made: datetime
    ) -> Channel:
        return Channel(
            id=identifier,
            tenant_id=call.principal.tenant,
            owner_id=owner,
            name=wanted.name,
            type=wanted.type,
            scope=wanted.scope,
            enabled=wanted.enabled,
            unconfined=call.principal.may(Permission.CONTAINERS_UNCONFINED),
            min_severity=wanted.min_severity,
            events=tuple(dict.fromkeys(wanted.events)),
            selector=wanted.selector,
            language=wanted.language or call.language,
            config=sealed_config(self._senders.sealer, identifier, config),
            created_at=made,
            updated_at=self._clock(),
        )

    async def _note(self, call: Call, action: str, kind: str, identifier: str, **details: Any) -> None:
        await self._audit.record(call, action, resource_type=kind, resource_id=identifier, **details)


def _message(told: Announcement, channel: Channel) -> Message:
    return Message(
        id=rules.key_of(told.id, channel.id),
        topic=TOPIC,
        target=channel.id,
        subject=told.about,
        tenant_id=channel.tenant_id,
        owner_id=channel.owner_id,
        payload={"event": f"alert.{told.kind}", "timestamp": rfc3339(told.at), **told.facts},
        created_at=told.at,
    )


def _with_secret(config: Config) -> tuple[Config, str | None]:
    """The configuration with a secret drawn where a webhook has none, and that secret."""
    if not isinstance(config, WebhookConfig) or config.secret is not None:
        return config, None
    # 256 bits in the alphabet of base64, as the prefix promises.
    secret = SECRET_PREFIX + new_secret().replace("-", "+").replace("_", "/") + "="
    return config.model_copy(update={"secret": secret}), secret


def _require_scope(call: Call, scope: Scope) -> None:
    if scope == "tenant":
        call.require(Permission.NOTIFICATIONS_WRITE_ALL)


def _only(call: Call) -> str | None:
    """Whose things the caller sees; None for everybody's."""
    return None if call.principal.may(Permission.NOTIFICATIONS_READ_ALL) else call.principal.user


def _bound(call: Call) -> tuple[int, str | None]:
    """How many channels, or windows, there may be, and whose are counted; None for everybody's."""
    if call.principal.may(Permission.NOTIFICATIONS_WRITE_ALL):
        return MAX_IN_TENANT, None
    return MAX_OWN, call.principal.user


async def _channel_of(connection: AsyncConnection, identifier: str) -> Channel | None:
    return await NotificationStore(connection).channel(identifier)


async def _window_of(connection: AsyncConnection, identifier: str) -> Window | None:
    return await NotificationStore(connection).window(identifier)


async def _posted_of(connection: AsyncConnection, identifier: str) -> Posted | None:
    return await OutboxStore(connection).get(identifier)


def _no_channel(identifier: str) -> Fault:
    return CHANNEL_NOT_FOUND(channel=identifier, details=_about("channel", identifier))


def _no_window(identifier: str) -> Fault:
    return WINDOW_NOT_FOUND(window=identifier, details=_about("maintenance_window", identifier))


def _no_delivery(identifier: str) -> Fault:
    return DELIVERY_NOT_FOUND(delivery=identifier, details=_about("delivery", identifier))


def _labels(owned: Channel | Window | Posted) -> dict[str, str]:
    of = owned.message if isinstance(owned, Posted) else owned
    return {OWNER: of.owner_id, TENANT: of.tenant_id}


def _fields(wanted: NewWindow) -> dict[str, Any]:
    return {name: getattr(wanted, name) for name in NewWindow.model_fields}


def _about(kind: str, identifier: str) -> dict[str, str]:
    return {f"{kind}_id": identifier, "resource_type": kind}
