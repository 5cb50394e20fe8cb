"""Probes while servers die: no change is lost or doubled, others take over, nothing is checked twice."""

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
import sqlalchemy as sa

from eulermaker.features.probes.tables import probe_changes, probes
from eulermaker.kernel.database import Database
from eulermaker.kernel.outbox import outbox
from tests.api.people import database_url
from tests.faults.conftest import SOAK
from tests.faults.waiting import wait_until
from tests.features.notifications.receivers import SECRET as SHARED
from tests.features.notifications.receivers import Receiver, receiver
from tests.server import ServerProcess, fresh_postgres
from tests.watched import Watched, watched

PROBES = "/api/v1/probes"
SECONDS = 120.0
TAKEN_OVER_SECONDS = 10.0
SECRET = "one-secret-for-all-of-the-servers-that-share-it"
#: The soak kills at random points for ten minutes.
KILLED_SECONDS = 600.0 if SOAK else 10.0
WATCHED = 1000 if SOAK else 12
INTERVAL = 10.0 if SOAK else 1.0
LEAST_KILLS = 3
LIFE = (2.0, 20.0) if SOAK else (1.5, 3.5)
#: A restart, and what a busy machine adds to it, is no part of the schedule's own slip.
RESTART_SECONDS = 30.0
#: Messages that one server has on their way at once.
ON_THE_WAY = 16
#: Every change is told at once; a busy machine is no part of this.
TOLD = {
    "EULERMAKER_SECRET_KEY": SECRET,
    "EULERMAKER_OVERLOAD__ENABLED": "false",
    "EULERMAKER_ALERTS__COOLDOWN_SECONDS": "0",
    "EULERMAKER_ALERTS__FLAP_START": "100",
    "EULERMAKER_ALERTS__FLAP_STOP": "99",
    "EULERMAKER_ALERTS__FLAP_WINDOW_SECONDS": "1",
    "EULERMAKER_NOTIFICATIONS__FIRST_RETRY_SECONDS": "0.05",
    "EULERMAKER_NOTIFICATIONS__MAX_RETRY_SECONDS": "0.5",
    "EULERMAKER_NOTIFICATIONS__MAX_ATTEMPTS": "100",
}


@pytest.fixture
def targets() -> Iterator[Watched]:
    """Healthy targets."""
    with watched() as running:
        yield running


def add(client: httpx.Client, targets: Watched, count: int, *, interval: float) -> dict[str, str]:
    """Add probes, one for each path; tells their ids by path."""
    added = {}
    for number in range(count):
        path = f"/{number}"
        config = {"url": targets.base + path, "interval": interval, "failure_threshold": 1}
        body = {"probe_type": "http", "name": f"watch-{number}", "config": config}
        added[path] = done(client, PROBES, json=body)["id"]
    return added


def done(client: httpx.Client, path: str, **body: Any) -> dict[str, Any]:
    """The data that a POST answers with; a server that is too busy is asked again, as it says."""
    for _ in range(10):
        answer = client.post(path, **body)
        if answer.status_code != 503:
            break
        time.sleep(float(answer.headers["Retry-After"]))
    assert answer.is_success, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


def asked(client: httpx.Client, path: str, **query: Any) -> dict[str, Any]:
    """The data that a path answers with."""
    answer = client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


@dataclass
class Moody(threading.Thread):
    """Makes targets ill and well again, until it is told to stop."""

    targets: Watched
    paths: list[str]
    draw: random.Random
    ended: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        super().__init__()

    def __hash__(self) -> int:
        return id(self)

    def run(self) -> None:
        """Change one about ten times a second."""
        while not self.ended.wait(0.1):
            path = self.draw.choice(self.paths)
            (self.targets.ill.discard if path in self.targets.ill else self.targets.ill.add)(path)


@pytest.fixture
def crew(database_kind: str, tmp_path: Path) -> Iterator[list[ServerProcess]]:
    """The servers of one database: one has SQLite for itself, two share a PostgreSQL."""
    with ExitStack() as stack:
        settings = dict(TOLD)
        names = ["a"]
        if database_kind == "postgresql":
            url = stack.enter_context(fresh_postgres(os.environ["EULERMAKER_TEST_POSTGRES_URL"]))
            settings["EULERMAKER_DATABASE_URL"] = url
            names += ["b"]
        yield [stack.enter_context(ServerProcess(tmp_path / name, settings).running()) for name in names]


