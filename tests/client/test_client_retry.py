"""What is sent again, when, and when no more. All waiting is virtual."""

import random
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise

import pytest

from eulermaker.client import Client, ConnectionFailed, RateLimited, Retry, ServerError, Timeout, Unavailable
from tests.client.conftest import VirtualTime
from tests.client.server import Misbehaviour, Server, answers, hangs, hangs_up, refuses, speaks_family_000

BUSY = refuses(503, "engine-unavailable", retryable=True)


def create(client: Client) -> None:
    client.builds.create("x", dockerfile_content="FROM scratch")


def test_a_retryable_problem_is_sent_again_even_for_a_post(client: Client, server: Server) -> None:
    server.misbehave("POST /builds", BUSY, BUSY)
    create(client)
    assert len(server.requests("POST /builds")) == 3
    assert len(server.builds) == 1


def test_a_problem_that_is_not_retryable_is_final(client: Client, server: Server) -> None:
    server.misbehave("GET /builds/b", refuses(503, "engine-unavailable"))
    with pytest.raises(Unavailable):
        client.builds.get("b")
    assert len(server.received) == 1


@pytest.mark.parametrize("misbehaviour", [hangs_up, answers(b"", status=502), answers(b"", status=504)])
def test_a_broken_exchange_is_repeated_only_where_that_does_nothing_twice(
    client: Client, server: Server, misbehaviour: Misbehaviour
) -> None:
    server.stored()
    server.misbehave("GET /builds/build_1", misbehaviour)
    server.misbehave("POST /builds", misbehaviour)
    assert client.builds.get("build_1").id == "build_1"
    with pytest.raises((ConnectionFailed, Unavailable, Timeout)):
        create(client)
    assert len(server.requests("GET /builds/build_1")) == 2
    assert len(server.requests("POST /builds")) == 1


def test_an_unanswered_read_is_repeated(url: str, server: Server, retry: Retry) -> None:
    server.stored()
    server.misbehave("GET /builds/build_1", hangs)
    with Client(url, token="access-0", timeout=0.2, retries=retry) as client:
        assert client.builds.get("build_1").id == "build_1"


def test_the_attempts_are_bounded_and_the_last_error_is_told(
    client: Client, server: Server, time: VirtualTime
) -> None:
    server.misbehave("POST /builds", *[BUSY] * 20)
    with pytest.raises(Unavailable):
        create(client)
    assert len(server.received) == Retry().attempts
    assert len(time.sleeps) == Retry().attempts - 1


def test_the_total_time_is_bounded(url: str, server: Server, time: VirtualTime) -> None:
    retry = Retry(attempts=1000, total=60, rng=random.Random(1), sleep=time.sleep, clock=time.clock)
    server.misbehave("POST /builds", *[BUSY] * 1000)
    with Client(url, token="access-0", retries=retry) as client, pytest.raises(Unavailable):
        create(client)
    assert 30 < sum(time.sleeps) <= 60


def test_a_retry_after_beyond_the_total_time_is_not_waited_for(
    client: Client, server: Server, time: VirtualTime
) -> None:
    server.misbehave("POST /builds", refuses(429, "rate-limited", retryable=True, retry_after=3600))
    with pytest.raises(RateLimited):
        create(client)
    assert time.sleeps == []


def test_retry_after_is_the_least_that_is_waited(client: Client, server: Server, time: VirtualTime) -> None:
    server.misbehave("POST /builds", refuses(429, "rate-limited", retryable=True, retry_after=12))
    create(client)
    assert 12 <= time.sleeps[0] <= 12 + Retry().first


def test_retry_after_in_the_header_of_a_plain_answer_counts(
    client: Client, server: Server, time: VirtualTime
) -> None:
    server.misbehave("POST /builds", speaks_family_000(429, "RATE_LIMIT_EXCEEDED", Retry_After="9"))
    create(client)
    assert 9 <= time.sleeps[0] <= 9 + Retry().first


def test_retry_after_as_a_date_counts_from_the_servers_clock(
    client: Client, server: Server, time: VirtualTime
) -> None:
    now = datetime.now(UTC)
    later = format_datetime(now + timedelta(seconds=40), usegmt=True)
    server.misbehave("POST /builds", answers(b"", status=503, Retry_After=later))
    create(client)
    assert 38 <= time.sleeps[0] <= 41  # dates count whole seconds


def test_a_refusal_that_names_no_end_is_final_for_a_post(client: Client, server: Server) -> None:
    server.misbehave("POST /builds", speaks_family_000(500, "DOCKER_ERROR"))
    with pytest.raises(ServerError):
        create(client)
    assert len(server.received) == 1


def test_waits_are_full_jitter_under_a_growing_bound() -> None:
    retry = Retry(first=1.0, ceiling=8.0, rng=random.Random(3))
    bounds = [1, 2, 4, 8, 8, 8]
    draws = [[retry.wait(failures, None) for _ in range(400)] for failures in range(1, 7)]
    for bound, waits in zip(bounds, draws, strict=True):
        assert 0 <= min(waits) < bound * 0.05
        assert bound * 0.95 < max(waits) <= bound


def test_the_same_rng_gives_the_same_waits() -> None:
    first, second = (Retry(rng=random.Random(5)) for _ in range(2))
    waits = [(first.wait(n, None), second.wait(n, None)) for n in range(1, 6)]
    assert all(left == right for left, right in waits)
    assert any(left != right for left, right in pairwise(left for left, _ in waits))
