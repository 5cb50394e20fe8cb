"""The view of the images under an engine that tells of some changes and keeps others to itself."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import cast

import anyio
import pytest

from eulermaker.engines.containers import EngineEvent
from eulermaker.engines.images import HistoryStep, Images, InspectedImage, ListedImage
from eulermaker.engines.port import ENGINE_REFUSED, ENGINE_UNAVAILABLE
from eulermaker.features.images import view as view_module
from eulermaker.features.images.view import ImageView
from eulermaker.features.live.changes import Change
from eulermaker.features.live.pump import Pump
from eulermaker.kernel.clock import utc_now
from eulermaker.kernel.faults import Fault

pytestmark = pytest.mark.anyio

BORN = datetime(2026, 11, 20, tzinfo=UTC)
FIRST, SECOND = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"


class ReticentEngine:
    """An engine whose images change, with an event or without."""

    def __init__(self) -> None:
        self.images: dict[str, tuple[str, ...]] = {FIRST: ("first:latest",)}
        self.lists = self.inspections = 0
        self.refuses = False
        self._untold: list[EngineEvent] = []
        self._broken = False

    async def list(self) -> Sequence[ListedImage]:
        self.lists += 1
        if self.refuses:
            raise ENGINE_REFUSED()
        return [ListedImage(one, tags, (), 1, BORN, {}) for one, tags in self.images.items()]

    async def get(self, reference: str) -> InspectedImage | None:
        self.inspections += 1
        tags = self.images.get(reference)
        return None if tags is None else InspectedImage(reference, tags, (), 1, BORN, {}, "", "", "", "", ())

    async def history(self, reference: str) -> Sequence[HistoryStep]:
        return []

    async def events(self, *, since_ns: int | None) -> AsyncGenerator[EngineEvent | None, None]:
        yield None
        while not self._broken:
            while self._untold:
                yield self._untold.pop(0)
            await anyio.sleep(0.01)
        raise ENGINE_UNAVAILABLE()

    def tell(self, action: str, image: str, name: str) -> None:
        """Send an event."""
        self._untold.append(EngineEvent("image", action, image, {"name": name}, 1))

    def break_off(self) -> None:
        """End the stream of events."""
        self._broken = True


@asynccontextmanager
async def following(engine: ReticentEngine) -> AsyncIterator[tuple[ImageView, list[Change]]]:
    """A view that follows the engine, and what it has told."""
    changes: list[Change] = []
    view = ImageView(cast(Images, engine), changes.append, clock=utc_now)
    pump = Pump(engine, (view,), changes.append, clock=utc_now)
    async with anyio.create_task_group() as group:
        group.start_soon(pump.run)
        await until(lambda: view.connected or engine.refuses)
        yield view, changes
        group.cancel_scope.cancel()


async def until(holds: Callable[[], object]) -> None:
    """Wait until it holds."""
    with anyio.fail_after(10):
        while not holds():  # noqa: ASYNC110  # what it asks has no event
            await anyio.sleep(0.01)


async def until_shown(view: ImageView, images: Mapping[str, tuple[str, ...]]) -> None:
    """Wait until the view shows these."""
    with anyio.fail_after(10):
        while await shown(view) != images:  # noqa: ASYNC110  # to ask is what is tested
            await anyio.sleep(0.01)


async def shown(view: ImageView) -> dict[str, tuple[str, ...]]:
    """The images as the view tells them."""
    return {image.id: image.tags for image in await view.newest_first()}


async def test_what_no_event_tells_is_shown_before_people_notice() -> None:
    engine = ReticentEngine()
    async with following(engine) as (view, changes):
        assert await shown(view) == engine.images
        engine.images = {FIRST: (), SECOND: ("first:latest",)}
        await until_shown(view, engine.images)
        # It is told as found out: nobody lost anything, so there is no gap.
        await until(lambda: len(changes) == 2)
    assert {(change.action, change.subject, change.origin) for change in changes} == {
        ("tag", FIRST, "resync"),
        ("create", SECOND, "resync"),
    }


async def test_an_event_is_told_once_and_asks_for_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    # Without an event, nothing would be asked for.
    monkeypatch.setattr(view_module, "FRESH_SECONDS", 3600.0)
    engine = ReticentEngine()
    async with following(engine) as (view, changes):
        engine.images = {FIRST: ("first:latest", "second:latest")}
        assert await shown(view) == {FIRST: ("first:latest",)}
        engine.tell("tag", FIRST, "second:latest")
        await until_shown(view, engine.images)
        await anyio.sleep(0.6)
    assert [(change.action, change.name, change.origin) for change in changes] == [
        ("tag", "second:latest", "event")
    ]


async def test_an_image_is_described_from_memory_until_it_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view_module, "FRESH_SECONDS", 3600.0)
    engine = ReticentEngine()
    async with following(engine) as (view, _):
        for reference in (FIRST, "first", "first:latest", "a" * 12, FIRST[:20]):
            described = await view.describe(reference)
            assert described is not None
            assert described[0].id == FIRST
        assert engine.inspections == 1
        engine.images[FIRST] = ("other:latest",)
        await view.compare()
        described = await view.describe(FIRST)
        assert described is not None
        assert described[0].tags == ("other:latest",)
        assert await view.describe("first") is None


async def test_many_who_ask_at_once_cost_one_question() -> None:
    engine = ReticentEngine()
    async with following(engine) as (view, _):
        await anyio.sleep(view_module.FRESH_SECONDS)
        before = engine.lists
        async with anyio.create_task_group() as group:
            for _ in range(50):
                group.start_soon(view.newest_first)
        assert engine.lists <= before + 2


async def test_an_engine_that_goes_away_is_told_and_not_an_old_list() -> None:
    engine = ReticentEngine()
    async with following(engine) as (view, _):
        engine.break_off()
        await until(lambda: not view.connected)
        with pytest.raises(Fault) as refused:
            await view.newest_first()
        assert refused.value.entry is ENGINE_UNAVAILABLE


async def test_an_engine_that_lists_no_images_says_so_of_them_alone() -> None:
    engine = ReticentEngine()
    engine.refuses = True
    async with following(engine) as (view, _):
        await anyio.sleep(0.2)
        assert not view.connected
