"""Pulls of images: one at a time for each image, told to any number of watchers.

They live in this process: a restart of the server ends them, as the engine ends a pull with its
connection.
"""

from collections import OrderedDict
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import anyio
import structlog
from anyio.abc import TaskGroup

from eulermaker.engines.images import PULL_BROKE, Images, PullStep
from eulermaker.features.images.faults import PULL_ENDED, PULL_NOT_FOUND, TOO_MANY_PULLS
from eulermaker.formats.image_reference import ImageReference
from eulermaker.kernel.clock import Clock
from eulermaker.kernel.faults import SHUTTING_DOWN, Fault
from eulermaker.kernel.ids import new_id

log = structlog.get_logger("eulermaker.images")

MAX_RUNNING = 10
MAX_KEPT = 200
MAX_LAYERS = 512
CANCEL_SECONDS = 10.0
#: Watchers see at most ten states a second; what lies between is in the next one.
WATCH_SECONDS = 0.1


class PullState(StrEnum):
    """Where a pull stands."""

    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(slots=True)
class Layer:
    """How far a layer's download is, in bytes; `total` is 0 until it is known."""

    status: str = ""
    current: int = 0
    total: int = 0


@dataclass(slots=True, eq=False)
class Pull:
    """One pull and how far it is."""

    id: str
    reference: ImageReference
    created_at: datetime
    state: PullState = PullState.RUNNING
    status: str = ""
    layers: dict[str, Layer] = field(default_factory=dict)
    finished_at: datetime | None = None
    image_id: str | None = None
    fault: Fault | None = None
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    #: Set, and replaced, with every change.
    changed: anyio.Event = field(default_factory=anyio.Event)

    @property
    def running(self) -> bool:
        """Whether it goes on."""
        return self.state is PullState.RUNNING

    def note(self, step: PullStep) -> None:
        """Take in what the engine tells."""
        if step.layer is None:
            self.status = step.status
        elif step.layer in self.layers or len(self.layers) < MAX_LAYERS:
            layer = self.layers.setdefault(step.layer, Layer())
            layer.status = step.status
            # While a layer is unpacked, the engine counts something else under the same names.
            if step.status == "Downloading" and step.current is not None:
                layer.current, layer.total = step.current, step.total or layer.total
            elif step.status in ("Download complete", "Pull complete"):
                layer.current = layer.total
        self.ring()

    def ring(self) -> None:
        """Wake whoever waits for a change."""
        changed, self.changed = self.changed, anyio.Event()
        changed.set()

    async def end(self) -> None:
        """Return when the pull has ended."""
        while self.running:
            await self.changed.wait()


class Pulls:
    """The pulls of one engine."""

    def __init__(self, engine: Images, *, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._group: TaskGroup | None = None
        self._running: dict[str, Pull] = {}
        self._pulls: OrderedDict[str, Pull] = OrderedDict()

    async def run(self) -> None:
        """Service: own the pulls for as long as the server runs."""
        async with anyio.create_task_group() as group:
            self._group = group
            await anyio.sleep_forever()

    def start(self, reference: ImageReference) -> Pull:
        """The pull of that image: the one that runs, else a new one; raises `too-many-image-pulls`."""
        running = self._running.get(str(reference))
        if running is not None:
            return running
        if self._group is None:
            raise SHUTTING_DOWN()
        if len(self._running) >= MAX_RUNNING:
            raise TOO_MANY_PULLS(limit=MAX_RUNNING)
        pull = Pull(new_id("pull"), reference, self._clock())
        self._running[str(reference)] = self._pulls[pull.id] = pull
        self._forget_old()
        self._group.start_soon(self._follow, pull, name=pull.id)
        return pull

    def get(self, pull: str) -> Pull:
        """The pull; raises `image-pull-not-found`, also for those that ended long ago."""
        found = self._pulls.get(pull)
        if found is None:
            raise PULL_NOT_FOUND(pull=pull, details={"pull_id": pull, "resource_type": "image_pull"})
        return found

    def newest_first(self) -> Sequence[Pull]:
        """The pulls that run, and those that ended lately."""
        return list(reversed(self._pulls.values()))

    async def cancel(self, pull: Pull) -> None:
        """End a pull for everybody who waits for it; raises `image-pull-ended`, except for cancelled ones."""
        if pull.running:
            pull.scope.cancel()
            with anyio.move_on_after(CANCEL_SECONDS):
                await pull.end()
        elif pull.state is not PullState.CANCELLED:
            details = {"pull_id": pull.id, "resource_type": "image_pull", "state": pull.state.value}
            raise PULL_ENDED(state=pull.state.value, details=details)

    async def watch(self, pull: Pull) -> AsyncGenerator[Pull, None]:
        """The pull now and after changes, until it has ended; slow watchers miss states, not the last."""
        while True:
            changed = pull.changed
            yield pull
            if not pull.running:
                return
            await changed.wait()
            await anyio.sleep(WATCH_SECONDS)

    async def _follow(self, pull: Pull) -> None:
        try:
            with pull.scope:
                pull.image_id = await self._pulled(pull)
                pull.state = PullState.SUCCESS
            if pull.scope.cancelled_caught:
                pull.state = PullState.CANCELLED
        except Fault as fault:
            pull.fault, pull.state = fault, PullState.FAILED
        pull.finished_at = self._clock()
        del self._running[str(pull.reference)]
        pull.ring()
        why = repr(pull.fault.__cause__) if pull.fault else None
        log.info("image.pull_ended", pull=pull.id, image=str(pull.reference), state=pull.state, cause=why)

    async def _pulled(self, pull: Pull) -> str:
        reference = str(pull.reference)
        async with aclosing(self._engine.pull(reference)) as steps:
            async for step in steps:
                pull.note(step)
        found = await self._engine.get(reference)
        if found is None:
            raise PULL_BROKE(image=reference, details={"image": reference, "resource_type": "image"})
        return found.id

    def _forget_old(self) -> None:
        for old in [pull for pull in self._pulls.values() if not pull.running][:-MAX_KEPT]:
            del self._pulls[old.id]
