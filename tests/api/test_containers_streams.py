"""What goes on: logs over restarts, shared statistics, events by number."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.api.answers import data_of, refused_fields
from tests.api.test_containers import CONTAINERS, created
from tests.api.things import container, until
from tests.server import ServerProcess

pytestmark = pytest.mark.usefixtures("any_database")

#: Counts on over restarts, and stops at once.
COUNT = """
trap 'exit 0' TERM
n=$(cat /count 2>/dev/null || echo 0)
while [ $n -lt {total} ]; do n=$((n+1)); echo $n >/count; echo "{text} $n"; {pause}; done
while :; do sleep 0.05; done
"""


def counting(total: int, *, pause: str = "true", text: str = "行") -> list[str]:
    """A command that writes numbered lines."""
    return ["sh", "-c", COUNT.format(total=total, pause=pause, text=text)]


class Follower:
    """Follows a log in a thread of its own."""

    def __init__(self, client: httpx.Client, identifier: str, **query: Any) -> None:
        self.frames: list[dict[str, Any]] = []
        self._thread = threading.Thread(target=self._follow, args=(client, identifier, query))
        self._thread.start()

    def _follow(self, client: httpx.Client, identifier: str, query: dict[str, Any]) -> None:
        url = f"{CONTAINERS}/{identifier}/logs"
        with client.stream("GET", url, params={"follow": True, **query}, timeout=120) as answer:
            assert answer.headers["content-type"] == "application/x-ndjson"
            for line in answer.iter_lines():
                self.frames.append(json.loads(line))

    def numbers(self) -> list[int]:
        """The numbers of the lines so far."""
        return [int(frame["data"].split()[1]) for frame in self.frames if frame["type"] == "log"]

    def has_more_than(self, count: int) -> bool:
        """Whether more lines than that have come."""
        return len(self.numbers()) > count

    def ended(self) -> dict[str, Any]:
        """The last frame."""
        self._thread.join(60)
        assert not self._thread.is_alive()
        return self.frames[-1]


def test_the_last_lines_are_told_as_asked(admin: httpx.Client) -> None:
    with created(admin, command=counting(500), start=True) as identifier:
        url = f"{CONTAINERS}/{identifier}/logs"

        def lines(**query: Any) -> list[str]:
            found: list[str] = data_of(admin.get(url, params=query))["logs"]
            return found

        until(lambda: lines(tail=1) == ["行 500"])
        assert len(lines()) == 100
        assert lines(tail=3) == ["行 498", "行 499", "行 500"]
        assert lines(tail=0) == []
        stamped = lines(tail=500, timestamps=True)
        assert [line.split(" ", 1)[1] for line in stamped] == [f"行 {n}" for n in range(1, 501)]
        moments = [line.split(" ")[0] for line in stamped]
        assert moments == sorted(moments)
        assert lines(tail=500, since=moments[100])[0] == "行 101"
        assert lines(tail=500, until=moments[100])[-1] == "行 101"
        assert lines(tail=500, since=moments[10], until=moments[19]) == [f"行 {n}" for n in range(11, 21)]
        for query in ({"since": "yesterday"}, {"until": "x"}, {"tail": -1}, {"tail": "all"}):
            assert set(refused_fields(admin.get(url, params=query))) == set(query)
        assert set(refused_fields(admin.get(url, params={"follow": True, "until": moments[0]}))) == {"until"}


@pytest.mark.parametrize("tty", [False, True], ids=["plain", "terminal"])
def test_a_followed_log_goes_on_over_restarts(admin: httpx.Client, tty: bool) -> None:
    total = 600
    command = counting(total, pause="sleep 0.001")
    with created(admin, command=command, tty=tty, stop_timeout=0, start=True) as identifier:
        follower = Follower(admin, identifier, tail=10_000)
        for seen in (50, 200, 350):
            until(partial(follower.has_more_than, seen))
            assert admin.post(f"{CONTAINERS}/{identifier}/restart", json={"timeout": 5}).status_code == 200
        until(lambda: follower.numbers()[-1] == total)
        admin.post(f"{CONTAINERS}/{identifier}/stop", json={"timeout": 0})
        # A stop may hit between the counting and the writing: what was written is what counts.
        written = data_of(admin.get(f"{CONTAINERS}/{identifier}/logs", params={"tail": 10_000}))["logs"]
        assert admin.delete(f"{CONTAINERS}/{identifier}").status_code == 200
        assert follower.ended() == {"type": "end", "status": "removed"}
    assert follower.numbers() == [int(line.split()[1]) for line in written]
    assert len(written) > total - 10
    assert not [frame for frame in follower.frames if frame["type"] in ("gap", "error")]


def test_a_followed_log_begins_where_it_was_asked_to(admin: httpx.Client) -> None:
    with created(admin, command=counting(200), start=True) as identifier:
        url = f"{CONTAINERS}/{identifier}/logs"
        until(lambda: data_of(admin.get(url, params={"tail": 1}))["logs"] == ["行 200"])
        stamped = data_of(admin.get(url, params={"tail": 5, "timestamps": True}))["logs"]
        followers = [
            Follower(admin, identifier, tail=7),
            Follower(admin, identifier, tail=0),
            Follower(admin, identifier, tail=1000, since=stamped[0].split(" ")[0]),
        ]
        until(lambda: len(followers[0].frames) >= 7 and len(followers[2].frames) >= 5)
        admin.delete(f"{CONTAINERS}/{identifier}?force=true")
        assert {follower.ended()["status"] for follower in followers} == {"removed"}
        assert [follower.numbers() for follower in followers] == [
            list(range(194, 201)),
            [],
            list(range(196, 201)),
        ]


def test_the_log_of_a_container_that_stays_stopped_ends(admin: httpx.Client) -> None:
    with created(admin, command=["echo", "行 1"], start=True) as identifier:
        until(lambda: data_of(admin.get(f"{CONTAINERS}/{identifier}"))["status"] == "stopped")
        follower = Follower(admin, identifier)
        assert follower.ended() == {"type": "end", "status": "stopped"}
        assert follower.numbers() == [1]


def test_statistics_are_told_once_and_as_a_stream(admin: httpx.Client) -> None:
    busy = ["sh", "-c", "while :; do :; done"]
    with created(admin, command=busy, cpu_limit=0.25, memory_limit="32m", start=True) as identifier:
        url = f"{CONTAINERS}/{identifier}/stats"
        found = data_of(admin.get(url))
        assert 5 < found["cpu_usage"]["usage_percent"] < 60
        assert 0 < found["memory_usage"]["usage"] < found["memory_usage"]["limit"] == 32 * 1024**2
        assert set(found) >= {"network_io", "block_io", "timestamp"}
        with admin.stream("GET", url, params={"stream": True}) as answer:
            assert answer.headers["content-type"] == "application/x-ndjson"
            lines = answer.iter_lines()
            samples = [json.loads(next(lines)) for _ in range(3)]
            assert samples[0]["timestamp"] < samples[1]["timestamp"] < samples[2]["timestamp"]
            assert all(5 < sample["cpu_usage"]["usage_percent"] < 60 for sample in samples[1:])
            admin.post(f"{CONTAINERS}/{identifier}/kill")
            for _ in lines:  # Ends with the container.
                pass


@contextmanager
def events(server: ServerProcess, client: httpx.Client, query: str = "") -> Iterator[ClientConnection]:
    """The socket of the events."""
    url = f"ws://127.0.0.1:{server.port}/ws/containers/events{query}"
    headers = {"Authorization": client.headers["Authorization"]}
    with connect(url, additional_headers=headers) as socket:
        yield socket


def until_event(socket: ClientConnection, name: str, action: str) -> list[dict[str, Any]]:
    """The frames up to that event of that container; those of other tests' containers are left out."""
    frames: list[dict[str, Any]] = []
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        frame = json.loads(socket.recv(timeout=30))
        if frame.get("details", {}).get("name") == name:
            frames.append(frame)
            if frame["event"] == action:
                return frames
    raise AssertionError(f"no {action} of {name}")


