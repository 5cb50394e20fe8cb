"""Who hears of what, and when nobody does: pure decisions."""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from eulermaker.features.notifications.schemas import (
    SEVERITIES,
    Announcement,
    ChannelType,
    EventKind,
    Scope,
    Severity,
    Weekly,
)
from eulermaker.kernel.faults import Language

_NAME = re.compile(r"[a-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Channel:
    """A way to people; `config` is sealed. `unconfined`: it may lead to this host's own services."""

    id: str
    tenant_id: str
    owner_id: str
    name: str
    type: ChannelType
    scope: Scope
    enabled: bool
    unconfined: bool
    min_severity: Severity
    events: Sequence[EventKind]
    selector: Mapping[str, str]
    language: Language
    config: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Window:
    """A time in which alerts are recorded and not told."""

    id: str
    tenant_id: str
    owner_id: str
    name: str
    scope: Scope
    selector: Mapping[str, str]
    starts_at: datetime | None
    ends_at: datetime | None
    weekly: Weekly | None
    created_at: datetime


def may_name(text: str) -> bool:
    """Whether there can be something of that id or address; what a database could not take is none."""
    return _NAME.fullmatch(text) is not None


def selects(selector: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    """Whether the labels have every pair of the selector; an empty one selects everything."""
    return all(labels.get(name) == value for name, value in selector.items())


def hears(channel: Channel, told: Announcement) -> bool:
    """Whether the announcement goes through the channel."""
    return (
        channel.enabled
        and _in_scope(channel.scope, channel.tenant_id, channel.owner_id, told.tenant_id, told.owner_id)
        and told.kind in channel.events
        and SEVERITIES.index(told.severity) >= SEVERITIES.index(channel.min_severity)
        and selects(channel.selector, told.labels)
    )


def key_of(announcement: str, channel: str) -> str:
    """The idempotency key of an announcement through a channel: the same whoever works it out."""
    both = f"{announcement}\n{channel}"
    return f"delivery_{hashlib.sha256(both.encode()).hexdigest()[:32]}"


def silent_until(
    windows: Iterable[Window], *, tenant: str, owner: str, labels: Mapping[str, str], now: datetime
) -> datetime | None:
    """Until when nobody is told of something with these labels; None when people are told now."""
    ends = [
        end
        for window in windows
        if _in_scope(window.scope, window.tenant_id, window.owner_id, tenant, owner)
        and selects(window.selector, labels)
        and (end := active_until(window, now)) is not None
    ]
    return max(ends, default=None)


def active_until(window: Window, now: datetime) -> datetime | None:
    """When the window that is on now ends; None when it is not on."""
    if window.starts_at is not None and now < window.starts_at:
        return None
    if window.ends_at is not None and now >= window.ends_at:
        return None
    if window.weekly is None:
        return window.ends_at
    end = _weekly_end(window.weekly, now)
    return end if end is None or window.ends_at is None else min(end, window.ends_at)


def _weekly_end(weekly: Weekly, now: datetime) -> datetime | None:
    """The latest end of the weekly times that `now` lies in.

    Times are those of the clock on the wall; a duration is one of real time, so that a window over
    a change to summer time is as long as any other.
    """
    zone = ZoneInfo(weekly.timezone)
    start = time.fromisoformat(weekly.start)
    length = timedelta(minutes=weekly.duration_minutes)
    today = now.astimezone(zone).date()
    begins = [
        datetime.combine(today - timedelta(days=ago), start, tzinfo=zone).astimezone(UTC)
        for ago in range(8)
        if (today - timedelta(days=ago)).isoweekday() in weekly.days
    ]
    return max((begin + length for begin in begins if begin <= now < begin + length), default=None)


def unmasked(fresh: Any, known: Any, shown: Any) -> Any:
    """The configuration that a client means: what it sends as it was shown stands for what is known."""
    if fresh == shown and known is not None:
        return known
    match fresh, known:
        case dict(), dict():
            told = shown if isinstance(shown, dict) else {}
            return {key: unmasked(value, known.get(key), told.get(key)) for key, value in fresh.items()}
        case list(), list():
            seen = shown if isinstance(shown, list) else []
            return [
                unmasked(value, known[at], seen[at]) if at < min(len(known), len(seen)) else value
                for at, value in enumerate(fresh)
            ]
        case _:
            return fresh


def _in_scope(scope: Scope, tenant: str, owner: str, other_tenant: str, other_owner: str) -> bool:
    return tenant == other_tenant and (scope == "tenant" or owner == other_owner)
