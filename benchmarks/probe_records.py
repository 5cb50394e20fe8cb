"""Probes and results, put into a server's database while it is down."""

import math
import random
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
from tests.server import ServerProcess

from eulermaker.features.accounts.store import AccountStore, User
from eulermaker.features.probes.checks.verdict import Status
from eulermaker.features.probes.packing import HOUR_MS, Hour, Result
from eulermaker.features.probes.rules import shard_of
from eulermaker.features.probes.store import Probe, ProbeStore, ResultStore
from eulermaker.features.probes.tables import probe_shards, probes
from eulermaker.kernel.database import Database

OK = '{"status_code":200,"response_body":"OK"}'
FAILED = '{"error":"timeout","phase":"connect"}'
AT_ONCE = 2000


def add_probes(server: ServerProcess, count: int, *, url: str, interval: float) -> list[Probe]:
    """Add HTTP probes of the first administrator; tells the first 2,000 of them."""
    return anyio.run(_add_probes, server, count, url, interval)


def add_results(server: ServerProcess, probes: Sequence[Probe], *, hours: int, interval: float) -> int:
    """Give each probe the results of so many hours, up to the one before this; tells how many in all."""
    return anyio.run(_add_results, server, probes, hours, interval)


def database_bytes(server: ServerProcess) -> int:
    """How much the database takes on disk, its write-ahead log moved into it."""
    path = server.data_dir / "eulermaker.db"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return sum(Path(f"{path}{end}").stat().st_size for end in ("", "-wal") if Path(f"{path}{end}").exists())


async def _add_probes(server: ServerProcess, count: int, url: str, interval: float) -> list[Probe]:
    database = Database(f"sqlite+aiosqlite:///{server.data_dir / 'eulermaker.db'}")
    now = datetime.now(UTC)
    try:
        async with database.write() as connection:
            owner = await AccountStore(connection).user_named("admin")
            assert owner is not None
            rows = [
                _row(number, owner, url=url, interval=interval, now=now) for number in range(1, count + 1)
            ]
            for begin in range(0, count, AT_ONCE):
                await connection.execute(probes.insert(), rows[begin : begin + AT_ONCE])
            await connection.execute(probe_shards.update().values(revision=1))
            return await ProbeStore(connection).by_numbers(range(1, min(count, AT_ONCE) + 1))
    finally:
        await database.close()


def _row(number: int, owner: User, *, url: str, interval: float, now: datetime) -> dict[str, Any]:
    return {
        "number": number,
        "id": f"probe_{number:012x}",
        "tenant_id": owner.tenant,
        "owner_id": owner.id,
        "name": f"service-{number}",
        "probe_type": "http",
        "labels": {"team": f"team-{number % 20}"},
        "config": {"url": url, "interval": interval, "timeout": min(5.0, interval)},
        "sees_all": True,
        "unconfined": True,
        "severity": "warning",
        "enabled": True,
        "created_at": now,
        "updated_at": now,
        "state_since": now,
        "shard": shard_of(number),
        "revision": 1,
        "asked_at": 0,
        "pushed_at": 0,
        "suspended": False,
        "state": "unknown",
        "successes": 0,
        "failures": 0,
        "last_at": 0,
        "checks": 0,
        "succeeded": 0,
        "failed": 0,
    }


async def _add_results(server: ServerProcess, chosen: Sequence[Probe], hours: int, interval: float) -> int:
    draw = random.Random(7)
    last = int(datetime.now(UTC).timestamp() * 1000) // HOUR_MS - 1
    # The results of one hour differ from those of another; a few hundred kinds of hours are enough.
    kinds = [_results(draw, interval) for _ in range(200)]
    database = Database(f"sqlite+aiosqlite:///{server.data_dir / 'eulermaker.db'}")
    total = 0
    rows: list[tuple[int, Hour]] = []
    try:
        for probe in chosen:
            for hour in range(last - hours + 1, last + 1):
                kept = Hour(hour)
                start = hour * HOUR_MS
                kept.add([one._replace(at=start + one.at) for one in draw.choice(kinds)])
                total += kept.checks
                rows.append((probe.number, kept))
                if len(rows) == AT_ONCE:
                    await _put(database, rows)
        await _put(database, rows)
    finally:
        await database.close()
    return total


async def _put(database: Database, rows: list[tuple[int, Hour]]) -> None:
    async with database.write() as connection:
        await ResultStore(connection).put_hours(rows)
    rows.clear()


def _results(draw: random.Random, interval: float) -> list[Result]:
    phase = draw.random()
    found = []
    for k in range(int(3600 / interval)):
        at = int(1000 * (k + phase) * interval) + draw.randrange(20)
        if draw.random() < 0.01:
            found.append(Result(at, Status.FAILURE, 50_000, FAILED))
        else:
            found.append(Result(at, Status.SUCCESS, int(10 * math.exp(draw.gauss(2.5, 0.6))), OK))
    return found
