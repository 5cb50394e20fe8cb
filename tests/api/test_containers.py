"""Containers over HTTP, on the real engine: what the reference promises, and each refusal it names."""

import io
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import anyio
import httpx
import pytest

from eulermaker.features.audit.service import Audit
from eulermaker.kernel.clock import utc_now
from eulermaker.kernel.database import Database
from eulermaker.kernel.paging import Page
from tests.api.answers import MOMENT, data_of, done, is_chinese, refusal_of, refused_fields
from tests.api.people import database_url
from tests.api.things import container, forget, owned_by, unique, until
from tests.server import IMAGE, ServerProcess

pytestmark = pytest.mark.usefixtures("any_database")

CONTAINERS = "/api/v1/containers"
WORK = ["sh", "-c", "trap 'exit 0' TERM; n=0; while :; do echo line $n; n=$((n+1)); sleep 0.05; done"]


@contextmanager
def created(client: httpx.Client, *, start: bool = False, **fields: Any) -> Iterator[str]:
    """The id of a container made through the product."""
    body = {"name": unique("container"), "image": IMAGE, "command": WORK, **fields}
    identifier = data_of(client.post(CONTAINERS, json=body), 201, message="Container created")["id"]
    try:
        if start:
            assert client.post(f"{CONTAINERS}/{identifier}/start").status_code == 200
        yield identifier
    finally:
        forget(f"/containers/{identifier.removeprefix('container_')}?force=true&v=true")


def detail(client: httpx.Client, identifier: str) -> dict[str, Any]:
    """The container's detail."""
    found: dict[str, Any] = data_of(client.get(f"{CONTAINERS}/{identifier}"))
    return found


def conflict(answer: httpx.Response, state: str, action: str) -> None:
    """Check a 409 that names the state."""
    error = refusal_of(answer, 409, "RESOURCE_CONFLICT", "container-state-conflict")
    assert (error["details"]["state"], error["details"]["action"]) == (state, action)
    assert state in error["message"]


def test_a_container_is_created_as_asked_and_shown_as_documented(admin: httpx.Client) -> None:
    name, port = unique("container"), 20_000 + time.time_ns() % 10_000
    asked: dict[str, Any] = {
        "name": name,
        "environment": {"ENV_VAR": "值"},
        "volumes": {"/tmp": "/container/path"},
        "ports": {"80/tcp": port},
        "memory_limit": "64m",
        "cpu_limit": "0.5",
        "working_dir": "/tmp",
        "user": "0:0",
        "network_mode": "bridge",
        "restart_policy": "unless-stopped",
        "labels": {"project": "test"},
    }
    with created(admin, **asked) as identifier:
        assert identifier.startswith("container_")
        assert len(identifier) == len("container_") + 12
        found = detail(admin, identifier)
        assert (found["name"], found["image"], found["status"]) == (name, IMAGE, "created")
        assert MOMENT.fullmatch(found["created_at"])
        shown = found["config"]
        for field in ("environment", "volumes", "ports", "memory_limit", "cpu_limit", "working_dir", "user"):
            assert shown[field] == asked[field], field
        assert shown["command"] == WORK
        assert shown["restart_policy"] == "unless-stopped"
        assert found["labels"] == {"project": "test"}

        started = data_of(admin.post(f"{CONTAINERS}/{name}/start"), message="Container started")
        assert (started["id"], started["status"]) == (identifier, "running")
        running = until(lambda: (now := detail(admin, identifier))["network"]["ip_address"] and now)
        assert running["state"]["running"] is True
        assert running["network"]["ports"]["80/tcp"][0] == {"HostIp": "0.0.0.0", "HostPort": str(port)}
        listed = data_of(admin.get(CONTAINERS, params={"name": name}))["containers"]
        assert [(one["id"], one["status"], one["ports"]) for one in listed] == [
            (identifier, "running", [f"{port}:80/tcp"])
        ]
        inspected = data_of(admin.get(f"{CONTAINERS}/{identifier}/inspect"))
        assert inspected["HostConfig"]["SecurityOpt"] == ["no-new-privileges"]

        taken = admin.post(CONTAINERS, json={"name": name, "image": IMAGE})
        assert refusal_of(taken, 409, "RESOURCE_CONFLICT", "name-in-use")["details"]["name"] == name
        with created(admin, ports={"80/tcp": port}) as second:
            refused = admin.post(f"{CONTAINERS}/{second}/start")
            assert refusal_of(refused, 409, "RESOURCE_CONFLICT", "port-in-use")["details"]["port"] == port


