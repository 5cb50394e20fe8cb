"""Notifications: channels, what goes through them, the times of silence, and what the public sees."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from eulermaker.client.models import Record, parse
from eulermaker.client.transport import Transport
from eulermaker.client.wire import Call, given, segment


class Channel(Record):
    """A way to reach people; secrets in its configuration are masks."""

    id: str
    name: str
    type: str
    enabled: bool = True
    scope: str = "own"
    min_severity: str = "info"
    events: tuple[str, ...] = ()
    selector: Mapping[str, str] = {}
    language: str | None = None
    config: Mapping[str, Any] = {}


class ChannelPage(Record):
    channels: tuple[Channel, ...]
    total: int
    limit: int
    offset: int


class ChannelTest(Record):
    """What came of a test message; `response_time` in seconds."""

    delivered: bool
    reason: str | None = None
    message: str | None = None
    response_time: float


class Delivery(Record):
    """One message to one channel; its id is the idempotency key of every attempt."""

    id: str
    channel_id: str
    subject: str
    event: str
    status: str
    attempts: int
    next_attempt_at: datetime | None = None
    reason: str | None = None
    error: str | None = None
    created_at: datetime
    finished_at: datetime | None = None
    payload: Mapping[str, Any] = {}


class DeliveryPage(Record):
    deliveries: tuple[Delivery, ...]
    total: int
    limit: int
    offset: int


class Window(Record):
    """A maintenance window, in which alerts are recorded and nobody is told."""

    id: str
    name: str
    scope: str = "own"
    selector: Mapping[str, str] = {}
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    weekly: Mapping[str, Any] | None = None
    active_until: datetime | None = None


class WindowPage(Record):
    maintenance_windows: tuple[Window, ...]
    total: int
    limit: int
    offset: int


class StatusPage(Record):
    """What everybody may see at `/status/{slug}`."""

    id: str
    slug: str
    title: str
    selector: Mapping[str, str] = {}
    scope: str = "own"
    enabled: bool = True


class StatusPagePage(Record):
    status_pages: tuple[StatusPage, ...]
    total: int
    limit: int
    offset: int


_CHANGEABLE = ("name", "type", "enabled", "scope", "min_severity", "events", "selector", "language", "config")


class Channels:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def add(
        self,
        name: str,
        channel_type: str,
        config: Mapping[str, Any],
        *,
        enabled: bool = True,
        scope: str | None = None,
        min_severity: str | None = None,
        events: Sequence[str] | None = None,
        selector: Mapping[str, str] | None = None,
        language: str | None = None,
    ) -> Channel:
        """Makes a channel; a webhook's secret that is drawn for it is told in this answer alone."""
        body = {
            "name": name,
            "type": channel_type,
            "config": dict(config),
            "enabled": enabled,
            "scope": scope,
            "min_severity": min_severity,
            "events": None if events is None else list(events),
            "selector": None if selector is None else dict(selector),
            "language": language,
        }
        call = Call(method="POST", path=_path("channels"), json=given(body))
        return parse(Channel, self._transport.data(call))

    def list(self, *, limit: int = 20, offset: int = 0) -> ChannelPage:
        """One page of channels, by name."""
        return parse(ChannelPage, self._transport.data(_page("channels", limit, offset)))

    def get(self, channel: str) -> Channel:
        """One channel."""
        call = Call(method="GET", path=_path("channels", channel))
        return parse(Channel, self._transport.data(call))

    def change(self, channel: str, **changes: Any) -> Channel:
        """Changes a channel; what is not given stays as it is, its secrets among it."""
        known = self.get(channel).model_dump(mode="json")
        body = {name: changes.get(name, known[name]) for name in _CHANGEABLE}
        call = Call(method="PUT", path=_path("channels", channel), json=given(body))
        return parse(Channel, self._transport.data(call))

    def test(self, channel: str) -> ChannelTest:
        """Sends a test message now and tells what came of it."""
        call = Call(method="POST", path=_path("channels", channel, "test"))
        return parse(ChannelTest, self._transport.data(call))

    def remove(self, channel: str) -> None:
        """Removes a channel; what waits for it is not sent any more."""
        self._transport.data(Call(method="DELETE", path=_path("channels", channel)))


