"""When to send a call again: exponential back-off with full jitter, bounded in number and in time."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from eulermaker.client.errors import EulerMakerError

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Retry:
    """How often and how long to try; times in seconds.

    The nth wait is drawn evenly from 0 to `first * 2**n`, at most `ceiling`, after any `Retry-After`.
    `total` bounds the time from the first attempt to the start of the last.
    """

    attempts: int = 6
    first: float = 0.25
    ceiling: float = 15.0
    total: float = 180.0
    rng: random.Random = field(default_factory=random.SystemRandom)
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def wait(self, failures: int, retry_after: float | None) -> float:
        """Seconds to wait after the given number of consecutive failures."""
        spread = min(self.ceiling, self.first * 2 ** min(failures - 1, 32))
        return (retry_after or 0.0) + self.rng.uniform(0, spread)

    def call(self, attempt: Callable[[], T]) -> T:
        """What `attempt` returns, once it returns; its last error when the attempts are spent."""
        attempts = Attempts(self)
        while True:
            try:
                return attempt()
            except EulerMakerError as error:
                attempts.pause(error)


class Attempts:
    """The consecutive failures of one piece of work."""

    def __init__(self, retry: Retry) -> None:
        self._retry = retry
        self.progressed()

    def progressed(self) -> None:
        """Forgets the failures so far, as something new was had."""
        self._failures = 0
        self._started = self._retry.clock()

    def pause(self, error: EulerMakerError) -> None:
        """Waits until the next attempt is due; raises `error` when there shall be none."""
        self._failures += 1
        if not error.retryable or self._failures >= self._retry.attempts:
            raise error
        wait = self._retry.wait(self._failures, error.retry_after)
        if self._retry.clock() + wait - self._started > self._retry.total:
            raise error
        self._retry.sleep(wait)