def test_the_further_fields_reach_the_engine(admin: httpx.Client) -> None:
    with created(
        admin,
        health_check={"test": "true", "interval": 0.2},
        ulimits={"nofile": {"soft": 100, "hard": 200}},
        read_only=True,
        tmpfs={"/scratch": "size=1m"},
        cap_drop=["NET_RAW"],
        stop_timeout=0,
        init=True,
        pids_limit=50,
        mounts=[{"type": "tmpfs", "target": "/more"}],
        start=True,
    ) as identifier:
        until(lambda: detail(admin, identifier)["state"]["health"] == "healthy")
        host = data_of(admin.get(f"{CONTAINERS}/{identifier}/inspect"))["HostConfig"]
        assert host["Ulimits"] == [{"Name": "nofile", "Soft": 100, "Hard": 200}]
        assert (host["ReadonlyRootfs"], host["Tmpfs"], host["PidsLimit"]) == (
            True,
            {"/scratch": "size=1m"},
            50,
        )
        assert [cap.removeprefix("CAP_") for cap in host["CapDrop"]] == ["NET_RAW"]
        refused = data_of(admin.post(f"{CONTAINERS}/{identifier}/exec", json={"command": ["touch", "/x"]}))
        assert refused["exit_code"] == 1
        assert "Read-only" in refused["stderr"]


def test_every_action_and_every_state_that_forbids_it(admin: httpx.Client) -> None:
    with created(admin) as identifier:
        url = f"{CONTAINERS}/{identifier}"

        def act(action: str, **body: Any) -> httpx.Response:
            answer = admin.post(f"{url}/{action}", json=body or None)
            if answer.status_code == 200:
                # The answer and the next read agree.
                assert detail(admin, identifier)["status"] == answer.json()["data"]["status"]
            return answer

        for action in ("stop", "pause", "unpause", "kill"):
            conflict(act(action), "created", action)
        conflict(act("exec", command=["true"]), "created", "exec")
        conflict(admin.get(f"{url}/stats"), "created", "stats")
        conflict(admin.get(f"{url}/stats?stream=true"), "created", "stats")
        conflict(admin.get(f"{url}/top"), "created", "top")
        assert data_of(act("start"), message="Container started")["status"] == "running"
        conflict(act("start"), "running", "start")
        conflict(act("unpause"), "running", "unpause")
        conflict(admin.delete(url), "running", "delete")
        assert data_of(act("pause"), message="Container paused")["status"] == "paused"
        conflict(act("pause"), "paused", "pause")
        conflict(act("exec", command=["true"]), "paused", "exec")
        assert data_of(act("unpause"), message="Container resumed")["status"] == "running"
        assert data_of(act("restart", timeout=1), message="Container restarted")["status"] == "running"
        stopped = data_of(act("stop", timeout=1), message="Container stopped")
        assert (stopped["status"], bool(MOMENT.fullmatch(stopped["stopped_at"]))) == ("stopped", True)
        conflict(act("stop"), "stopped", "stop")
        assert data_of(act("restart"), message="Container restarted")["status"] == "running"
        assert data_of(act("kill", signal="sigkill"), message="Signal sent")["status"] == "stopped"
        until(lambda: detail(admin, identifier)["state"]["exit_code"] == 137)
        data_of(act("start"), message="Container started")
        done(admin.delete(url, params={"force": True}), "Container deleted")
        refusal_of(admin.get(url), 404, "RESOURCE_NOT_FOUND", "container-not-found")