class Deliveries:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(
        self, *, status: str | None = None, channel: str | None = None, limit: int = 20, offset: int = 0
    ) -> DeliveryPage:
        """One page of deliveries, the newest first; `dead` are those that were given up."""
        filters = given({"status": status, "channel_id": channel})
        return parse(DeliveryPage, self._transport.data(_page("deliveries", limit, offset, filters)))

    def get(self, delivery: str) -> Delivery:
        """One delivery, and why its last attempt failed."""
        call = Call(method="GET", path=_path("deliveries", delivery))
        return parse(Delivery, self._transport.data(call))

    def retry(self, delivery: str) -> Delivery:
        """Tries a dead delivery again, under its old key."""
        call = Call(method="POST", path=_path("deliveries", delivery, "retry"))
        return parse(Delivery, self._transport.data(call))


class Windows:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def add(
        self,
        name: str,
        *,
        starts_at: str | None = None,
        ends_at: str | None = None,
        weekly: Mapping[str, Any] | None = None,
        selector: Mapping[str, str] | None = None,
        scope: str | None = None,
    ) -> Window:
        """Makes a maintenance window: once between two times (RFC 3339), or every week."""
        body = {
            "name": name,
            "starts_at": starts_at,
            "ends_at": ends_at,
            "weekly": None if weekly is None else dict(weekly),
            "selector": None if selector is None else dict(selector),
            "scope": scope,
        }
        call = Call(method="POST", path=_path("maintenance-windows"), json=given(body))
        return parse(Window, self._transport.data(call))

    def list(self, *, limit: int = 20, offset: int = 0) -> WindowPage:
        """One page of maintenance windows, by name."""
        return parse(WindowPage, self._transport.data(_page("maintenance-windows", limit, offset)))

    def get(self, window: str) -> Window:
        """One maintenance window."""
        call = Call(method="GET", path=_path("maintenance-windows", window))
        return parse(Window, self._transport.data(call))

    def remove(self, window: str) -> None:
        """Removes a maintenance window; what it held back is told."""
        self._transport.data(Call(method="DELETE", path=_path("maintenance-windows", window)))


class StatusPages:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def add(
        self,
        slug: str,
        title: str,
        selector: Mapping[str, str],
        *,
        scope: str | None = None,
        enabled: bool = True,
    ) -> StatusPage:
        """Makes a page of the probes with those labels that everybody can see at `/status/{slug}`."""
        body = {
            "slug": slug,
            "title": title,
            "selector": dict(selector),
            "scope": scope,
            "enabled": enabled,
        }
        call = Call(method="POST", path=_path("status-pages"), json=given(body))
        return parse(StatusPage, self._transport.data(call))

    def list(self, *, limit: int = 20, offset: int = 0) -> StatusPagePage:
        """One page of status pages, by title."""
        return parse(StatusPagePage, self._transport.data(_page("status-pages", limit, offset)))

    def get(self, page: str) -> StatusPage:
        """One status page."""
        return parse(StatusPage, self._transport.data(Call(method="GET", path=_path("status-pages", page))))

    def remove(self, page: str) -> None:
        """Removes a status page."""
        self._transport.data(Call(method="DELETE", path=_path("status-pages", page)))


class Notifications:
    """Channels, deliveries, maintenance windows and status pages."""

    def __init__(self, transport: Transport) -> None:
        self.channels = Channels(transport)
        self.deliveries = Deliveries(transport)
        self.windows = Windows(transport)
        self.status_pages = StatusPages(transport)


def _path(*parts: str) -> str:
    return "/".join(("/notifications", *map(segment, parts)))


def _page(kind: str, limit: int, offset: int, filters: Mapping[str, str] | None = None) -> Call:
    params: dict[str, str | int] = {"limit": limit, "offset": offset, **(filters or {})}
    return Call(method="GET", path=_path(kind), params=params)
