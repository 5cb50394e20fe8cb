"""What `/ws/probes/notifications` tells: each result once it is stored, to all who follow."""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

import anyio
from pydantic_core import to_json

from eulermaker.features.probes.packing import Result, details_of
from eulermaker.features.probes.store import Probe
from eulermaker.features.probes.wording import moment, shown_container

#: Frames that wait for one follower; one that is slower than that misses some, and is told how many.
BACKLOG = 2000


class News(NamedTuple):
    """A result of a probe that was stored just now."""

    probe: Probe
    result: Result
    state: str


@dataclass(slots=True, eq=False)
class Follower:
    """Somebody who is told of the results that `wants` accepts."""

    wants: Callable[[Probe], bool]
    frames: deque[str] = field(default_factory=deque)
    missed: int = 0
    bell: anyio.Event = field(default_factory=anyio.Event)

    def take(self) -> list[str]:
        """The frames that wait; a gap is told before those that came after it."""
        taken, self.frames = list(self.frames), deque()
        if self.missed:
            taken.insert(0, gap_frame(self.missed))
            self.missed = 0
        return taken


class Feed:
    """Hands results to followers, and waits for nobody."""

    def __init__(self) -> None:
        self._followers: set[Follower] = set()

    @property
    def followers(self) -> int:
        """How many follow."""
        return len(self._followers)

    @contextmanager
    def follow(self, wants: Callable[[Probe], bool]) -> Iterator[Follower]:
        """Follow what happens from now on."""
        follower = Follower(wants)
        self._followers.add(follower)
        try:
            yield follower
        finally:
            self._followers.discard(follower)

    def tell(self, news: list[News]) -> None:
        """Tell everybody; a frame is written once, and only when somebody wants it."""
        if not self._followers:
            return
        for one in news:
            frame = ""
            for follower in self._followers:
                if not follower.wants(one.probe):
                    continue
                frame = frame or result_frame(one)
                if len(follower.frames) >= BACKLOG:
                    follower.missed += len(follower.frames)
                    follower.frames.clear()
                follower.frames.append(frame)
                follower.bell.set()


def result_frame(news: News) -> str:
    """The documented frame, with the response time and the probe's state beside it."""
    probe, result = news.probe, news.result
    return to_json(
        {
            "type": "probe_result",
            "probe_id": probe.id,
            "container_id": shown_container(probe.container),
            "name": probe.name,
            "status": result.status.value,
            "timestamp": moment(result.at),
            "response_time": result.duration / 10,
            "state": news.state,
            "details": details_of(result.details),
        }
    ).decode()


def gap_frame(missed: int) -> str:
    """So many frames were left out here."""
    return to_json({"type": "gap", "missed": missed}).decode()