def test_what_is_changed_is_changed_on_the_engine(admin: httpx.Client) -> None:
    with created(admin, memory_limit="64m", start=True) as identifier:
        url, name = f"{CONTAINERS}/{identifier}", unique("container")
        changed = data_of(
            admin.patch(
                url, json={"memory_limit": "128m", "cpu_limit": 1.5, "restart_policy": "on-failure:3"}
            ),
            message="Container updated",
        )
        assert changed["config"]["memory_limit"] == "128m"
        assert detail(admin, identifier)["config"]["cpu_limit"] == "1.5"
        assert detail(admin, identifier)["config"]["restart_policy"] == "on-failure:3"
        renamed = data_of(admin.post(f"{url}/rename", json={"name": name}), message="Container updated")
        assert (renamed["name"], detail(admin, name)["id"]) == (name, identifier)
        with created(admin) as other:
            refusal_of(
                admin.patch(f"{CONTAINERS}/{other}", json={"name": name}),
                409,
                "RESOURCE_CONFLICT",
                "name-in-use",
            )
        assert set(refused_fields(admin.patch(url, json={"labels": {"a": "b"}}))) == {"labels"}
        assert refused_fields(admin.patch(url, json={}))


MALFORMED: list[tuple[dict[str, Any], str]] = [
    ({"name": ""}, "name"),
    ({"name": "a b"}, "name"),
    ({"image": "BAD image"}, "image"),
    ({"image": ""}, "image"),
    ({"memory_limit": "abc"}, "memory_limit"),
    ({"memory_limit": -1}, "memory_limit"),
    ({"memory_limit": True}, "memory_limit"),
    ({"cpu_limit": "many"}, "cpu_limit"),
    ({"ports": {"80/tcp": 70000}}, "ports"),
    ({"ports": {"x": 80}}, "ports"),
    ({"volumes": {"/a": "b"}}, "volumes"),
    ({"environment": {"A=B": "c"}}, "environment"),
    ({"environment": ["A"]}, "environment"),
    ({"command": "true"}, "command"),
    ({"working_dir": "app"}, "working_dir"),
    ({"user": "a b"}, "user"),
    ({"network_mode": "a b"}, "network_mode"),
    ({"restart_policy": "sometimes"}, "restart_policy"),
    ({"labels": {"org.eulermaker.owner": "me"}}, "labels"),
    ({"cap_drop": ["no such"]}, "cap_drop.0"),
    ({"devices": ["sda"]}, "devices.0"),
    ({"tmpfs": {"t": ""}}, "tmpfs.t.[key]"),
    ({"mounts": [{"type": "bind", "source": "x", "target": "/x"}]}, "mounts.0"),
    ({"ulimits": {"nofile": {"soft": 1}}}, "ulimits.nofile.Ulimit.hard"),
    ({"health_check": {"test": []}}, "health_check"),
    ({"unheard": 1}, "unheard"),
]


@pytest.mark.parametrize(("fields", "field"), MALFORMED, ids=lambda value: str(value)[:50])
def test_a_malformed_field_is_named_in_both_languages(
    admin: httpx.Client, fields: dict[str, Any], field: str
) -> None:
    body = {"image": IMAGE, **fields}
    english = refused_fields(admin.post(CONTAINERS, json=body))
    chinese = refused_fields(admin.post(CONTAINERS, json=body, headers={"Accept-Language": "zh"}))
    assert {name.split(".")[0] for name in english} == {field.split(".")[0]}
    assert all(is_chinese(sentence) for sentence in chinese.values())
    assert not any(is_chinese(sentence) for sentence in english.values())


def test_what_does_not_exist_is_named(admin: httpx.Client) -> None:
    asked = ["GET ", "DELETE ", "POST /start", "POST /stop", "GET /logs", "GET /stats", "GET /top"]
    asked += ["GET /inspect", "GET /logs?follow=true", "GET /files?path=/"]
    for method, path in (one.split(" ") for one in asked):
        answer = admin.request(method, f"{CONTAINERS}/container_0123456789ab{path}")
        error = refusal_of(answer, 404, "RESOURCE_NOT_FOUND", "container-not-found")
        assert error["details"] == {"container_id": "container_0123456789ab", "resource_type": "container"}
    missing = admin.post(CONTAINERS, json={"image": "localhost:1/no/such:image"})
    assert refusal_of(missing, 404, "RESOURCE_NOT_FOUND", missing.headers["X-Error-Code"])["details"]["image"]
    network = admin.post(CONTAINERS, json={"image": IMAGE, "network_mode": unique("network")})
    refusal_of(network, 404, "RESOURCE_NOT_FOUND", "network-not-found")
    for query in ("limit=0", "limit=1000", "status=odd", "offset=-1"):
        assert refused_fields(admin.get(f"{CONTAINERS}?{query}"))


