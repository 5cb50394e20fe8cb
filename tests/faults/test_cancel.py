"""Cancel and time-out: in every state, at once, for good, and never mistaken for a failure."""

import random
import threading
import time
from contextlib import suppress

import httpx
import pytest

from tests.faults.engines import EngineView, processes_with
from tests.faults.followers import follow
from tests.faults.invariants import nothing_lost
from tests.faults.waiting import folder, wait_for_log, wait_until
from tests.server import IMAGE, ServerProcess, build, detail, finished

#: The engine's work ends within 2 s; a loaded machine may need longer to look.
GONE_SECONDS = 10.0


def marked() -> tuple[str, str]:
    """A Dockerfile whose step sleeps for long, and what its process is known by."""
    marker = f"32{random.SystemRandom().randrange(10**7):07}"
    return f"FROM {IMAGE}\nRUN echo begun; sleep {marker}", marker


def cancel(client: httpx.Client, identifier: str) -> httpx.Response:
    return client.post(f"/api/v1/builds/{identifier}/cancel")


def assert_gone(marker: str) -> None:
    wait_until(lambda: not processes_with(marker), "the step's process to end", seconds=GONE_SECONDS)


def test_drafts_and_queued_and_running_builds_are_cancelled(
    server: ServerProcess, client: httpx.Client, engine: EngineView
) -> None:
    dockerfile, marker = marked()
    draft = build(client, dockerfile, execute=False)
    running = [build(client, dockerfile) for _ in range(3)]
    queued = build(client, dockerfile)
    assert detail(client, queued)["queue"]["reason"] == "slots_taken"
    for identifier in (draft, queued, *running):
        for _ in range(2):
            answer = cancel(client, identifier)
            assert answer.status_code == 200, answer.text
            assert answer.json()["data"]["status"] == "cancelled"
    assert_gone(marker)
    assert client.post(f"/api/v1/builds/{draft}/execute").status_code == 409
    nothing_lost(server, client, engine, dict.fromkeys((draft, queued, *running), "cancelled"))


@pytest.mark.usefixtures("any_database")
def test_a_running_step_ends_with_its_build(
    server: ServerProcess, client: httpx.Client, engine: EngineView
) -> None:
    dockerfile, marker = marked()
    identifier = build(client, dockerfile)
    follower = follow(server, client, identifier)
    wait_for_log(server, identifier, '"data":"begun"')
    assert processes_with(marker)
    answers = []
    # At once and from several sides: all get the same answer.
    askers = [threading.Thread(target=lambda: answers.append(cancel(client, identifier))) for _ in range(4)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert {answer.json()["data"]["status"] for answer in answers} == {"cancelled"}
    assert_gone(marker)
    assert cancel(client, identifier).json()["data"]["status"] == "cancelled"
    nothing_lost(server, client, engine, {identifier: "cancelled"}, followers={identifier: follower})


@pytest.mark.usefixtures("any_database")
def test_cancelled_as_soon_as_it_starts(
    server: ServerProcess, client: httpx.Client, engine: EngineView
) -> None:
    """Between the claim of a build and its first step there is no moment in which a cancel is lost."""
    dockerfile, marker = marked()
    expected = {}
    for moment in range(12):
        identifier = build(client, dockerfile, execute=False)
        execute = threading.Thread(target=client.post, args=(f"/api/v1/builds/{identifier}/execute",))
        execute.start()
        time.sleep(moment * 0.003)
        assert cancel(client, identifier).json()["data"]["status"] == "cancelled"
        execute.join()
        expected[identifier] = "cancelled"
    assert_gone(marker)
    nothing_lost(server, client, engine, expected)


@pytest.mark.usefixtures("any_database")
def test_cancelled_while_artifacts_are_collected(
    server: ServerProcess, client: httpx.Client, engine: EngineView
) -> None:
    first = build(client, f"FROM {IMAGE}\nRUN echo the first", name="collected")
    image = finished(client, first)["image"]["id"]
    dockerfile = f"FROM {IMAGE}\nRUN mkdir /output && dd if=/dev/urandom of=/output/big bs=1M count=150"
    identifier = build(client, dockerfile, name="collected", cache_enabled=False)
    archive = folder(server, identifier) / "artifacts.tar"
    wait_until(lambda: archive.exists() and archive.stat().st_size, "artifacts to be collected")
    assert cancel(client, identifier).json()["data"]["status"] == "cancelled"
    nothing_lost(server, client, engine, {first: "success", identifier: "cancelled"})
    assert not list(folder(server, identifier).glob("artifacts*"))
    assert engine.image_of("collected:latest") == image, "a build without success took the name"


def test_cancelled_between_two_attempts(
    server: ServerProcess, client: httpx.Client, engine: EngineView
) -> None:
    dockerfile, marker = marked()
    identifier = build(client, dockerfile)
    wait_for_log(server, identifier, '"data":"begun"')
    server.kill()
    server.environment["DOCKER_HOST"] = "unix:///nonexistent/docker.sock"
    server.start()
    found = detail(client, identifier)
    assert (found["status"], found["attempts"]) == ("pending", 1)
    assert cancel(client, identifier).json()["data"]["status"] == "cancelled"
    server.stop()
    server.environment["DOCKER_HOST"] = engine.host
    server.start()
    assert_gone(marker)
    nothing_lost(server, client, engine, {identifier: "cancelled"})


@pytest.mark.parametrize("answered", [True, False], ids=["after the answer", "before the answer"])
def test_a_cancel_outlives_the_server(
    server: ServerProcess, client: httpx.Client, engine: EngineView, *, answered: bool
) -> None:
    dockerfile, marker = marked()
    identifier = build(client, dockerfile)
    wait_for_log(server, identifier, '"data":"begun"')
    asker = threading.Thread(target=_cancel_at_a_dying_server, args=(client, identifier))
    asker.start()
    if answered:
        asker.join()
    else:
        wait_for_log(server, identifier, "Build cancelled")
    server.kill()
    asker.join()
    server.start()
    assert_gone(marker)
    details = nothing_lost(server, client, engine, {identifier: "cancelled"})
    assert details[identifier]["attempts"] == 1


def _cancel_at_a_dying_server(client: httpx.Client, identifier: str) -> None:
    # The answer may come before the end, or not.
    with suppress(httpx.TransportError):
        assert cancel(client, identifier).json()["data"]["status"] == "cancelled"


@pytest.mark.usefixtures("any_database")
def test_what_has_ended_cannot_be_cancelled(
    server: ServerProcess, client: httpx.Client, engine: EngineView
) -> None:
    identifier = build(client, f"FROM {IMAGE}\nRUN exit 1")
    finished(client, identifier)
    assert cancel(client, identifier).status_code == 409
    nothing_lost(server, client, engine, {identifier: "failed"})


@pytest.mark.usefixtures("any_database")
def test_a_time_out_is_enforced_and_told(
    server: ServerProcess, client: httpx.Client, engine: EngineView
) -> None:
    dockerfile, marker = marked()
    identifier = build(client, dockerfile, timeout=3)
    follower = follow(server, client, identifier)
    details = nothing_lost(server, client, engine, {identifier: "timeout"}, followers={identifier: follower})
    assert details[identifier]["error"]["code"] == "build-timed-out"
    assert details[identifier]["attempts"] == 1
    assert_gone(marker)
