"""kill -9 of the server between change and delivery, at receivers that misbehave: nothing is lost."""

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
import sqlalchemy as sa

from eulermaker.features.alerts.schemas import StateChange
from eulermaker.kernel.database import Database
from eulermaker.kernel.outbox import outbox
from eulermaker.kernel.settings import Alerts
from tests.alerting import Changes, failing, well
from tests.api.people import database_url
from tests.faults.conftest import SOAK, NewServer
from tests.features.notifications.receivers import SECRET, Received, Receiver, mail_server, receiver
from tests.server import ServerProcess, free_port, fresh_postgres

CHANNELS = "/api/v1/notifications/channels"
DELIVERIES = "/api/v1/notifications/deliveries"
PATIENCE = {
    "EULERMAKER_NOTIFICATIONS__FIRST_RETRY_SECONDS": "0.05",
    "EULERMAKER_NOTIFICATIONS__MAX_RETRY_SECONDS": "0.5",
    "EULERMAKER_NOTIFICATIONS__MAX_ATTEMPTS": "100",
    "EULERMAKER_NOTIFICATIONS__DEADLINE_SECONDS": "2",
}
CONCURRENT = 16
ROUNDS = 60 if SOAK else 3
PROBES = 1000 if SOAK else 60
#: Every change is told: nothing cools down, and nothing counts as flapping.
POLICY = Alerts(cooldown_seconds=0, flap_start=100, flap_stop=99, flap_window_seconds=1)
MANNERS = ("polite", "polite", "failing", "dropping", "slow")


class Moods(Receiver):
    """A receiver whose manners change with every request."""

    def __init__(self, port: int, *, seed: int) -> None:
        super().__init__(port=port)
        self.random = random.Random(seed)
        self.calm = False
        self.accepted: Counter[str] = Counter()

    def take(self, request: Any) -> None:
        """Answer, fail, drop the connection or never answer."""
        with self.arrived:
            manner = "polite" if self.calm else self.random.choice(MANNERS)
            self.accepted[request.headers["Idempotency-Key"]] += manner == "polite"
        self.behave(request, manner)


@pytest.fixture
def changing(new_server: NewServer) -> ServerProcess:
    """A server that tries often."""
    return new_server(**PATIENCE)


def add_channel(client: httpx.Client, url: str, **fields: Any) -> str:
    """A webhook of the caller's; tells its id."""
    config = {"url": url, "secret": SECRET}
    body = {"name": "hook", "type": "webhook", "config": config, **fields}
    answer = client.post(CHANNELS, json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["data"]["id"])


def stored(url: str) -> list[Any]:
    """Every message of the database."""

    async def read() -> list[Any]:
        database = Database(url)
        try:
            async with database.read() as connection:
                return list((await connection.execute(sa.select(outbox).order_by(outbox.c.seq))).all())
        finally:
            await database.close()

    return anyio.run(read)