def test_lists_are_filtered_and_paged(people: dict[str, httpx.Client]) -> None:
    owner = people["owner"]
    mark = unique("label")
    with (
        created(owner, labels={mark: "a"}) as first,
        created(owner, labels={mark: "b"}, start=True) as second,
    ):

        def ids(**query: Any) -> list[str]:
            found = data_of(owner.get(CONTAINERS, params={"label": mark, **query}))
            return [one["id"] for one in found["containers"]]

        assert ids() == [second, first]
        assert ids(label=f"{mark}=a") == [first]
        assert ids(status="running") == [second]
        assert ids(status="created") == [first]
        assert ids(image=IMAGE) == [second, first]
        assert ids(image="no-such") == []
        page = data_of(owner.get(CONTAINERS, params={"label": mark, "limit": 1, "offset": 1}))
        assert [one["id"] for one in page["containers"]] == [first]
        assert (page["total"], page["limit"], page["offset"]) == (2, 1, 1)
        owner.post(f"{CONTAINERS}/{second}/stop", json={"timeout": 0})
        assert ids(status="running") == []


def test_what_happens_behind_our_back_shows_within_a_moment(admin: httpx.Client) -> None:
    with container(start=True) as name:
        until(lambda: admin.get(f"{CONTAINERS}/{name}").status_code == 200)
        assert admin.get(f"{CONTAINERS}/{name}").json()["data"]["status"] == "running"
    until(lambda: admin.get(f"{CONTAINERS}/{name}").status_code == 404)


def test_a_command_tells_what_it_wrote_and_how_it_ended(admin: httpx.Client) -> None:
    with created(admin, start=True) as identifier:

        def run(script: str, **fields: Any) -> dict[str, Any]:
            body = {"command": ["sh", "-c", script], **fields}
            found: dict[str, Any] = data_of(admin.post(f"{CONTAINERS}/{identifier}/exec", json=body))
            return found

        found = run(
            "echo 出; echo err >&2; pwd; echo $V; exit 3", working_dir="/tmp", environment={"V": "值"}
        )
        assert found["exec_id"].startswith("exec_")
        assert (found["stdout"], found["stderr"], found["exit_code"]) == ("出\n/tmp\n值\n", "err\n", 3)
        assert sorted(found["output"].split()) == sorted(["出", "err", "/tmp", "值"])
        assert run("echo out; echo err >&2", attach_stderr=False)["output"] == "out\n"
        assert run("test -t 1 && echo terminal", tty=True)["output"] == "terminal\r\n"
        large = run("yes | head -c 3000000")
        assert (len(large["output"]), large["truncated"], large["exit_code"]) == (1024 * 1024, True, 0)
        slow = run("echo begun; sleep 77", timeout=1)
        assert (slow["output"], slow["exit_code"], slow["timed_out"]) == ("begun\n", None, True)
        processes = data_of(admin.get(f"{CONTAINERS}/{identifier}/top"))
        assert "CMD" in processes["titles"]
        assert not any("sleep 77" in " ".join(row) for row in processes["processes"])
        missing = data_of(admin.post(f"{CONTAINERS}/{identifier}/exec", json={"command": ["no-such"]}))
        assert missing["exit_code"] in (126, 127)
        assert "no-such" in missing["output"]
        assert set(refused_fields(admin.post(f"{CONTAINERS}/{identifier}/exec", json={"command": []}))) == {
            "command"
        }


