"""The view under engines that answer late, forget events, and act between our questions."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

import anyio
import pytest

from eulermaker.engines.containers import Container, ContainerConfig, Containers, EngineEvent, Status
from eulermaker.engines.port import ENGINE_UNAVAILABLE
from eulermaker.features.containers.view import LiveView
from eulermaker.features.live.changes import Change
from eulermaker.features.live.pump import Pump
from eulermaker.kernel.clock import utc_now

pytestmark = pytest.mark.anyio

BORN = datetime(2026, 11, 20, tzinfo=UTC)
FIRST = "a" * 64


def one(status: Status, identifier: str = FIRST) -> Container:
    """A container in that state."""
    name = f"name-{identifier[0]}"
    return Container(identifier, name, "image", "sha256:1", status, BORN, config=ContainerConfig())


class TardyEngine:
    """An engine that can hold its answers back, and lose events on the way."""

    def __init__(self) -> None:
        self.containers: dict[str, Container] = {}
        self.held: list[anyio.Event] | None = None
        self.events_out: list[EngineEvent] = []
        self._more = anyio.Event()
        self.broken = anyio.Event()

    async def list(self) -> Sequence[Container]:
        return [replace(container, config=None) for container in self.containers.values()]

    async def get(self, reference: str) -> Container | None:
        seen = self.containers.get(reference)
        if self.held is not None:
            released = anyio.Event()
            self.held.append(released)
            await released.wait()
        return seen

    async def events(self, *, since_ns: int | None) -> AsyncGenerator[EngineEvent | None, None]:
        yield None
        told, broken = 0, self.broken
        while not broken.is_set():
            more = self._more
            while told < len(self.events_out):
                event = self.events_out[told]
                told += 1
                if since_ns is None or event.at_ns >= since_ns:
                    yield event
            await more.wait()
        raise ENGINE_UNAVAILABLE()

    def become(self, container: Container | None, action: str, at_ns: int, *, told: bool = True) -> None:
        """Change a container and tell of it, or not."""
        if container is None:
            self.containers.pop(FIRST, None)
        else:
            self.containers[container.id] = container
        if told:
            self.events_out.append(
                EngineEvent(
                    "container", action, container.id if container else FIRST, {"name": "name-a"}, at_ns
                )
            )
        self.wake()

    def wake(self) -> None:
        """Let the stream look again."""
        more, self._more = self._more, anyio.Event()
        more.set()

    def break_off(self, *, forget: bool) -> None:
        """End the stream; with `forget` as a restarted engine that knows no old events."""
        if forget:
            self.events_out = []
        broken, self.broken = self.broken, anyio.Event()
        broken.set()
        self.wake()


@asynccontextmanager
async def following(engine: TardyEngine, **options: Any) -> AsyncIterator[tuple[LiveView, list[Change]]]:
    """A view that follows the engine, and what it has told."""
    changes: list[Change] = []
    view = LiveView(cast(Containers, engine), changes.append, clock=utc_now)
    pump = Pump(engine, (view,), changes.append, clock=utc_now, **options)
    async with anyio.create_task_group() as group:
        group.start_soon(pump.run)
        await until(lambda: view.connected)
        yield view, changes
        group.cancel_scope.cancel()


async def until(holds: Any) -> None:
    """Wait until it holds."""
    with anyio.fail_after(10):
        while not holds():  # noqa: ASYNC110  # what it asks has no event
            await anyio.sleep(0.01)


def detailed(view: LiveView) -> bool:
    """Whether the first container is shown with its details."""
    found = view.find(FIRST)
    return found is not None and found.config is not None


def status(view: LiveView) -> Status | None:
    """How the first container is shown."""
    found = view.find(FIRST)
    return found.status if found else None


async def test_a_late_answer_never_replaces_a_newer_one() -> None:
    engine = TardyEngine()
    engine.containers[FIRST] = one(Status.CREATED)
    async with following(engine) as (view, _):
        await until(lambda: detailed(view))
        held: list[anyio.Event] = []
        engine.held = held
        engine.become(one(Status.RUNNING), "start", 1)
        await until(lambda: len(held) == 1)
        engine.become(one(Status.STOPPED), "die", 2, told=False)
        async with anyio.create_task_group() as group:
            # Somebody else looks as well, later, and is answered first.
            group.start_soon(view.refresh, FIRST)
            await until(lambda: len(held) == 2)
            engine.held = None
            held[1].set()
            await until(lambda: status(view) is Status.STOPPED)
        held[0].set()
        await anyio.sleep(0.1)
        assert status(view) is Status.STOPPED


async def test_a_late_answer_brings_nothing_back_that_is_gone() -> None:
    engine = TardyEngine()
    engine.containers[FIRST] = one(Status.CREATED)
    async with following(engine) as (view, _):
        held: list[anyio.Event] = []
        engine.held = held
        engine.become(one(Status.RUNNING), "start", 1)
        await until(lambda: held)
        engine.held = None
        engine.become(None, "destroy", 2)
        await until(lambda: status(view) is None)
        for released in held:
            released.set()
        await anyio.sleep(0.1)
        assert status(view) is None


async def test_what_we_did_is_assumed_only_while_nothing_newer_is_known() -> None:
    engine = TardyEngine()
    engine.containers[FIRST] = one(Status.CREATED)
    async with following(engine) as (view, _):
        await until(lambda: detailed(view))
        before = view.find(FIRST)
        assert before is not None
        view.assume(before, replace(before, status=Status.RUNNING))
        assert status(view) is Status.RUNNING
        # It ended before our own answer came: the event was quicker, and is right.
        engine.become(one(Status.STOPPED), "die", 1)
        await until(lambda: status(view) is Status.STOPPED)
        view.assume(before, replace(before, status=Status.RUNNING))
        assert status(view) is Status.STOPPED


async def test_an_engine_that_forgot_its_events_is_told_as_a_gap_at_once() -> None:
    engine = TardyEngine()
    async with following(engine) as (view, changes):
        engine.become(one(Status.RUNNING), "start", 1)
        await until(lambda: status(view) is Status.RUNNING)
        engine.become(one(Status.STOPPED), "die", 2, told=False)
        engine.break_off(forget=True)
        await until(lambda: len(changes) >= 3)
        assert [(change.action, change.origin) for change in changes] == [
            ("start", "event"),
            ("gap", "gap"),
            ("stopped", "resync"),
        ]
        assert status(view) is Status.STOPPED


async def test_a_stream_that_goes_on_where_it_broke_off_tells_all_and_no_gap() -> None:
    engine = TardyEngine()
    async with following(engine) as (view, changes):
        engine.become(one(Status.RUNNING), "start", 1)
        await until(lambda: changes)
        engine.break_off(forget=False)
        engine.become(one(Status.STOPPED), "die", 2)
        await until(lambda: status(view) is Status.STOPPED)
        await anyio.sleep(0.5)
        assert [(change.action, change.origin) for change in changes] == [
            ("start", "event"),
            ("die", "event"),
        ]


async def test_a_server_that_was_away_tells_what_it_missed() -> None:
    engine = TardyEngine()
    engine.become(one(Status.RUNNING), "start", 5)
    engine.become(one(Status.STOPPED), "die", 6)
    async with following(engine, since_ns=5) as (_, changes):
        await until(lambda: changes)
        assert [(change.action, change.at_ns) for change in changes] == [("die", 6)]
    async with following(engine, since_ns=4) as (_, changes):
        await until(lambda: len(changes) >= 3)
        assert [change.action for change in changes] == ["gap", "start", "die"]


async def test_containers_are_found_by_every_name_they_have() -> None:
    engine = TardyEngine()
    engine.containers = {FIRST: one(Status.CREATED), "ab" * 32: one(Status.CREATED, "ab" * 32)}
    async with following(engine) as (view, _):
        for reference in (FIRST, f"container_{FIRST[:12]}", FIRST[:12], FIRST[:3], "name-a"):
            found = view.find(reference)
            assert found is not None
        assert view.find("a") is None
        assert view.find("no-such") is None
        assert view.find("") is None
