"""The documented routes of terminals: answers, refusals, and who may do what."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import anyio
import httpx
import pytest
import sqlalchemy as sa

from eulermaker.features.accounts.tables import users
from eulermaker.features.audit.service import Audit
from eulermaker.kernel.clock import utc_now
from eulermaker.kernel.database import Database
from eulermaker.kernel.paging import Page
from tests.api.answers import data_of, done, is_chinese, refusal_of, refused_fields
from tests.api.people import database_url
from tests.api.terminals import Screen, act, container, detail, marked, opened, seen
from tests.server import ServerProcess

CONTAINER = "container_"


@pytest.fixture(scope="module")
def running() -> Iterator[str]:
    """A running container of nobody's."""
    with container() as identifier:
        yield identifier


def test_a_terminal_lives_as_documented(
    shared_server: ServerProcess, admin: httpx.Client, running: str
) -> None:
    """Create, list, detail, resize, close: shapes, messages and states."""
    body = {
        "container_id": f"{CONTAINER}{running[:12]}",
        "command": "/bin/sh",
        "user": "root",
        "working_dir": "/tmp",
        "environment": {"TERM": "vt100", "SHELL": "/bin/sh"},
        "tty": True,
        "stdin": True,
    }
    made = data_of(seen(admin, body), 201, message="Terminal opened")
    terminal = made["session_id"]
    assert terminal.startswith("terminal_session_")
    assert made == {
        "session_id": terminal,
        "container_id": f"{CONTAINER}{running[:12]}",
        "command": "/bin/sh",
        "status": "active",
        "created_at": made["created_at"],
        "websocket_url": f"ws://127.0.0.1:{shared_server.port}/ws/terminals/{terminal}",
        "dimensions": {"cols": 80, "rows": 24},
    }
    query = {"container_id": running, "status": "active"}
    listed = data_of(admin.get("/api/v1/terminals", params=query))
    row = next(one for one in listed["sessions"] if one["session_id"] == terminal)
    assert {"session_id", "container_id", "command", "status", "created_at", "last_activity"} <= set(row)
    assert listed["total"] >= 1
    told = detail(admin, terminal)
    assert told["environment"] == {"TERM": "vt100", "SHELL": "/bin/sh"}
    assert told["dimensions"] == {"cols": 80, "rows": 24}
    size = {"cols": 120, "rows": 30}
    resized = admin.post(f"/api/v1/terminals/{terminal}/resize", json=size)
    assert data_of(resized, message="Terminal resized") == {"session_id": terminal, "dimensions": size}
    with Screen(shared_server, admin, terminal, binary=False) as screen:
        screen.type(b"echo $TERM-$PWD-$(stty size)\n")
        screen.until(b"vt100-/tmp-30 120")
    done(admin.delete(f"/api/v1/terminals/{terminal}"), "Terminal closed")
    refusal_of(admin.get(f"/api/v1/terminals/{terminal}"), 404, "RESOURCE_NOT_FOUND", "terminal-not-found")


def test_messages_come_in_chinese(chinese: httpx.Client, running: str) -> None:
    """The documented sentences, word for word."""
    made = seen(chinese, {"container_id": running})
    terminal = data_of(made, 201, message="终端会话创建成功")["session_id"]
    path = f"/api/v1/terminals/{terminal}"
    data_of(chinese.post(f"{path}/resize", json={"cols": 90, "rows": 20}), message="终端尺寸调整成功")
    done(chinese.delete(path), "终端会话已关闭")
    assert is_chinese(chinese.get(path).json()["error"]["message"])