def archive(files: dict[str, bytes]) -> bytes:
    """A tar of these files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def test_files_travel_both_ways(admin: httpx.Client) -> None:
    files = {"目录/文件 一.txt": "内容\n".encode() * 1000, "plain.bin": bytes(range(256)) * 20_000}
    with created(admin) as identifier:
        url = f"{CONTAINERS}/{identifier}/files"
        for method in ("PUT", "POST"):
            sent = admin.request(method, url, params={"path": "/tmp"}, content=archive(files))
            assert data_of(sent, message="Files uploaded") == {"path": "/tmp"}
        for path, name in (("/tmp", "tmp/目录/文件 一.txt"), ("/tmp/目录", "目录/文件 一.txt")):
            got = admin.get(url, params={"path": path})
            assert (got.status_code, got.headers["content-type"]) == (200, "application/x-tar")
            # Plain: a tar that is told to be one must not be packed.
            with tarfile.open(fileobj=io.BytesIO(got.content), mode="r:") as tar:
                member = tar.extractfile(name)
                assert member is not None
                assert member.read() == files["目录/文件 一.txt"]
        missing = admin.get(url, params={"path": "/no/such"})
        assert refusal_of(missing, 404, "RESOURCE_NOT_FOUND", "container-path-not-found")["details"]["path"]
        nowhere = admin.put(url, params={"path": "/no/such"}, content=archive(files))
        refusal_of(nowhere, 404, "RESOURCE_NOT_FOUND", "container-path-not-found")
        garbage = admin.put(url, params={"path": "/tmp"}, content=b"no archive" * 1000)
        refusal_of(garbage, 400, "INVALID_REQUEST", "container-archive-refused")
        assert set(refused_fields(admin.get(url, params={"path": "tmp"}))) == {"path"}
        large = admin.put(url, params={"path": "/tmp"}, content=archive({"large": bytes(80 * 1024**2)}))
        data_of(large, message="Files uploaded")


def test_a_batch_tells_of_each(people: dict[str, httpx.Client], admin: httpx.Client) -> None:
    owner = people["owner"]
    with created(owner) as first, created(owner) as second, created(admin) as foreign:
        asked = {"action": "start", "containers": [first, second, foreign, "container_000000000000"]}
        found = data_of(owner.post(f"{CONTAINERS}/batch", json=asked))
        assert (found["succeeded"], found["failed"]) == (2, 2)
        assert [one["status"] for one in found["results"]] == ["running", "running", None, None]
        assert [one["container"] for one in found["results"]] == asked["containers"]
        assert found["results"][2]["error"]["code"] == "RESOURCE_NOT_FOUND"
        again = data_of(owner.post(f"{CONTAINERS}/batch", json={**asked, "containers": [first]}))
        assert again["results"][0]["error"]["code"] == "RESOURCE_CONFLICT"
        assert again["results"][0]["error"]["details"]["state"] == "running"
        gone = data_of(
            owner.post(
                f"{CONTAINERS}/batch", json={"action": "delete", "force": True, "containers": [first, second]}
            )
        )
        assert gone["succeeded"] == 2
        assert owner.get(f"{CONTAINERS}/{first}").status_code == 404
    too_many = owner.post(f"{CONTAINERS}/batch", json={"action": "start", "containers": ["x"] * 51})
    assert set(refused_fields(too_many)) == {"containers"}


#: anonymous, stranger, readonly, operator, administrator, foreigner, owner
READ = (401, 404, 200, 200, 200, 404, 200)
WRITE = (401, 404, 403, 200, 200, 404, 200)
WHO = ("anonymous", "stranger", "readonly", "operator", "administrator", "foreigner", "owner")
OPERATIONS: dict[tuple[str, str], tuple[tuple[int, ...], dict[str, Any] | None]] = {
    ("GET", "/{container}"): (READ, None),
    ("GET", "/{container}/inspect"): (READ, None),
    ("GET", "/{container}/top"): (READ, None),
    ("GET", "/{container}/stats"): (READ, None),
    ("GET", "/{container}/logs"): (READ, None),
    ("GET", "/{container}/files"): (WRITE, None),
    ("PUT", "/{container}/files"): (WRITE, None),
    ("POST", "/{container}/files"): (WRITE, None),
    ("POST", "/{container}/exec"): (WRITE, {"command": ["true"]}),
    ("PATCH", "/{container}"): (WRITE, {"cpu_limit": 1}),
    ("POST", "/{container}/rename"): (WRITE, {"name": "{unique}"}),
    ("POST", "/{container}/pause"): (WRITE, None),
    ("POST", "/{container}/unpause"): (WRITE, None),
    ("POST", "/{container}/restart"): (WRITE, {"timeout": 0}),
    ("POST", "/{container}/kill"): (WRITE, {"signal": "SIGWINCH"}),
    ("POST", "/{container}/stop"): (WRITE, {"timeout": 0}),
    ("POST", "/{container}/start"): (WRITE, None),
    ("DELETE", "/{container}"): (WRITE, None),
}
COLLECTION = {("GET", ""), ("POST", ""), ("POST", "/validate"), ("POST", "/batch")}


def test_every_operation_for_every_role(people: dict[str, httpx.Client], anonymous: httpx.Client) -> None:
    paths = anonymous.get("/openapi.json").json()["paths"]
    documented = {
        (method.upper(), path.removeprefix(CONTAINERS))
        for path, methods in paths.items()
        if path.startswith(CONTAINERS)
        for method in methods
    }
    assert documented == OPERATIONS.keys() | COLLECTION
    with created(people["owner"], start=True) as identifier:
        for (method, template), (answers, body) in OPERATIONS.items():
            for who, expected in zip(WHO, answers, strict=True):
                if expected == 200 and who != "owner" and method not in ("GET",):
                    continue
                sent = {
                    key: unique("c") if value == "{unique}" else value for key, value in (body or {}).items()
                }
                url = CONTAINERS + template.format(container=identifier)
                if template.endswith("files"):
                    answer = people[who].request(method, url, params={"path": "/tmp"}, content=archive({}))
                elif method == "DELETE":
                    answer = people[who].delete(url, params={"force": True})
                else:
                    answer = people[who].request(method, url, json=sent or None)
                assert answer.status_code == expected, (who, method, template, answer.text)
    for who in ("stranger", "operator"):
        assert people[who].post(f"{CONTAINERS}/validate", json={"image": IMAGE}).status_code == 200
    for path in ("", "/validate"):
        refused = people["readonly"].post(f"{CONTAINERS}{path}", json={"image": IMAGE})
        refusal_of(refused, 403, "FORBIDDEN", "forbidden")


def test_each_sees_what_is_theirs(people: dict[str, httpx.Client]) -> None:
    with container(labels=owned_by(people["owner"])) as own, container() as nobodys:
        until(lambda: people["operator"].get(f"{CONTAINERS}/{nobodys}").status_code == 200)
        for who, seen in (
            ("owner", {own}),
            ("stranger", set()),
            ("readonly", {own, nobodys}),
            ("administrator", {own, nobodys}),
            ("foreigner", {nobodys}),
        ):
            listed = data_of(
                people[who].get(CONTAINERS, params={"name": "eulermaker-test-container", "limit": 200})
            )
            names = {one["name"] for one in listed["containers"]}
            assert names & {own, nobodys} == seen, who


def test_what_is_done_to_a_container_is_on_record(
    shared_server: ServerProcess, admin: httpx.Client, people: dict[str, httpx.Client]
) -> None:
    """Who did what, with what result: what succeeded, what the state refused and what the role did."""
    with created(admin, command=["sleep", "60"]) as identifier:
        path = f"{CONTAINERS}/{identifier}"
        whole = data_of(admin.get(f"{path}/inspect"))["Id"]
        admin.post(f"{path}/start")
        conflict(admin.post(f"{path}/start"), "running", "start")
        assert people["readonly"].post(f"{path}/stop").status_code == 403
        admin.post(f"{path}/exec", json={"command": ["echo", "hello"]})
        admin.delete(f"{path}?force=true")

        async def recorded() -> list[tuple[str, bool, str]]:
            database = Database(database_url(shared_server))
            found = await Audit(database, clock=utc_now).of_resource("container", whole, Page())
            await database.close()
            return [(e.action, e.username == "admin", e.result) for e in reversed(found)]

        until(lambda: len(anyio.run(recorded)) == 5)
        assert anyio.run(recorded) == [
            ("container.start", True, "ok"),
            ("container.start", True, "container-state-conflict"),
            ("container.stop", False, "forbidden"),
            ("container.exec", True, "ok"),
            ("container.delete", True, "ok"),
        ]
