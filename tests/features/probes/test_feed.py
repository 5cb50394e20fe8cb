"""Followers: each is told what it wants, and a slow one how much it has missed."""

import json
from datetime import UTC, datetime
from typing import cast

import anyio
import pytest
from starlette.websockets import WebSocket

from eulermaker.features.alerts.schemas import Event
from eulermaker.features.probes.checks.verdict import Status
from eulermaker.features.probes.feed import BACKLOG, Feed, News
from eulermaker.features.probes.packing import Result
from eulermaker.features.probes.sockets import TRY_AGAIN_LATER, tell
from eulermaker.features.probes.store import Probe
from eulermaker.kernel.followers import Followers


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
    with feed.follow(lambda one: one.probe.number == 2) as follower:
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
    assert not feed


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


class Socket:
    """A socket that takes what it is sent."""

    def __init__(self) -> None:
        self.frames: list[str] = []
        self.closed: int | None = None

    async def send_text(self, frame: str) -> None:
        """Take a frame."""
        self.frames.append(frame)

    async def close(self, code: int, reason: str) -> None:
        """Be closed."""
        self.closed = code


class StalledSocket(Socket):
    """A socket whose client reads nothing: whatever it is sent never leaves."""

    async def send_text(self, frame: str) -> None:
        """Wait for ever."""
        await anyio.sleep_forever()

    async def close(self, code: int, reason: str) -> None:
        """Wait for ever, after the code is noted."""
        self.closed = code
        await anyio.sleep_forever()


@pytest.mark.anyio
async def test_a_stalled_socket_costs_nobody_else_anything_and_is_let_go() -> None:
    feed: Feed = Feed()
    alerts: Followers[Event] = Followers(lambda event: "", backlog=1)
    stalled, polite = StalledSocket(), Socket()
    left = anyio.Event()

    async def follow(socket: Socket) -> None:
        with feed.follow(lambda one: True) as follower, alerts.follow(lambda one: True) as listener:
            await tell(cast("WebSocket", socket), follower, listener, patience=0.2)
        left.set()

    async with anyio.create_task_group() as group:
        for socket in (stalled, polite):
            group.start_soon(follow, socket)
        await anyio.wait_all_tasks_blocked()
        for at in range(50):
            feed.tell([news(1, at)])
            await anyio.wait_all_tasks_blocked()
            assert len(polite.frames) == at + 1, "told at once, whoever else is stalled"
        with anyio.fail_after(60):
            await left.wait()
        assert len(feed) == 1
        assert stalled.closed == TRY_AGAIN_LATER
        assert polite.closed is None
        group.cancel_scope.cancel()