def test_a_missing_shell_is_a_terminal_error(admin: httpx.Client, running: str) -> None:
    """Whatever the engine cannot start: no such command, user or directory."""
    for fields in (
        {"command": "/bin/no-such-shell"},
        {"command": "/etc/passwd"},
        {"user": "nobody-knows"},
        {"working_dir": "/no/such/directory"},
    ):
        error = refusal_of(
            seen(admin, {"container_id": running, **fields}), 500, "TERMINAL_ERROR", "terminal-failed"
        )
        assert "OCI" not in error["message"]
    listed = data_of(admin.get("/api/v1/terminals", params={"container_id": running, "status": "active"}))
    assert listed["total"] == 0


def test_containers_that_do_not_run_have_no_terminals(admin: httpx.Client) -> None:
    """409 with the state named; 404 for one that is not there."""
    with container(start=False) as identifier:
        body = {"container_id": identifier}
        error = refusal_of(seen(admin, body), 409, "RESOURCE_CONFLICT", "container-state-conflict")
        assert error["details"]["state"] == "created"
        act(identifier, "start")
        opened(admin, identifier)
        act(identifier, "pause")
        _wait_for(lambda: seen(admin, body).status_code == 409)
        error = refusal_of(seen(admin, body), 409, "RESOURCE_CONFLICT", "container-state-conflict")
        assert error["details"]["state"] == "paused"
        act(identifier, "unpause")
    missing = admin.post("/api/v1/terminals", json={"container_id": "container_0123456789ab"})
    error = refusal_of(missing, 404, "RESOURCE_NOT_FOUND", "container-not-found")
    assert error["details"]["container_id"] == "container_0123456789ab"


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"container_id": ""}, "container_id"),
        ({"container_id": None}, "container_id"),
        ({"command": ""}, "command"),
        ({"command": "sh -c 'open"}, "command"),
        ({"command": "   "}, "command"),
        ({"working_dir": "tmp"}, "working_dir"),
        ({"environment": {"A-B": "x"}}, "environment"),
        ({"environment": {"A": "x\u0000"}}, "environment.A"),
        ({"tty": "perhaps"}, "tty"),
        ({"dimensions": {"cols": 0, "rows": 24}}, "dimensions.cols"),
        ({"colour": "green"}, "colour"),
    ],
)
def test_each_malformed_field_is_named(
    admin: httpx.Client, running: str, fields: dict[str, object], name: str
) -> None:
    """400 with `field_errors`."""
    answer = admin.post("/api/v1/terminals", json={"container_id": running, **fields})
    assert set(refused_fields(answer)) == {name}


def test_a_size_needs_both_numbers_and_a_tty(admin: httpx.Client, running: str) -> None:
    """400 for sizes that are none, 409 for a terminal without a TTY."""
    terminal = opened(admin, running)
    path = f"/api/v1/terminals/{terminal}/resize"
    assert set(refused_fields(admin.post(path, json={"cols": 1001, "rows": "x"}))) == {"cols", "rows"}
    admin.delete(f"/api/v1/terminals/{terminal}")
    plain = opened(admin, running, "cat", tty=False)
    answer = admin.post(f"/api/v1/terminals/{plain}/resize", json={"cols": 80, "rows": 24})
    refusal_of(answer, 409, "RESOURCE_CONFLICT", "terminal-without-tty")
    admin.delete(f"/api/v1/terminals/{plain}")


def test_an_ended_terminal_tells_how_it_ended(
    shared_server: ServerProcess, admin: httpx.Client, running: str
) -> None:
    """Its status, exit code and output stay for a while; it takes nothing any more."""
    terminal = opened(admin, running, "sh -c 'echo farewell; exit 7'")
    _wait_for(lambda: detail(admin, terminal)["status"] == "closed")
    told = detail(admin, terminal)
    assert (told["reason"], told["exit_code"]) == ("exited", 7)
    answer = admin.post(f"/api/v1/terminals/{terminal}/resize", json={"cols": 80, "rows": 24})
    refusal_of(answer, 409, "RESOURCE_CONFLICT", "terminal-ended")
    with Screen(shared_server, admin, terminal, acknowledge=False) as screen:
        end = screen.to_the_end()
    assert bytes(screen.output) == b"farewell\r\n"
    assert end == {"type": "exit", "reason": "exited", "exit_code": 7, "seq": 10}
    assert screen.socket.close_code == 1000
    done(admin.delete(f"/api/v1/terminals/{terminal}"), "Terminal closed")


