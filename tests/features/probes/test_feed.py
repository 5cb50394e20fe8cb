"""Followers: each is told what it wants, and a slow one how much it has missed."""

import json
from datetime import UTC, datetime

from eulermaker.features.probes.checks.verdict import Status
from eulermaker.features.probes.feed import BACKLOG, Feed, News
from eulermaker.features.probes.packing import Result
from eulermaker.features.probes.store import Probe


def probe(number: int) -> Probe:
    """A probe without anything special."""
    now = datetime(2026, 11, 20, tzinfo=UTC)
    return Probe(
        id=f"probe_{number:012x}",
        tenant_id="tenant_default",
        owner_id="user_1",
        name=f"watch-{number}",
        probe_type="http",
        container="0123456789abcdef",
        labels={},
        config={},
        secrets=None,
        sees_all=False,
        unconfined=False,
        remedy=None,
        severity="warning",
        enabled=True,
        created_at=now,
        updated_at=now,
        state_since=now,
        number=number,
    )


def news(number: int, at: int) -> News:
    """A failure of that probe."""
    return News(probe(number), Result(at, Status.FAILURE, 50_000, '{"error":"timeout"}'), "failure")


def test_a_frame_is_as_documented() -> None:
    feed = Feed()
    with feed.follow(lambda one: one.number == 2) as follower:
        feed.tell([news(1, 1_795_000_000_000), news(2, 1_795_000_000_123)])
        [frame] = follower.take()
    assert json.loads(frame) == {
        "type": "probe_result",
        "probe_id": "probe_000000000002",
        "container_id": "container_0123456789ab",
        "name": "watch-2",
        "status": "failure",
        "timestamp": "2026-11-18T11:06:40.123Z",
        "response_time": 5000.0,
        "state": "failure",
        "details": {"error": "timeout"},
    }
    assert feed.followers == 0


def test_a_slow_follower_is_told_its_gap_and_the_others_miss_nothing() -> None:
    feed, count = Feed(), BACKLOG + 10
    with feed.follow(lambda one: True) as slow, feed.follow(lambda one: True) as quick:
        heard = 0
        for at in range(count):
            feed.tell([news(1, at)])
            heard += len(quick.take())
        frames = [json.loads(frame) for frame in slow.take()]
    assert heard == count
    assert frames[0] == {"type": "gap", "missed": BACKLOG}
    assert len(frames) == 11
    assert slow.take() == []