def test_events_come_live_and_again_by_number(shared_server: ServerProcess, admin: httpx.Client) -> None:
    with events(shared_server, admin) as socket:
        with container(start=True) as name:
            pass
        live = until_event(socket, name, "destroy")
    actions = [frame["event"] for frame in live]
    assert actions[:2] == ["create", "start"]
    assert "die" in actions
    assert live[0]["type"] == "container_event"
    assert set(live[0]) == {"type", "seq", "event", "container_id", "timestamp", "details"}
    numbers = [frame["seq"] for frame in live]
    assert numbers == sorted(set(numbers))
    for position, frame in enumerate(live[:-1]):
        with events(shared_server, admin, f"?since={frame['seq']}") as socket:
            assert until_event(socket, name, "destroy") == live[position + 1 :]
    with events(shared_server, admin, "?since=-500") as socket:
        assert until_event(socket, name, "destroy") == live


def test_events_of_others_are_not_told(shared_server: ServerProcess, people: dict[str, httpx.Client]) -> None:
    with (
        events(shared_server, people["stranger"]) as strangers,
        events(shared_server, people["readonly"]) as readers,
        created(people["owner"]) as owners,
        created(people["stranger"]) as own,
    ):
        seen: list[str] = []
        while not seen or seen[-1] != own:
            seen.append(json.loads(strangers.recv(timeout=10))["container_id"])
        assert owners not in seen
        both: set[str] = set()
        while not {owners, own} <= both:
            both.add(json.loads(readers.recv(timeout=10))["container_id"])


def test_the_socket_of_events_asks_who_it_is(shared_server: ServerProcess) -> None:
    url = f"ws://127.0.0.1:{shared_server.port}/ws/containers/events"
    with pytest.raises(InvalidStatus) as refused, connect(url):
        pass
    assert refused.value.response.status_code == 401


def test_events_survive_the_server(server: ServerProcess) -> None:
    with server.signed_in() as client:
        with events(server, client) as socket, container() as name:
            last = until_event(socket, name, "create")[-1]["seq"]
        until(lambda: client.get(f"{CONTAINERS}/{name}").status_code == 404)
        server.kill()
        with container(start=True) as missed:
            pass
        server.start()
        with events(server, client, f"?since={last}") as socket:
            # What happened while nobody listened is told, since the engine still knows it.
            assert [frame["event"] for frame in until_event(socket, missed, "destroy")][:2] == [
                "create",
                "start",
            ]
