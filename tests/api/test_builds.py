"""The life of a build through 000's routes, in the documented shapes."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import httpx
import pytest

from tests.api import engine
from tests.api.answers import BUILD_ID, IMAGE_ID, MOMENT, SHA256, data_of, done, refusal_of, refused_fields
from tests.server import IMAGE, ServerProcess, build, detail, finished, log_lines, reached

BUILDS = "/api/v1/builds"
OUTPUT = f"FROM {IMAGE}\nRUN mkdir /output && echo made > /output/made.txt\n"
SLEEPING = f"FROM {IMAGE}\nRUN echo begun && sleep 60\n"


@pytest.fixture
def running(admin: httpx.Client) -> Iterator[str]:
    """A build in the middle of a long step."""
    identifier = build(admin, SLEEPING, name="running", cache_enabled=False)
    reached(admin, identifier, {"running"})
    yield identifier
    admin.post(f"{BUILDS}/{identifier}/cancel")
    admin.delete(f"{BUILDS}/{identifier}")


def test_whole_life_in_documented_shapes(shared_server: ServerProcess, chinese: httpx.Client) -> None:
    body = {
        "name": "whole-life",
        "dockerfile_content": f"FROM {IMAGE} AS production\nARG VERSION\n"
        "COPY package.spec /src/\nRUN mkdir /output && echo $VERSION > /output/made.txt\n",
        "context_files": {"package.spec": "Name: my-package\n"},
        "build_args": {"VERSION": "1.0.0"},
        "labels": {"maintainer": "admin@example.com"},
        "target": "production",
        "cache_enabled": True,
        "cache_from": ["whole-life:latest"],
    }
    created = data_of(chinese.post(BUILDS, json=body), 201, message="构建任务创建成功")
    assert set(created) == {
        "id", "name", "status", "created_at", "started_at", "queue", "dockerfile_path", "context_path",
    }  # fmt: skip
    identifier = created["id"]
    assert BUILD_ID.fullmatch(identifier)
    assert (created["name"], created["status"], created["queue"]) == ("whole-life", "pending", None)
    assert MOMENT.fullmatch(created["created_at"])
    assert created["dockerfile_path"].endswith(f"/{identifier}/Dockerfile")
    assert created["context_path"].endswith(f"/{identifier}/context")
    draft = data_of(chinese.get(f"{BUILDS}/{identifier}"))
    assert draft["status"] == "pending"
    assert (draft["queue"], draft["started_at"], draft["image"], draft["steps"]) == (None, None, None, None)

    executed = data_of(chinese.post(f"{BUILDS}/{identifier}/execute"), message="构建开始执行")
    assert set(executed) == {"id", "status", "started_at", "queue", "log_stream_url"}
    assert (executed["id"], executed["status"]) == (identifier, "running")
    assert MOMENT.fullmatch(executed["started_at"])
    assert executed["log_stream_url"] == f"ws://127.0.0.1:{shared_server.port}/ws/builds/{identifier}/logs"

    found = finished(chinese, identifier)
    assert set(found) == {
        "id", "name", "status", "created_at", "queued_at", "started_at", "finished_at", "duration",
        "dockerfile_content", "spec_content", "build_args", "labels", "target", "cache_enabled", "cache_from",
        "optimize", "optimization", "timeout", "attempts", "queue", "steps", "image", "artifacts", "error",
        "publications",
    }  # fmt: skip
    assert {key: found[key] for key in body if key != "context_files"} == {
        key: body[key] for key in body if key != "context_files"
    }
    assert (found["status"], found["timeout"], found["attempts"]) == ("success", 1800, 1)
    assert (found["error"], found["queue"], found["spec_content"]) == (None, None, None)
    moments = [found[key] for key in ("created_at", "queued_at", "started_at", "finished_at")]
    assert all(MOMENT.fullmatch(moment) for moment in moments)
    assert moments == sorted(moments)
    lasted = datetime.fromisoformat(found["finished_at"]) - datetime.fromisoformat(found["started_at"])
    assert found["duration"] == pytest.approx(lasted.total_seconds(), abs=0.002)
    assert found["steps"] == {"total": 3, "done": 3, "cached": found["steps"]["cached"]}

    on_engine = engine.image("whole-life:latest")
    assert set(found["image"]) == {"id", "tag", "size", "layers"}
    assert IMAGE_ID.fullmatch(found["image"]["id"])
    assert found["image"] == {
        "id": on_engine["Id"],
        "tag": "whole-life:latest",
        "size": on_engine["Size"],
        "layers": len(on_engine["RootFS"]["Layers"]),
    }
    assert on_engine["Config"]["Labels"]["maintainer"] == "admin@example.com"
    (artifact,) = found["artifacts"]
    assert set(artifact) == {"name", "size", "path", "sha256", "rpm"}
    assert (artifact["name"], artifact["path"], artifact["size"]) == ("made.txt", "/output/made.txt", 6)
    assert SHA256.fullmatch(artifact["sha256"])
    assert chinese.get(f"{BUILDS}/{identifier}/artifacts/made.txt").text == "1.0.0\n"

    page = data_of(chinese.get(BUILDS, params={"name": "whole-life", "status": "success"}))
    assert set(page) == {"builds", "total", "limit", "offset"}
    assert (page["total"], page["limit"], page["offset"]) == (1, 20, 0)
    (listed,) = page["builds"]
    assert set(listed) == {
        "id", "name", "status", "created_at", "started_at", "finished_at", "duration",
        "image_id", "image_tag",
    }  # fmt: skip
    assert listed["image_id"] == found["image"]["id"]
    assert {key: found[key] for key in listed if key in found} == {
        key: listed[key] for key in listed if key in found
    }

    done(chinese.delete(f"{BUILDS}/{identifier}", params={"clean_image": True}), "构建任务删除成功")
    refusal_of(chinese.get(f"{BUILDS}/{identifier}"), 404, "RESOURCE_NOT_FOUND", "build-not-found")


def test_messages_in_english(admin: httpx.Client) -> None:
    body = {"name": "english", "dockerfile_content": OUTPUT}
    identifier = data_of(admin.post(BUILDS, json=body), 201, message="Build created")["id"]
    uploaded = admin.put(f"{BUILDS}/{identifier}/context/a.txt", content=b"a")
    assert data_of(uploaded, message="File uploaded") == {"path": "a.txt", "size": 1}
    cancelled = data_of(admin.post(f"{BUILDS}/{identifier}/cancel"), message="Build cancelled")
    assert set(cancelled) == {"id", "status", "cancelled_at"}
    assert (cancelled["id"], cancelled["status"]) == (identifier, "cancelled")
    assert MOMENT.fullmatch(cancelled["cancelled_at"])
    done(admin.delete(f"{BUILDS}/{identifier}"), "Build deleted")


def test_request_id_is_echoed_and_made_up_when_unusable(admin: httpx.Client) -> None:
    for path, status in ((BUILDS, 200), (f"{BUILDS}/build_000000000000", 404), ("/api/v1/nothing", 404)):
        answer = admin.get(path, headers={"X-Request-ID": "my-request.1_a"})
        assert (answer.status_code, answer.headers.get_list("X-Request-ID")) == (status, ["my-request.1_a"])
    made_up = [
        admin.get(BUILDS, headers={"X-Request-ID": sent}).headers["X-Request-ID"]
        for sent in ("", "a b", "x" * 65, "<script>")
    ]
    assert all(identifier.startswith("req_") for identifier in made_up)
    assert len(set(made_up)) == len(made_up)


def test_trace_id_is_the_callers(admin: httpx.Client) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    headers = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    answer = admin.get(f"{BUILDS}/build_000000000000", headers=headers)
    assert answer.json()["trace_id"] == trace


def test_list_filters_pages_and_orders(admin: httpx.Client) -> None:
    # A name of its own keeps other tests' builds out.
    drafts = [_draft(admin, name=name) for name in ("listed_a", "listed-b", "listed_c", "x/listed_d")]
    cancelled = drafts[2]
    admin.post(f"{BUILDS}/{cancelled}/cancel")

    assert _listed(admin, name="listed") == drafts[::-1]
    # % and _ are characters like any other, and the name may be any part.
    assert _listed(admin, name="listed_") == [drafts[3], drafts[2], drafts[0]]
    assert _listed(admin, name="sted-") == [drafts[1]]
    assert _listed(admin, name="listed%") == []
    assert _listed(admin, name="li%d") == []
    assert _listed(admin, name="listed\\_") == []
    assert _listed(admin, name="listed", status="cancelled") == [cancelled]
    assert _listed(admin, name="listed", status="pending") == [drafts[3], drafts[1], drafts[0]]
    assert _listed(admin, name="listed", status="all") == drafts[::-1]
    assert _listed(admin, name="listed", status="timeout") == []

    page = data_of(admin.get(BUILDS, params={"name": "listed", "limit": 2, "offset": 1}))
    assert (page["total"], page["limit"], page["offset"]) == (4, 2, 1)
    assert [one["id"] for one in page["builds"]] == [drafts[2], drafts[1]]
    beyond = data_of(admin.get(BUILDS, params={"name": "listed", "offset": 2**31 - 1, "limit": 200}))
    assert (beyond["total"], beyond["builds"]) == (4, [])
    # A page is fresh after every write.
    done(admin.delete(f"{BUILDS}/{drafts[1]}"), "Build deleted")
    assert _listed(admin, name="listed") == [drafts[3], drafts[2], drafts[0]]


def test_everybody_lists_what_they_may_see(people: dict[str, httpx.Client]) -> None:
    mine = _draft(people["owner"], name="own-view")
    seen = {who: _listed(client, name="own-view") for who, client in people.items() if who != "anonymous"}
    assert seen == {
        "owner": [mine],
        "stranger": [],
        "readonly": [mine],
        "operator": [mine],
        "administrator": [mine],
        "foreigner": [],
    }


def test_cancel_ends_a_running_build_for_good_and_is_idempotent(admin: httpx.Client, running: str) -> None:
    first = data_of(admin.post(f"{BUILDS}/{running}/cancel"), message="Build cancelled")
    second = data_of(admin.post(f"{BUILDS}/{running}/cancel"), message="Build cancelled")
    assert first == second
    found = detail(admin, running)
    assert (found["status"], found["error"], found["image"]) == ("cancelled", None, None)
    assert log_lines(admin, running)[-1] == "Build cancelled"


def test_fourth_build_waits_with_position_and_reason(chinese: httpx.Client) -> None:
    running = [build(chinese, SLEEPING, name="slots", cache_enabled=False) for _ in range(3)]
    try:
        for identifier in running:
            reached(chinese, identifier, {"running"})
        waiting = [_draft(chinese, name="slots") for _ in range(2)]
        for position, identifier in enumerate(waiting, start=1):
            executed = data_of(chinese.post(f"{BUILDS}/{identifier}/execute"), message="构建已进入队列")
            assert (executed["status"], executed["started_at"]) == ("pending", None)
            assert executed["queue"] == {"position": position, "reason": "slots_taken"}
        for identifier in (waiting[0], running[0]):
            data_of(chinese.post(f"{BUILDS}/{identifier}/cancel"), message="构建已取消")
        # One has left the queue and one the slots: the last takes its turn.
        assert finished(chinese, waiting[1])["status"] == "success"
        assert detail(chinese, waiting[0])["status"] == "cancelled"
    finally:
        for identifier in running:
            chinese.post(f"{BUILDS}/{identifier}/cancel")


def test_delete_with_clean_image_removes_the_image_and_without_keeps_it(
    shared_server: ServerProcess, admin: httpx.Client
) -> None:
    kept = finished(admin, build(admin, f"{OUTPUT}RUN echo kept\n", name="image-kept"))
    cleaned = finished(admin, build(admin, f"{OUTPUT}RUN echo cleaned\n", name="image-cleaned"))
    assert engine.has_image("image-kept:latest")
    assert engine.has_image("image-cleaned:latest")

    done(admin.delete(f"{BUILDS}/{kept['id']}"), "Build deleted")
    done(admin.delete(f"{BUILDS}/{cleaned['id']}", params={"clean_image": "true"}), "Build deleted")

    assert engine.image("image-kept:latest")["Id"] == kept["image"]["id"]
    assert engine.image(kept["image"]["id"])["RepoTags"] == ["image-kept:latest"]
    assert not engine.has_image("image-cleaned:latest")
    assert not engine.has_image(cleaned["image"]["id"])
    for gone in (kept, cleaned):
        assert not (shared_server.data_dir / "builds" / gone["id"]).exists()
        assert engine.containers_labelled(f"org.eulermaker.build={gone['id']}") == []


def test_clean_image_spares_the_image_that_took_the_name_over(admin: httpx.Client) -> None:
    older = finished(admin, build(admin, f"{OUTPUT}RUN echo older\n", name="same-name"))
    newer = finished(admin, build(admin, f"{OUTPUT}RUN echo newer\n", name="same-name"))
    assert detail(admin, older["id"])["image"] == older["image"]

    done(admin.delete(f"{BUILDS}/{older['id']}", params={"clean_image": "true"}), "Build deleted")

    assert not engine.has_image(older["image"]["id"])
    assert engine.image("same-name:latest")["Id"] == newer["image"]["id"]
    done(admin.delete(f"{BUILDS}/{newer['id']}", params={"clean_image": "true"}), "Build deleted")
    assert not engine.has_image("same-name:latest")


def test_cache_counts_in_steps_and_can_be_switched_off(admin: httpx.Client, tmp_path_factory: Any) -> None:
    dockerfile = f"FROM {IMAGE}\nRUN echo {tmp_path_factory.getbasetemp()}\nRUN echo two\n"
    # As it is written: a result would be taken over whole.
    first = finished(admin, build(admin, dockerfile, name="cached", optimize="off"))
    assert first["steps"]["total"] == first["steps"]["done"] == 3
    again = finished(admin, build(admin, dockerfile, name="cached", optimize="off"))
    assert again["steps"]["cached"] > first["steps"]["cached"]
    assert log_lines(admin, again["id"]).count(" ---> Using cache") == again["steps"]["cached"]
    without = finished(admin, build(admin, dockerfile, name="cached", cache_enabled=False))
    # The base image is not built, so it may count as found.
    assert without["steps"]["cached"] <= 1
    lines = log_lines(admin, without["id"])
    assert " ---> Using cache" not in lines[next(n for n, line in enumerate(lines) if "Step 2/3" in line) :]


def test_target_stops_at_its_stage(admin: httpx.Client) -> None:
    dockerfile = (
        f"FROM {IMAGE} AS first\nRUN mkdir /output && echo 1 > /output/first\n"
        f"FROM {IMAGE}\nRUN mkdir /output && echo 2 > /output/second\n"
    )
    names = {
        target: [a["name"] for a in finished(admin, build(admin, dockerfile, target=target))["artifacts"]]
        for target in ("first", None)
    }
    assert names == {"first": ["first"], None: ["second"]}


def test_wrong_state_is_a_conflict_that_names_it(chinese: httpx.Client, running: str) -> None:
    ended = finished(chinese, build(chinese, OUTPUT))["id"]
    for identifier, state, method, path, action in (
        (running, "running", "POST", "/execute", "execute"),
        (running, "running", "DELETE", "", "delete"),
        (running, "running", "PUT", "/context/late.txt", "upload"),
        (ended, "success", "POST", "/execute", "execute"),
        (ended, "success", "POST", "/cancel", "cancel"),
        (ended, "success", "PUT", "/context/late.txt", "upload"),
    ):
        answer = chinese.request(method, f"{BUILDS}/{identifier}{path}")
        error = refusal_of(answer, 409, "RESOURCE_CONFLICT", "build-state-conflict")
        assert error["details"] == {
            "build_id": identifier,
            "resource_type": "build",
            "state": state,
            "action": action,
        }
        assert state in error["message"]
    assert detail(chinese, running)["status"] == "running"
    assert [a["name"] for a in detail(chinese, ended)["artifacts"]] == ["made.txt"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("DELETE", ""),
        ("POST", "/execute"),
        ("POST", "/cancel"),
        ("PUT", "/context/a.txt"),
        ("GET", "/logs"),
        ("GET", "/logs?follow=true"),
        ("GET", "/artifacts"),
        ("GET", "/artifacts/a"),
        ("GET", "/artifacts.tar.gz"),
    ],
)
def test_unknown_build_is_not_found_on_every_route(admin: httpx.Client, method: str, path: str) -> None:
    for identifier in ("build_000000000000", "build_123456", "%00", "%2e%2e", "x" * 300):
        answer = admin.request(method, f"{BUILDS}/{identifier}{path}")
        error = refusal_of(answer, 404, "RESOURCE_NOT_FOUND", "build-not-found")
        assert error["details"]["resource_type"] == "build"


def test_unknown_artifact_is_not_found(admin: httpx.Client) -> None:
    identifier = _draft(admin)
    for name in ("none", "..%2f..%2fDockerfile", "%2fetc%2fpasswd", "a%00"):
        answer = admin.get(f"{BUILDS}/{identifier}/artifacts/{name}")
        error = refusal_of(answer, 404, "RESOURCE_NOT_FOUND", "artifact-not-found")
        assert error["details"]["resource_type"] == "artifact"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=-1", "limit"),
        ("limit=ten", "limit"),
        ("limit=" + "9" * 400, "limit"),
        ("offset=-1", "offset"),
        ("offset=2147483648", "offset"),
        ("status=done", "status"),
        ("name=" + "x" * 256, "name"),
        ("name=%00", "name"),
    ],
)
def test_list_refuses_senseless_queries(chinese: httpx.Client, query: str, field: str) -> None:
    zh = refused_fields(chinese.get(f"{BUILDS}?{query}"))
    en = refused_fields(chinese.get(f"{BUILDS}?{query}", headers={"Accept-Language": "en"}))
    assert list(zh) == list(en) == [field]
    assert zh != en


def _draft(client: httpx.Client, name: str = "draft") -> str:
    return build(client, OUTPUT, name=name, execute=False)


def _listed(client: httpx.Client, **params: str) -> list[str]:
    return [one["id"] for one in data_of(client.get(BUILDS, params=params))["builds"]]
