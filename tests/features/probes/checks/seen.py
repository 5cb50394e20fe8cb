"""Containers as the live view tells of them, listed by a test."""

from collections.abc import Sequence

from eulermaker.engines.containers import Container


class Listed:
    """A view of just these containers; `connected` is what a test sets."""

    def __init__(self, *containers: Container) -> None:
        self._containers = containers
        self.version = 0
        self._connected = True

    @property
    def connected(self) -> bool:
        """Whether the engine is there."""
        return self._connected

    def lose_engine(self) -> None:
        """The engine is gone, and with it what was known."""
        self._connected = False
        self.change()

    def change(self, *containers: Container) -> None:
        """From now on there are these."""
        self._containers = containers
        self.version += 1

    def find(self, reference: str) -> Container | None:
        """A container by its id."""
        return next((c for c in self._containers if c.id == reference), None)

    def newest_first(self) -> Sequence[Container]:
        """All of them."""
        return self._containers