def test_no_change_is_lost_or_doubled_when_servers_are_killed(
    crew: list[ServerProcess], targets: Watched
) -> None:
    """With thresholds of one, the changes are exactly where two results in a row differ.

    Each is told once under its key; and after each death all is back in its schedule within an interval.
    """
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    draw = random.Random(seed)
    with receiver() as hook:
        with crew[0].signed_in() as client:
            config = {"url": hook.url, "secret": SHARED}
            body = {"name": "counts", "type": "webhook", "config": config}
            assert client.post("/api/v1/notifications/channels", json=body).status_code == 201
            probes = add(client, targets, WATCHED, interval=INTERVAL)
            token = client.headers["Authorization"]
        moods = Moody(targets, list(probes), draw)
        moods.start()
        kills, end = 0, time.monotonic() + KILLED_SECONDS
        try:
            while time.monotonic() < end or kills < LEAST_KILLS:
                time.sleep(draw.uniform(*LIFE))
                dying = draw.choice(crew)
                dying.kill()
                kills += 1
                killed = time.monotonic()
                dying.start()
                if draw.random() < 0.2:
                    _back_in_schedule(targets, list(probes), since=killed)
        finally:
            moods.ended.set()
            moods.join()
        _back_in_schedule(targets, list(probes), since=time.monotonic())
        headers = {"Authorization": token}
        with httpx.Client(base_url=crew[0].url, headers=headers, timeout=60) as client:
            for path, probe in probes.items():
                wanted = "failure" if path in targets.ill else "success"
                settled = partial(_is, client, probe, wanted)
                wait_until(settled, f"{probe} is {wanted} again", seconds=SECONDS)
            for probe in probes.values():
                done(client, f"{PROBES}/{probe}/pause")
            # Another server learns of it a moment later, and may check once more before it does.
            ledger = Ledger(database_url(crew[0]))
            wait_until(
                lambda: all(of_it[-1].after == "unknown" for of_it in ledger.changes().values()),
                "all are paused",
                seconds=SECONDS,
            )
            results = {probe: results_of(client, probe) for probe in probes.values()}
            alerts = open_alerts(client)
        wait_until(
            lambda: not any(row.state == "pending" for row in ledger.messages()),
            "all is sent",
            seconds=SECONDS,
        )
        changes, messages = ledger.changes(), ledger.messages()
        for path, probe in probes.items():
            check_changes(results[probe], changes[probe])
            assert alerts[probe] == (path in targets.ill), "one alert where there is something to tell"
        check_told(hook, changes, messages, most_twice=kills * ON_THE_WAY)
    told = sum(map(len, changes.values()))
    print(f"{kills} kills, {told} changes, {len(messages)} messages, {len(hook.received)} requests")


def _is(client: httpx.Client, probe: str, state: str) -> bool:
    return bool(asked(client, f"{PROBES}/{probe}")["state"] == state)


def _back_in_schedule(targets: Watched, paths: list[str], *, since: float) -> None:
    """Every probe has been checked again within an interval of its schedule, once its server is back."""
    wait_until(
        lambda: all(targets.asked[path] and targets.asked[path][-1].at > since for path in paths),
        "every probe is checked again",
        seconds=INTERVAL + RESTART_SECONDS,
    )


def results_of(client: httpx.Client, probe: str) -> list[dict[str, Any]]:
    """All results of a probe, oldest first."""
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = asked(client, f"{PROBES}/{probe}/results", limit=1000, **cursor)
        found += page["results"]
        if page["next_cursor"] is None:
            return found[::-1]
        cursor = {"cursor": page["next_cursor"]}


def open_alerts(client: httpx.Client) -> Counter[str]:
    """How many alerts are open of each probe."""
    found: Counter[str] = Counter()
    while True:
        page = asked(client, "/api/v1/notifications/alerts", status="firing", limit=100, offset=found.total())
        found.update(one["probe_id"] for one in page["alerts"])
        if found.total() >= page["total"]:
            return found


@dataclass(frozen=True)
class Ledger:
    """What a database holds of changes and messages."""

    url: str

    def changes(self) -> dict[str, list[sa.Row[Any]]]:
        """The changes of each probe, oldest first."""
        columns = (probes.c.id, probe_changes.c.before, probe_changes.c.after, probe_changes.c.at)
        query = sa.select(*columns).join_from(
            probe_changes, probes, probes.c.number == probe_changes.c.number
        )
        found: dict[str, list[sa.Row[Any]]] = {}
        for row in anyio.run(self._read, query.order_by(probe_changes.c.id)):
            found.setdefault(row.id, []).append(row)
        return found

    def messages(self) -> list[sa.Row[Any]]:
        """Every message, oldest first."""
        return anyio.run(self._read, sa.select(outbox).order_by(outbox.c.seq))

    async def _read(self, query: sa.Select[Any]) -> list[sa.Row[Any]]:
        database = Database(self.url)
        try:
            async with database.read() as connection:
                return list(await connection.execute(query))
        finally:
            await database.close()


