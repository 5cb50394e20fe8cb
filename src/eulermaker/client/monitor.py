"""Watching the errors of a client: how many of which, how fast, and of which requests."""

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from eulermaker.client.errors import EulerMakerError

OTHER = "other"


@dataclass(frozen=True, slots=True)
class ErrorEvent:
    """An error that a call met, before anything is sent again; `at` is in seconds of the monitor's clock."""

    method: str
    path: str
    error: EulerMakerError
    at: float


@dataclass(kw_only=True)
class ErrorMonitor:
    """Counts the errors of the clients that it is given to; safe to share between them and their threads.

    `on_error` is called with each one, in the thread that met it; what it raises is raised by the call.
    `window` is the time that rates are about, in seconds. No more than `max_codes` codes are told apart,
    and of each the last `max_requests` request ids are kept.
    """

    on_error: Callable[[ErrorEvent], None] | None = None
    window: float = 60.0
    max_codes: int = 256
    max_requests: int = 10
    max_recent: int = 10_000
    clock: Callable[[], float] = time.monotonic
    _counts: Counter[str] = field(default_factory=Counter, init=False)
    _requests: dict[str, deque[str]] = field(default_factory=dict, init=False)
    _recent: deque[tuple[float, str]] = field(default_factory=deque, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def note(self, method: str, path: str, error: EulerMakerError) -> None:
        """Counts an error."""
        event = ErrorEvent(method, path, error, self.clock())
        with self._lock:
            self._count(event)
        if self.on_error is not None:
            self.on_error(event)

    @property
    def counts(self) -> Mapping[str, int]:
        """How often each code was met."""
        with self._lock:
            return dict(self._counts)

    def rate(self, code: str | None = None) -> float:
        """Errors a second over the window: of the code, or of all."""
        with self._lock:
            self._forget(self.clock())
            met = sum(code in (None, each) for _, each in self._recent)
        return met / self.window

    def requests(self, code: str) -> tuple[str, ...]:
        """The ids of the last requests that met the code, the latest last."""
        with self._lock:
            return tuple(self._requests.get(code, ()))

    def _count(self, event: ErrorEvent) -> None:
        code = event.error.code
        if code not in self._counts and len(self._counts) >= self.max_codes:
            code = OTHER
        self._counts[code] += 1
        if event.error.request_id is not None:
            kept = self._requests.setdefault(code, deque(maxlen=self.max_requests))
            kept.append(event.error.request_id)
        self._recent.append((event.at, code))
        self._forget(event.at)

    def _forget(self, now: float) -> None:
        while self._recent and (
            self._recent[0][0] <= now - self.window or len(self._recent) > self.max_recent
        ):
            self._recent.popleft()