def test_the_recording_is_an_asciicast(
    shared_server: ServerProcess, admin: httpx.Client, running: str
) -> None:
    """Header, output and sizes with rising times; what was typed is not in it; it outlives the terminal."""
    terminal = opened(admin, running)
    with Screen(shared_server, admin, terminal) as screen:
        screen.type(b"stty -echo; echo rea''dy\n")
        screen.until(b"ready")
        screen.say({"type": "resize", "data": {"cols": 100, "rows": 40}})
        screen.type("read answer; echo '汉字😀' ${#answer}\n".encode())
        screen.type(b"secret\n")
        screen.until("汉字😀 6".encode())
    live = admin.get(f"/api/v1/terminals/{terminal}/recording")
    assert "汉字😀 6" in live.text
    admin.delete(f"/api/v1/terminals/{terminal}")
    kept = admin.get(f"/api/v1/terminals/{terminal}/recording")
    assert kept.status_code == 200
    assert kept.headers["Content-Type"] == "application/x-asciicast"
    header, *events = [json.loads(line) for line in kept.text.splitlines()]
    assert (header["version"], header["width"], header["height"]) == (2, 80, 24)
    assert all(kind in ("o", "r") and isinstance(data, str) for _, kind, data in events)
    times = [at for at, _, _ in events]
    assert times == sorted(times)
    assert [data for _, kind, data in events if kind == "r"] == ["100x40"]
    shown = "".join(data for _, kind, data in events if kind == "o")
    assert shown.encode().startswith(bytes(screen.output))
    assert "secret" not in shown
    missing = admin.get("/api/v1/terminals/terminal_session_0123456789ab/recording")
    refusal_of(missing, 404, "RESOURCE_NOT_FOUND", "terminal-not-found")


def test_every_session_is_on_record(shared_server: ServerProcess, admin: httpx.Client, running: str) -> None:
    """Who opened, looked and closed, from where, with what result."""
    terminal = opened(admin, running)
    with Screen(shared_server, admin, terminal, query="?mode=view"):
        pass
    admin.delete(f"/api/v1/terminals/{terminal}")

    async def entries() -> list[tuple[str, str, str, str, dict[str, object]]]:
        database = Database(database_url(shared_server))
        found = await Audit(database, clock=utc_now).of_resource("terminal", terminal, Page())
        await database.close()
        return [(e.action, e.username, e.address, e.result, e.details) for e in reversed(found)]

    first, second, third = anyio.run(entries)
    assert first[:4] == ("terminal.open", "admin", "127.0.0.1", "ok")
    assert first[4]["container"] == running
    assert second[:4] == ("terminal.attach", "admin", "127.0.0.1", "ok")
    assert second[4]["mode"] == "view"
    assert third[:4] == ("terminal.close", "admin", "127.0.0.1", "ok")
    assert (third[4]["reason"], third[4]["orphans"]) == ("closed", 0)


def test_what_a_terminal_started_ends_with_it(
    shared_server: ServerProcess, admin: httpx.Client, running: str
) -> None:
    """Jobs in the background, stopped ones, those that ignore the hang-up; not what left its session."""
    terminal = opened(admin, running)
    with Screen(shared_server, admin, terminal) as screen:
        screen.type(b"sleep 1001 & nohup sleep 1002 & (trap '' HUP; sleep 1003; :) & cat &\n")
        # A name that is no text.
        screen.type(b"n=$(printf '/tmp/\\377'); printf '#!/bin/sh\\nsleep 1005\\n:' >$n; chmod +x $n; $n &\n")
        screen.type(b"setsid sleep 1004 & sleep 1; echo started-$((40+2))\n")
        screen.until(b"started-42")
    assert len(marked(terminal)) >= 8
    admin.delete(f"/api/v1/terminals/{terminal}")
    (left,) = marked(terminal)
    assert _command(left) == "sleep 1004"


