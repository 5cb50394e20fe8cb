"""What must hold after every fault, checked in one place: `nothing_lost`."""

import hashlib
import time
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx

from tests.faults.engines import EngineView
from tests.faults.followers import Follower, frames
from tests.server import TERMINAL, ServerProcess, finished

MAX_ATTEMPTS = 3
SETTLE_SECONDS = 180.0
#: What could not be cleared away at once is left to the sweep, which comes every minute.
CLEAR_SECONDS = 90.0
INTERRUPTED = "Interrupted: "
ATTEMPT = "Attempt "
STEP_ERROR = "ERROR: Step "


def nothing_lost(
    server: ServerProcess,
    client: httpx.Client,
    engine: EngineView,
    expected: Mapping[str, str],
    *,
    followers: Mapping[str, Follower] | None = None,
) -> dict[str, dict[str, Any]]:
    """The details of all builds, after everything that must hold was found to hold.

    `expected` tells the true result of each build; the follower of a build, if it has one, has to
    have seen every line exactly once.
    """
    details = {build: finished(client, build, seconds=SETTLE_SECONDS) for build in expected}
    logs = {build: frames(client, build) for build in expected}
    for build, found in details.items():
        _ended_truly(found, expected[build])
        _tells_its_story(found, logs[build])
        if found["status"] == "success":
            _has_its_artifacts(client, found)
    for build, follower in (followers or {}).items():
        status, lines = follower.result()
        assert status == details[build]["status"]
        assert lines == logs[build], f"the follower of {build} saw something else than what is stored"
    for build in expected:
        assert client.get(f"/api/v1/builds/{build}").json()["data"]["status"] == details[build]["status"]
    nothing_is_left(server, client, engine)
    return details


def _ended_truly(found: dict[str, Any], expected: str) -> None:
    assert found["status"] in TERMINAL
    assert 0 <= found["attempts"] <= MAX_ATTEMPTS, found
    assert found["finished_at"] is not None
    if found["status"] == expected:
        assert (found["error"] is None) == (expected in ("success", "cancelled")), found["error"]
        return
    # The only other way to end: interrupted again and again, and saying so.
    assert found["status"] == "failed", found
    assert found["error"]["code"] == "build-interrupted", found["error"]
    assert found["attempts"] == MAX_ATTEMPTS
    assert "interrupted" in found["error"]["message"]


def _tells_its_story(found: dict[str, Any], log: list[dict[str, Any]]) -> None:
    assert [line["seq"] for line in log] == list(range(1, len(log) + 1))
    told = [line["data"] for line in log if line["kind"] == "status"]
    interruptions = sum(text.startswith(INTERRUPTED) for text in told)
    assert interruptions >= found["attempts"] - 1, told
    for text, following in pairwise(told):
        # Only an interruption is followed by an attempt: never the failure of a user's step.
        if following.startswith(ATTEMPT):
            assert text.startswith(INTERRUPTED), told
    if found["status"] == "success":
        assert any(text.startswith("Successfully built ") for text in told), told
    if found["error"] and found["error"]["code"] == "build-step-failed":
        assert told[-1].startswith(STEP_ERROR), told


def _has_its_artifacts(client: httpx.Client, found: dict[str, Any]) -> None:
    for artifact in found["artifacts"]:
        with client.stream("GET", f"/api/v1/builds/{found['id']}/artifacts/{artifact['name']}") as answer:
            assert answer.status_code == 200
            digest = hashlib.sha256()
            for chunk in answer.iter_bytes():
                digest.update(chunk)
        assert digest.hexdigest() == artifact["sha256"]


def nothing_is_left(server: ServerProcess, client: httpx.Client, engine: EngineView) -> None:
    """Containers, tags and files belong to builds that need them; a sweep may have to come first."""
    deadline = time.monotonic() + CLEAR_SECONDS
    while (left := _leftovers(server, client, engine)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not left, left


def _leftovers(server: ServerProcess, client: httpx.Client, engine: EngineView) -> list[str]:
    builds = _all_builds(client)
    node = (server.data_dir / "installation").read_text().strip()
    repository = f"eulermaker-build-{node.removeprefix('node_')}"
    wanted = {f"{repository}:{build}" for build, status in builds.items() if status == "success"}
    unfinished = {f"{repository}:{build}" for build, status in builds.items() if status not in TERMINAL}
    tags = set(engine.tags_of(repository)) - unfinished
    root = server.data_dir / "builds"
    return [
        *(f"container {name}" for name in engine.containers_labelled(f"org.eulermaker.installation={node}")),
        *(f"tag {tag}" for tag in tags ^ wanted),
        *(f"directory {path.name}" for path in root.iterdir() if path.name not in builds),
        *(f"part {path}" for path in _parts(root)),
    ]


def _parts(root: Path) -> list[Path]:
    return [*root.glob("*/*.part"), *root.glob("*/artifacts.tar")]


def _all_builds(client: httpx.Client) -> dict[str, str]:
    builds: dict[str, str] = {}
    while True:
        answer = client.get("/api/v1/builds", params={"limit": 100, "offset": len(builds)})
        data = answer.json()["data"]
        builds |= {build["id"]: build["status"] for build in data["builds"]}
        if len(builds) >= data["total"]:
            return builds
