"""The error monitor: how many of which errors, how fast, of which requests, and who is told."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from eulermaker.client import Client, EulerMakerError, MemoryTokens, NotFound, Retry, Tokens, Unavailable
from eulermaker.client.monitor import OTHER, ErrorEvent, ErrorMonitor
from tests.client.server import Server, refuses


class Clock:
    """Time that is moved by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def met(monitor: ErrorMonitor, code: str, request: str | None = None) -> None:
    monitor.note("GET", "/x", EulerMakerError(code, code, request_id=request))


def test_errors_are_counted_with_the_last_requests_that_met_them() -> None:
    monitor = ErrorMonitor(max_requests=2)
    for number in range(3):
        met(monitor, "build-not-found", f"req_{number}")
    met(monitor, "forbidden")
    assert monitor.counts == {"build-not-found": 3, "forbidden": 1}
    assert monitor.requests("build-not-found") == ("req_1", "req_2")
    assert monitor.requests("forbidden") == ()
    assert monitor.requests("never-met") == ()


def test_the_rate_is_that_of_the_window() -> None:
    clock = Clock()
    monitor = ErrorMonitor(window=10, clock=clock)
    for _ in range(5):
        met(monitor, "a")
    clock.now += 6
    met(monitor, "b")
    assert (monitor.rate(), monitor.rate("a"), monitor.rate("b")) == (0.6, 0.5, 0.1)
    clock.now += 5
    assert (monitor.rate(), monitor.rate("a")) == (0.1, 0.0)
    assert monitor.counts == {"a": 5, "b": 1}


def test_what_is_kept_is_bounded() -> None:
    monitor = ErrorMonitor(max_codes=2, max_recent=10)
    for number in range(100):
        met(monitor, f"code-{number}", "req_1")
    assert monitor.counts == {"code-0": 1, "code-1": 1, OTHER: 98}
    assert monitor.rate() <= 10 / monitor.window


def test_threads_lose_nothing() -> None:
    monitor = ErrorMonitor()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: met(monitor, f"code-{number % 4}"), range(4000)))
    assert set(monitor.counts.values()) == {1000}


def test_every_failed_attempt_of_a_client_is_told_once(url: str, server: Server, retry: Retry) -> None:
    events: list[ErrorEvent] = []
    monitor = ErrorMonitor(on_error=events.append)
    server.stored()
    busy = refuses(503, "engine-unavailable", retryable=True)
    server.misbehave("GET /builds/build_1", busy, busy)
    server.misbehave("GET /builds/b", refuses(404, "build-not-found"))
    with Client(url, token="access-0", retries=retry, monitor=monitor) as client:
        assert client.builds.get("build_1").id == "build_1"
        with pytest.raises(NotFound):
            client.builds.get("b")
    assert monitor.counts == {"engine-unavailable": 2, "build-not-found": 1}
    assert [(event.method, event.path) for event in events] == [("GET", "/builds/build_1")] * 2 + [
        ("GET", "/builds/b")
    ]
    assert isinstance(events[0].error, Unavailable)
    assert monitor.requests("build-not-found") == ("req-7",)


def test_a_token_that_is_renewed_on_the_way_is_told_as_well(url: str, server: Server) -> None:
    monitor = ErrorMonitor()
    server.stored()
    with Client(url, store=MemoryTokens(Tokens("access-0", "refresh-0")), monitor=monitor) as client:
        server.expire()
        client.builds.get("build_1")
    assert monitor.counts == {"token-expired": 1}


def test_what_the_callback_raises_ends_the_call(url: str, server: Server, retry: Retry) -> None:
    class Enough(Exception):
        """The caller has had enough."""

    def give_up(event: ErrorEvent) -> None:
        raise Enough from event.error

    server.misbehave("GET /builds/b", refuses(404, "build-not-found"))
    with (
        Client(url, token="access-0", retries=retry, monitor=ErrorMonitor(on_error=give_up)) as client,
        pytest.raises(Enough),
    ):
        client.builds.get("b")