def until(happened: Callable[[], bool], *, seconds: float = 120) -> None:
    """Wait until it has happened."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it does not happen"
        time.sleep(0.05)


class Storm(threading.Thread):
    """Probes that fail and recover, one transaction each, until it is told to stop."""

    def __init__(self, changes: Changes, owner: str) -> None:
        super().__init__()
        self.changes = changes
        self.owner = owner
        self.told: list[StateChange] = []
        self.ended = threading.Event()
        self.failure: BaseException | None = None

    def run(self) -> None:
        """Tell changes."""
        try:
            for number in range(PROBES):
                change = failing(f"probe_{number:012x}", self.owner)
                self._tell(change)
                self._tell(well(change))
                if self.ended.wait(0.001):
                    return
        except BaseException as failure:
            self.failure = failure
            raise

    def _tell(self, change: StateChange) -> None:
        self.changes.tell(change)
        self.told.append(change)


def test_kill_between_change_and_delivery_loses_nothing(changing: ServerProcess) -> None:
    server, seed = changing, random.randrange(2**32)
    chance = random.Random(seed)
    changes = Changes(database_url(server), POLICY)
    with receiver(kind=lambda port: Moods(port, seed=seed)) as hook, server.signed_in() as client:
        assert isinstance(hook, Moods)
        add_channel(client, hook.url)
        storm = Storm(changes, changes.user_id("admin"))
        storm.start()
        kills = 0
        for _ in range(ROUNDS):
            time.sleep(chance.uniform(0.05, 10 if SOAK else 1.5))
            server.kill()
            kills += 1
            server.start()
        storm.join(600)
        assert storm.failure is None
        hook.calm = True
        hook.ended.set()
        until(lambda: all(row.state != "pending" for row in stored(changes.url)))

        rows = stored(changes.url)
        assert {row.state for row in rows} == {"sent"}, f"seed {seed}"
        # Each change is one message, and each message one key.
        expected = [("firing" if c.after == "failure" else "resolved", c.probe) for c in storm.told]
        told = [(row.payload["event"].removeprefix("alert."), row.subject) for row in rows]
        assert sorted(told) == sorted(expected), f"seed {seed}"
        assert set(hook.keys()) == {row.id for row in rows}
        check_receipts(hook.received)
        # Only what was on its way when the server died may have been accepted twice.
        twice = sum(count - 1 for count in hook.accepted.values() if count > 1)
        assert twice <= kills * CONCURRENT, f"seed {seed}"
        assert all(hook.accepted[row.id] >= 1 for row in rows)


def check_receipts(received: list[Received]) -> None:
    """Every receipt is signed, says the same for the same key, and comes in the order of its probe."""
    bodies: dict[str, bytes] = {}
    first: dict[str, list[str]] = {}
    for got in received:
        assert got.is_signed_with(SECRET)
        if got.key not in bodies:
            first.setdefault(got.json["probe"]["id"], []).append(got.json["event"])
        assert bodies.setdefault(got.key, got.body) == got.body
    for probe, events in first.items():
        assert events == ["alert.firing", "alert.resolved"], probe


def test_several_servers_share_the_work(database_kind: str, tmp_path: Path) -> None:
    if database_kind != "postgresql":
        pytest.skip("servers share a PostgreSQL only")  # the run with --database postgresql has it
    with ExitStack() as stack:
        settings = {
            **PATIENCE,
            **stack.enter_context(postgres()),
            "EULERMAKER_SECRET_KEY": "s" * 40,
            "EULERMAKER_NOTIFICATIONS__DEADLINE_SECONDS": "8",
        }
        servers = [
            stack.enter_context(ServerProcess(tmp_path / name, settings).running()) for name in ("a", "b")
        ]
        hook = stack.enter_context(receiver())
        client = stack.enter_context(servers[0].signed_in())
        add_channel(client, hook.url)
        changes = Changes(settings["EULERMAKER_DATABASE_URL"], POLICY)
        mine = changes.user_id("admin")
        for start in range(0, 100, 10):
            changes.tell(*(failing(f"probe_{start + n:012x}", mine) for n in range(10)))
        hook.wait(100, seconds=120)
        until(lambda: all(row.state == "sent" for row in stored(changes.url)))
        # Nobody died, so nothing came twice.
        assert set(hook.keys().values()) == {1}
        # Each takes four at once to one receiver; one dies with its hands full, the other goes on.
        hook.manner = "slow"
        changes.tell(*(failing(f"probe_{n:012x}", mine) for n in range(100, 110)))
        held = hook.wait(108, seconds=60)[100:]
        assert len({got.key for got in held}) == 8
        servers[0].kill()
        hook.manner = "polite"
        hook.ended.set()
        until(lambda: all(row.state == "sent" for row in stored(changes.url)))
        assert len(hook.keys()) == 110


@contextmanager
def postgres() -> Iterator[dict[str, str]]:
    """The settings for an empty database of PostgreSQL."""
    with fresh_postgres(os.environ["EULERMAKER_TEST_POSTGRES_URL"]) as url:
        yield {"EULERMAKER_DATABASE_URL": url}


def test_a_receiver_that_hangs_keeps_nobody_else_waiting(changing: ServerProcess) -> None:
    changes = Changes(database_url(changing), POLICY)
    with (
        receiver(manner="slow") as hanging,
        receiver() as polite,
        changing.signed_in() as client,
    ):
        add_channel(client, hanging.url)
        add_channel(client, polite.url)
        add_channel(client, f"http://127.0.0.1:{free_port()}/")
        mine = changes.user_id("admin")
        changes.tell(*(failing(f"probe_{n:012x}", mine) for n in range(40)))
        polite.wait(40)
        assert set(polite.keys().values()) == {1}
        assert len(hanging.received) < 40


def test_mail_leaves_through_the_configured_server(new_server: NewServer) -> None:
    with mail_server() as box:
        smtp = {
            "EULERMAKER_SMTP__HOST": "127.0.0.1",
            "EULERMAKER_SMTP__PORT": str(box.port),
            "EULERMAKER_SMTP__TLS": "none",
            "EULERMAKER_SMTP__SENDER": "alerts@example.org",
        }
        server = new_server(**PATIENCE, **smtp)
        changes = Changes(database_url(server), POLICY)
        with server.signed_in() as client:
            config = {"to": ["team@example.org"]}
            body = {"name": "mail", "type": "email", "config": config, "language": "en"}
            answer = client.post(CHANNELS, json=body)
            assert answer.status_code == 201, answer.text
            changes.tell(failing("probe_000000000001", changes.user_id("admin")))
            until(lambda: len(box.mails) == 1)
            (delivery,) = client.get(DELIVERIES).json()["data"]["deliveries"]
    (got,) = box.mails
    assert got["Subject"] == "[critical] Probe name of probe_000000000001 is failing"
    assert got["Message-ID"] == f"<{delivery['id']}@example.org>"
    assert box.recipients == ["team@example.org"]
