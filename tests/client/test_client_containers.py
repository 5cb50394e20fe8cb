"""Containers through the SDK: what is sent, and logs across broken connections."""

import io
import json
from typing import Any

import pytest

from eulermaker.client import Client, Conflict, ContainerLogEntry
from tests.client.server import Server, answers, refuses

LOGS = "GET /containers/c/logs"


def stream(*frames: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(frame).encode() + b"\n" for frame in frames)


def line(number: int) -> dict[str, Any]:
    moment = f"2026-11-20T10:00:00.{number:09d}Z"
    return {"type": "log", "timestamp": moment, "stream": "stdout", "data": f"line {number}"}


END = {"type": "end", "status": "stopped"}


def told(entries: list[ContainerLogEntry]) -> list[str]:
    return [entry.data or entry.type for entry in entries]


def test_a_broken_log_goes_on_behind_its_last_line(client: Client, server: Server) -> None:
    server.misbehave(LOGS, answers(stream(line(1), line(2))), answers(stream(line(1), line(2), line(3), END)))
    follow = client.containers.follow("c", tail=7)
    assert told(list(follow)) == ["line 1", "line 2", "line 3"]
    assert follow.status == "stopped"
    first, second = (request.query for request in server.requests(LOGS))
    assert first == {"follow": "true", "tail": "7"}
    assert second == {"follow": "true", "tail": "10000", "since": line(1)["timestamp"]}


def test_lines_that_may_be_lost_in_a_break_are_told(client: Client, server: Server) -> None:
    server.misbehave(LOGS, answers(stream(line(1))), answers(stream(line(9), {"type": "gap"}, END)))
    assert told(list(client.containers.follow("c"))) == ["line 1", "gap", "line 9", "gap"]


def test_an_action_is_not_repeated_and_its_refusal_is_typed(client: Client, server: Server) -> None:
    server.misbehave("POST /containers/c/start", refuses(409, "container-state-conflict"))
    with pytest.raises(Conflict):
        client.containers.start("c")
    assert len(server.received) == 1


def test_an_archive_is_sent_from_its_beginning_on_every_attempt(client: Client, server: Server) -> None:
    done = answers(b'{"success": true, "data": {"path": "/tmp"}}')
    busy = refuses(503, "engine-unavailable", retryable=True)
    server.misbehave("PUT /containers/c/files", busy, done)
    client.containers.upload("c", "/tmp", io.BytesIO(b"archive"))
    sent = server.requests("PUT /containers/c/files")
    assert [request.query for request in sent] == [{"path": "/tmp"}] * 2
    assert sent[-1].headers["Content-Type"] == "application/x-tar"