def check_changes(results: list[dict[str, Any]], changes: list[sa.Row[Any]]) -> None:
    """There is a change wherever two results differ, and nowhere else; the last one is the pause."""
    states = ["unknown", *(one["status"] for one in results)]
    flips = [(a, b) for a, b in pairwise(states) if a != b]
    told = [(change.before, change.after) for change in changes]
    assert told == [*flips, (states[-1], "unknown")]


def check_told(
    hook: Receiver, changes: dict[str, list[sa.Row[Any]]], messages: list[sa.Row[Any]], *, most_twice: int
) -> None:
    """Each change that people hear of is one message, sent once under its key, in the order of its probe."""
    assert {row.state for row in messages} <= {"sent"}
    told: dict[str, list[str]] = {}
    for row in messages:
        told.setdefault(row.subject, []).append(row.payload["event"])
    for probe, of_it in changes.items():
        expected = [
            "alert.firing" if change.after == "failure" else "alert.resolved"
            for change in of_it
            if change.after == "failure" or (change.before, change.after) == ("failure", "success")
        ]
        assert told.get(probe, []) == expected, probe
    keys = hook.keys()
    assert set(keys) == {row.id for row in messages}
    # Only what was on its way when a server died has come again, under the same key and with the same words.
    assert sum(count - 1 for count in keys.values()) <= most_twice
    bodies: dict[str, bytes] = {}
    for got in hook.received:
        assert got.is_signed_with(SHARED)
        assert bodies.setdefault(got.key, got.body) == got.body


@pytest.fixture
def pair(database_kind: str, tmp_path: Path) -> Iterator[tuple[ServerProcess, ServerProcess]]:
    """Two servers that share a database."""
    if database_kind != "postgresql":
        pytest.skip("SQLite has one process")  # the run with --database postgresql has it
    with ExitStack() as stack:
        url = stack.enter_context(fresh_postgres(os.environ["EULERMAKER_TEST_POSTGRES_URL"]))
        settings = {"EULERMAKER_DATABASE_URL": url, "EULERMAKER_SECRET_KEY": SECRET}
        settings["EULERMAKER_OVERLOAD__ENABLED"] = "false"
        first, second = (
            stack.enter_context(ServerProcess(tmp_path / name, settings).running()) for name in ("a", "b")
        )
        yield first, second


def _shown(server: ServerProcess) -> float:
    told = httpx.get(f"{server.url}/metrics", timeout=30).text.splitlines()
    return sum(float(line.split()[1]) for line in told if line.startswith("eulermaker_probes{"))


def test_servers_share_the_probes_and_one_takes_over(
    pair: tuple[ServerProcess, ServerProcess], targets: Watched
) -> None:
    first, second = pair
    interval, count = 2.0, 64
    with first.signed_in() as client:
        probes = add(client, targets, count, interval=interval)
        wait_until(
            lambda: _shown(first) + _shown(second) == count and min(_shown(first), _shown(second)) > 0,
            "the servers share",
            seconds=SECONDS,
        )
        assert {_shown(first), _shown(second)} == {count / 2}
        # One that the other server checks is checked at once as well, and what it finds is told here.
        for path in list(probes)[:4]:
            answer = client.post(f"{PROBES}/{probes[path]}/check").json()["data"]
            assert (answer["status"], answer["recorded"]) == ("success", True)
        settled = time.monotonic() + interval
        time.sleep(4 * interval)
        end = time.monotonic()
        for path in probes:
            asked = [at for at in targets.times(path) if settled <= at < end]
            gaps = [b - a for a, b in pairwise(asked)]
            assert len(asked) >= 2
            assert min(gaps) > interval / 2, f"{path} was checked twice"
        second.kill()
        killed = time.monotonic()
        wait_until(
            lambda: all(targets.asked[path][-1].at > killed for path in probes),
            "the other has taken over",
            seconds=TAKEN_OVER_SECONDS + interval + 5,
        )
        # What a probe waits for its own turn is no part of the taking over.
        late = max(min(at for at in targets.times(path) if at > killed) - killed for path in probes)
        assert late <= TAKEN_OVER_SECONDS + interval
        assert _shown(first) == count
