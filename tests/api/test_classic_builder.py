"""Engines without BuildKit: the same builds on the classic builder."""

import random
from collections.abc import Iterator

import httpx
import pytest

from tests.api import engine
from tests.api.answers import data_of, done
from tests.api.servers import tailored
from tests.server import IMAGE, build, detail, finished, log_lines, reached

pytestmark = pytest.mark.usefixtures("any_database")

BUILDS = "/api/v1/builds"


@pytest.fixture(scope="module")
def classic(database_kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of a server that builds with the classic builder."""
    settings = {"EULERMAKER_BUILD__BUILDER": "classic"}
    data_dir = tmp_path_factory.mktemp("classic") / "data"
    with tailored(database_kind, data_dir, settings) as server, server.signed_in() as client:
        yield client


def test_success_tells_steps_image_and_artifacts(classic: httpx.Client) -> None:
    dockerfile = (
        f"FROM {IMAGE} AS wanted\nARG WORD\nCOPY file /src/file\n"
        "RUN echo $WORD && mkdir /output && cp /src/file /output/\nFROM scratch\n"
    )
    fields = {
        "context_files": {"file": "from the context\n"},
        "build_args": {"WORD": "spoken"},
        "labels": {"made-by": "classic"},
        "target": "wanted",
        "cache_enabled": False,
    }
    found = finished(classic, build(classic, dockerfile, name="classic", **fields))
    assert found["status"] == "success", found["error"]
    # This builder makes a step of each label, which are no steps of the Dockerfile.
    assert found["steps"] == {"total": 4, "done": 4, "cached": 0}
    lines = log_lines(classic, found["id"])
    assert lines[0] == f"Step 1/4 : FROM {IMAGE} AS wanted"
    position = lines.index("spoken")
    assert lines[position - 1].startswith("Step 4/4 : RUN echo $WORD")
    assert lines[position + 1].startswith(" ---> Done in ")
    assert classic.get(f"{BUILDS}/{found['id']}/artifacts/file").text == "from the context\n"
    assert engine.image("classic:latest")["Config"]["Labels"]["made-by"] == "classic"
    again = finished(classic, build(classic, dockerfile, name="classic", **{**fields, "cache_enabled": True}))
    assert again["steps"]["cached"] > 0
    for one in (again, found):
        done(classic.delete(f"{BUILDS}/{one['id']}", params={"clean_image": "true"}), "Build deleted")
    assert not engine.has_image("classic:latest")


def test_failures_are_told_apart(classic: httpx.Client) -> None:
    step = finished(classic, build(classic, f"FROM {IMAGE}\nRUN echo last words; exit 7\n"))
    assert (step["status"], step["error"]["code"]) == ("failed", "build-step-failed")
    assert "Step 2/2" in step["error"]["message"]
    assert "exit code 7" in step["error"]["message"]
    assert "last words" in log_lines(classic, step["id"])
    base = finished(classic, build(classic, "FROM nowhere.invalid/none:1\nRUN true\n"))
    assert (base["status"], base["error"]["code"]) == ("failed", "base-image-unavailable")
    assert "nowhere.invalid/none:1" in base["error"]["message"]


def test_cancel_ends_the_engines_work(classic: httpx.Client) -> None:
    command = f"sleep 33{random.SystemRandom().randrange(10**7):07}"
    dockerfile = f"FROM {IMAGE}\nRUN echo begun && {command}\n"
    identifier = build(classic, dockerfile, name="classic-cancel", cache_enabled=False)
    reached(classic, identifier, {"running"})
    _until_said(classic, identifier, "begun")
    cancelled = data_of(classic.post(f"{BUILDS}/{identifier}/cancel"), message="Build cancelled")
    assert cancelled["status"] == "cancelled"
    assert detail(classic, identifier)["error"] is None
    # Its slot is free, and so is the engine.
    assert finished(classic, build(classic, f"FROM {IMAGE}\nRUN true\n"))["status"] == "success"
    assert not any(command in running for running in engine.running_commands())


def _until_said(client: httpx.Client, identifier: str, text: str) -> None:
    with client.stream("GET", f"{BUILDS}/{identifier}/logs?follow=true&since_seq=0") as answer:
        assert any(f'"data":"{text}"' in line for line in answer.iter_lines())