def _command(pid: int) -> str:
    with open(f"/proc/{pid}/cmdline", "rb") as file:
        return file.read().replace(b"\0", b" ").decode().strip()


#: Who may do it: 404 for whom the container or the terminal is not there, 403 for whom it is.
OPEN = {
    "anonymous": 401,
    "owner": 201,
    "stranger": 404,
    "readonly": 403,
    "operator": 201,
    "administrator": 201,
    "foreigner": 404,
}
USE = {**OPEN, "owner": 200, "operator": 200, "administrator": 200}
OPERATIONS = {
    "detail": ("GET", ""),
    "resize": ("POST", "/resize"),
    "recording": ("GET", "/recording"),
    "close": ("DELETE", ""),
}


@pytest.fixture(scope="module")
def owned(shared_server: ServerProcess, people: dict[str, httpx.Client]) -> Iterator[str]:
    """A running container of the person called owner."""

    async def identifier() -> str:
        database = Database(database_url(shared_server))
        async with database.read() as connection:
            found = await connection.scalar(sa.select(users.c.id).where(users.c.username == "owner"))
        await database.close()
        return str(found)

    labels = {
        "org.eulermaker.owner": anyio.run(identifier),
        "org.eulermaker.tenant": "tenant_default",
    }
    with container(labels) as made:
        opened(people["owner"], made)
        yield made


@pytest.mark.parametrize("who", OPEN)
def test_who_may_open(people: dict[str, httpx.Client], owned: str, who: str) -> None:
    """A terminal in somebody's container."""
    answer = people[who].post("/api/v1/terminals", json={"container_id": owned})
    assert answer.status_code == OPEN[who], answer.text


@pytest.mark.parametrize("who", ["owner", "stranger"])
def test_what_is_nobodys_is_not_there_for_users(
    people: dict[str, httpx.Client], running: str, who: str
) -> None:
    """A container without an owner."""
    answer = people[who].post("/api/v1/terminals", json={"container_id": running})
    assert answer.status_code == 404


@pytest.mark.parametrize("who", USE)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_who_may_use(people: dict[str, httpx.Client], owned: str, who: str, operation: str) -> None:
    """Somebody's terminal."""
    terminal = opened(people["owner"], owned)
    method, path = OPERATIONS[operation]
    body = {"cols": 100, "rows": 30} if operation == "resize" else None
    answer = people[who].request(method, f"/api/v1/terminals/{terminal}{path}", json=body)
    assert answer.status_code == USE[who], answer.text
    listed = people[who].get("/api/v1/terminals", params={"status": "active", "limit": 200})
    allowed = USE[who] == 200
    assert listed.status_code == (USE[who] if USE[who] in (401, 403) else 200)
    if listed.status_code == 200:
        found = {row["session_id"] for row in listed.json()["data"]["sessions"]}
        assert (terminal in found) == (allowed and operation != "close")
    people["owner"].delete(f"/api/v1/terminals/{terminal}")


def test_without_an_engine_there_are_no_terminals(tmp_path: Path) -> None:
    """DOCKER_ERROR, to be tried again; what needs no engine is answered."""
    gone = {"EULERMAKER_DOCKER_HOST": f"unix://{tmp_path}/gone.sock"}
    with ServerProcess(tmp_path / "data", gone).running() as lonely, lonely.signed_in() as client:
        answer = client.post("/api/v1/terminals", json={"container_id": "container_0123456789ab"})
        refusal_of(answer, 500, "DOCKER_ERROR", "engine-unavailable")
        assert data_of(client.get("/api/v1/terminals")) == {"sessions": [], "total": 0}


def _wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
