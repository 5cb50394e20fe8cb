"""Who hears of what, when nobody does, and what a mask stands for."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from eulermaker.features.notifications.rules import (
    Channel,
    Window,
    active_until,
    hears,
    key_of,
    silent_until,
    unmasked,
)
from eulermaker.features.notifications.schemas import Announcement, Weekly
from eulermaker.kernel.sealing import MASK

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)  # a Wednesday
CHANNEL = Channel(
    id="channel_1",
    tenant_id="tenant",
    owner_id="me",
    name="a",
    type="webhook",
    scope="own",
    enabled=True,
    unconfined=False,
    min_severity="warning",
    events=("firing", "resolved"),
    selector={"team": "a"},
    language="en",
    config="",
    created_at=NOW,
    updated_at=NOW,
)
TOLD = Announcement(
    id="probe_1.1",
    kind="firing",
    about="probe_1",
    tenant_id="tenant",
    owner_id="me",
    severity="warning",
    labels={"team": "a", "more": "b"},
    at=NOW,
    facts={},
)
WINDOW = Window(
    id="window_1",
    tenant_id="tenant",
    owner_id="me",
    name="w",
    scope="own",
    selector={},
    starts_at=NOW,
    ends_at=NOW + timedelta(hours=1),
    weekly=None,
    created_at=NOW,
)


def test_a_channel_hears_what_it_is_for() -> None:
    assert hears(CHANNEL, TOLD)


@pytest.mark.parametrize(
    ("channel", "announcement"),
    [
        ({"enabled": False}, {}),
        ({"min_severity": "critical"}, {}),
        ({}, {"severity": "info"}),
        ({}, {"kind": "flapping"}),
        ({}, {"labels": {"team": "b"}}),
        ({}, {"labels": {}}),
        ({}, {"owner_id": "somebody"}),
        ({}, {"tenant_id": "another"}),
        ({"scope": "tenant"}, {"tenant_id": "another"}),
    ],
)
def test_a_channel_does_not_hear_anything_else(channel: dict[str, Any], announcement: dict[str, Any]) -> None:
    assert not hears(replace(CHANNEL, **channel), replace(TOLD, **announcement))


def test_a_channel_of_the_tenant_hears_of_everybodys_probes() -> None:
    assert hears(replace(CHANNEL, scope="tenant"), replace(TOLD, owner_id="somebody"))


def test_the_key_is_that_of_the_announcement_and_the_channel() -> None:
    assert key_of("probe_1.1", "channel_1") == key_of("probe_1.1", "channel_1")
    assert len({key_of(one, other) for one in ("p.1", "p.2") for other in ("c", "d")}) == 4
    assert len(key_of("a", "b")) <= 64


def test_a_window_is_on_from_its_start_to_before_its_end() -> None:
    assert active_until(WINDOW, NOW - timedelta(microseconds=1)) is None
    assert active_until(WINDOW, NOW) == WINDOW.ends_at
    assert active_until(WINDOW, NOW + timedelta(hours=1)) is None


@pytest.mark.parametrize(
    ("moment", "until"),
    [
        ("2026-03-04T01:59:59+08:00", None),
        ("2026-03-04T02:00:00+08:00", "2026-03-04T03:30:00+08:00"),
        ("2026-03-04T03:29:59+08:00", "2026-03-04T03:30:00+08:00"),
        ("2026-03-04T03:30:00+08:00", None),
        ("2026-03-05T02:30:00+08:00", None),
    ],
)
def test_a_weekly_window_follows_the_clock_of_its_zone(moment: str, until: str | None) -> None:
    weekly = Weekly(days=[3], start="02:00", duration_minutes=90, timezone="Asia/Shanghai")
    window = replace(WINDOW, starts_at=None, ends_at=None, weekly=weekly)
    expected = None if until is None else datetime.fromisoformat(until)
    assert active_until(window, datetime.fromisoformat(moment)) == expected


def test_a_weekly_window_goes_on_past_midnight_and_past_the_week() -> None:
    late = Weekly(days=[7], start="23:00", duration_minutes=120)
    window = replace(WINDOW, starts_at=None, ends_at=None, weekly=late)
    monday = datetime(2026, 3, 9, 0, 30, tzinfo=UTC)
    assert active_until(window, monday) == datetime(2026, 3, 9, 1, tzinfo=UTC)
    whole = replace(window, weekly=Weekly(days=[1], start="00:00", duration_minutes=7 * 24 * 60))
    assert active_until(whole, NOW) == datetime(2026, 3, 9, tzinfo=UTC)


def test_a_weekly_window_over_the_change_to_summer_time_is_as_long_as_any_other() -> None:
    weekly = Weekly(days=[7], start="01:30", duration_minutes=120, timezone="Europe/Berlin")
    window = replace(WINDOW, starts_at=None, ends_at=None, weekly=weekly)
    # At 02:00 on 29 March 2026 the clocks there go to 03:00.
    begin = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
    assert active_until(window, begin) == begin + timedelta(hours=2)
    assert active_until(window, begin + timedelta(hours=2)) is None


def test_a_weekly_window_ends_with_its_series() -> None:
    weekly = Weekly(days=[3], start="11:30", duration_minutes=600)
    window = replace(WINDOW, weekly=weekly)
    assert active_until(window, NOW) == WINDOW.ends_at
    assert active_until(window, NOW + timedelta(hours=2)) is None


def test_silence_lasts_until_the_last_window_that_is_meant() -> None:
    longer = replace(WINDOW, ends_at=NOW + timedelta(hours=3), selector={"team": "a"})
    others = replace(WINDOW, ends_at=NOW + timedelta(hours=9), owner_id="somebody")

    def until(labels: dict[str, str], owner: str = "me") -> datetime | None:
        return silent_until([WINDOW, longer, others], tenant="tenant", owner=owner, labels=labels, now=NOW)

    assert until({"team": "a"}) == longer.ends_at
    assert until({}) == WINDOW.ends_at
    assert until({}, owner="nobody") is None
    assert silent_until([WINDOW], tenant="another", owner="me", labels={}, now=NOW) is None


@pytest.mark.parametrize(
    ("fresh", "meant"),
    [
        ({"url": f"https://a/?t={MASK}"}, {"url": "https://a/?t=1"}),
        ({"url": "https://b/"}, {"url": "https://b/"}),
        ({"headers": {"X": MASK, "Y": "new"}}, {"headers": {"X": "x", "Y": "new"}}),
        ({"headers": {"Z": MASK}}, {"headers": {"Z": MASK}}),
        ({"urls": [MASK, "ntfy://b"]}, {"urls": ["tgram://a", "ntfy://b"]}),
        ({"urls": [MASK, MASK]}, {"urls": ["tgram://a", MASK]}),
    ],
)
def test_what_is_sent_back_as_it_was_shown_is_what_is_known(
    fresh: dict[str, Any], meant: dict[str, Any]
) -> None:
    known = {"url": "https://a/?t=1", "headers": {"X": "x"}, "urls": ["tgram://a"]}
    shown = {"url": f"https://a/?t={MASK}", "headers": {"X": MASK}, "urls": [MASK]}
    assert unmasked(fresh, known, shown) == meant
