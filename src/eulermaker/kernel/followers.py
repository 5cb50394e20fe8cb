"""Who is told of what happens as it happens: frames for each, and no waiting for anybody."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import anyio
from pydantic_core import to_json

NewsT = TypeVar("NewsT")


@dataclass(slots=True, eq=False)
class Follower(Generic[NewsT]):
    """Somebody who is told of the news that `wants` accepts; `bell` is set when frames wait."""

    wants: Callable[[NewsT], bool]
    frames: deque[str] = field(default_factory=deque)
    missed: int = 0
    bell: anyio.Event = field(default_factory=anyio.Event)

    def take(self) -> list[str]:
        """The frames that wait; a gap is told before those that came after it."""
        if self.bell.is_set():
            self.bell = anyio.Event()
        taken, self.frames = list(self.frames), deque()
        if self.missed:
            taken.insert(0, to_json({"type": "gap", "missed": self.missed}).decode())
            self.missed = 0
        return taken


class Followers(Generic[NewsT]):
    """Hands news to followers as `written`; at most `backlog` frames wait for one that is slow."""

    def __init__(self, written: Callable[[NewsT], str], *, backlog: int) -> None:
        self._written = written
        self._backlog = backlog
        self._followers: set[Follower[NewsT]] = set()

    def __len__(self) -> int:
        return len(self._followers)

    @contextmanager
    def follow(self, wants: Callable[[NewsT], bool]) -> Iterator[Follower[NewsT]]:
        """Follow what happens from now on."""
        follower = Follower(wants)
        self._followers.add(follower)
        try:
            yield follower
        finally:
            self._followers.discard(follower)

    def tell(self, news: Iterable[NewsT]) -> None:
        """Tell everybody; a frame is written once, and only when somebody wants it."""
        if not self._followers:
            return
        for one in news:
            frame = ""
            for follower in self._followers:
                if not follower.wants(one):
                    continue
                frame = frame or self._written(one)
                if len(follower.frames) >= self._backlog:
                    follower.missed += len(follower.frames)
                    follower.frames.clear()
                follower.frames.append(frame)
                follower.bell.set()
