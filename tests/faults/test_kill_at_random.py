"""kill -9 of the server at random over a stream of builds: nothing is lost."""

import random
import time
from collections.abc import Iterator

import httpx

from tests.faults.conftest import SOAK, NewServer
from tests.faults.engines import EngineView
from tests.faults.followers import follow
from tests.faults.invariants import nothing_lost
from tests.server import IMAGE, ServerProcess, build, reached

KILLS = 200 if SOAK else 6
SEED = 20


def test_killed_at_random_over_a_stream_of_builds(new_server: NewServer, engine: EngineView) -> None:
    server = new_server(EULERMAKER_BUILD__MAX_CONCURRENT="6")
    with server.signed_in() as client:
        _kill_at_random(server, client, engine)


def _kill_at_random(server: ServerProcess, client: httpx.Client, engine: EngineView) -> None:
    choice = random.Random(SEED)
    expected: dict[str, str] = {}
    followers = {}
    for number in range(KILLS):
        for identifier, true_result in mixed_builds(client, choice, number):
            expected[identifier] = true_result
            followers[identifier] = follow(server, client, identifier)
        time.sleep(choice.uniform(0.0, 1.5))
        server.kill()
        server.start()
        if number % 6 == 5:
            # Or the queue would grow without end, and few kills would hit a build.
            for identifier in expected:
                reached(client, identifier, {"success", "failed", "cancelled"})
    nothing_lost(server, client, engine, expected, followers=followers)


def mixed_builds(client: httpx.Client, choice: random.Random, number: int) -> Iterator[tuple[str, str]]:
    """Some builds to be interrupted, with their true results."""
    pause = choice.uniform(0.1, 1.0)
    made = (
        f"FROM {IMAGE}\nRUN echo {number}; sleep {pause:.2f}\nRUN mkdir /output && "
        f"dd if=/dev/urandom of=/output/made bs=1M count={choice.randint(1, 8)}"
    )
    yield build(client, made, name=f"made-{number}", cache_enabled=False), "success"
    yield build(client, f"FROM {IMAGE}\nRUN echo always the same", name="cached"), "success"
    yield build(client, f"FROM {IMAGE}\nRUN echo {number}; sleep {pause:.2f}; exit 9"), "failed"
    unwanted = build(client, f"FROM {IMAGE}\nRUN echo {number} unwanted; sleep 120")
    assert client.post(f"/api/v1/builds/{unwanted}/cancel").status_code == 200
    yield unwanted, "cancelled"
