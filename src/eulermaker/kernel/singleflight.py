"""One look at a time: callers who ask the same thing while it is being looked up share the answer."""

from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import anyio

T = TypeVar("T")


@dataclass(slots=True)
class _Flight(Generic[T]):
    """A look-up under way; `answers` stays empty when it fails."""

    landed: anyio.Event = field(default_factory=anyio.Event)
    answers: list[T] = field(default_factory=list)


class SingleFlight(Generic[T]):
    """Keeps a crowd of equal questions from reaching the database all at once."""

    def __init__(self) -> None:
        self._flights: dict[Hashable, _Flight[T]] = {}

    async def ask(self, key: Hashable, look_up: Callable[[], Awaitable[T]]) -> T:
        """The answer to the question `key`; where the first to ask fails, the others look themselves."""
        if flight := self._flights.get(key):
            await flight.landed.wait()
            return flight.answers[0] if flight.answers else await look_up()
        flight = self._flights[key] = _Flight()
        try:
            flight.answers.append(await look_up())
        finally:
            del self._flights[key]
            flight.landed.set()
        return flight.answers[0]
