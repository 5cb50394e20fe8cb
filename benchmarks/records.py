"""Finished builds, put into a server's database and onto its disk while it is down."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice

import anyio
from tests.server import ServerProcess

from eulermaker.features.accounts.store import AccountStore
from eulermaker.features.builds.log import Line, LogWriter
from eulermaker.features.builds.rules import State
from eulermaker.features.builds.store import Build, BuildStore
from eulermaker.kernel.database import Database

DOCKERFILE = "FROM eulermaker/test-busybox:latest\nRUN make\n"
NAMES = 500
STATES = (*[State.SUCCESS] * 7, State.FAILED, State.CANCELLED, State.TIMEOUT)
LINES_AT_ONCE = 10_000
# What a compiler run prints: mostly long command lines, now and then a warning or a short line.
_COMPILED = (
    "gcc -DHAVE_CONFIG_H -I. -I./lib -O2 -g -pipe -Wall -Werror=format-security -fstack-protector-strong "
    "-MT lib/unit-{n}.o -MD -MP -MF lib/.deps/unit-{n}.Tpo -c -o lib/unit-{n}.o lib/unit-{n}.c",
    "mv -f lib/.deps/unit-{n}.Tpo lib/.deps/unit-{n}.Po",
    'lib/unit-{n}.c:118:7: warning: unused variable "naïve" [-Wunused-variable]',
    "checking for unit-{n}.h... yes",
)


def add_builds(server: ServerProcess, count: int) -> list[str]:
    """Add finished builds of the first administrator, a minute apart; their ids, newest first."""
    return anyio.run(_add_builds, server, count)


def write_log(server: ServerProcess, build: str, lines: int) -> None:
    """Give a build a log of so many lines."""
    folder = server.data_dir / "builds" / build
    folder.mkdir(parents=True)
    told = _lines(lines)
    with LogWriter(folder / "log.ndjson", max_bytes=1024**3) as writer:
        while writer.append(islice(told, LINES_AT_ONCE)):
            pass


async def _add_builds(server: ServerProcess, count: int) -> list[str]:
    node = (server.data_dir / "installation").read_text().strip()
    database = Database(f"sqlite+aiosqlite:///{server.data_dir / 'eulermaker.db'}")
    try:
        async with database.write() as connection:
            owner = await AccountStore(connection).user_named("admin")
            assert owner is not None
            store, now = BuildStore(connection), datetime.now(UTC)
            builds = [
                _build(number, owner=owner.id, tenant=owner.tenant, node=node, now=now)
                for number in range(count)
            ]
            for build in builds:
                await store.add(build)
    finally:
        await database.close()
    return [build.id for build in builds]


def _build(number: int, *, owner: str, tenant: str, node: str, now: datetime) -> Build:
    created = now - timedelta(minutes=number)
    name = f"package-{number % NAMES}"
    return Build(
        id=f"build_{number:012x}",
        tenant_id=tenant,
        owner_id=owner,
        node=node,
        name=name,
        state=STATES[number % len(STATES)],
        dockerfile_content=DOCKERFILE,
        spec_content=None,
        build_args={"JOBS": "2"},
        labels={},
        target=None,
        cache_enabled=True,
        cache_from=[],
        timeout=1800,
        created_at=created,
        image_tag=f"{name}:latest",
        attempts=1,
        queued_at=created,
        started_at=created + timedelta(seconds=1),
        finished_at=created + timedelta(seconds=40),
        image_id=f"sha256:{number:064x}",
        image_size=80_000_000,
        image_layers=5,
        steps_total=2,
        steps_cached=1,
        steps_done=2,
    )


def _lines(count: int) -> Iterator[Line]:
    at = datetime.now(UTC)
    for n in range(count):
        text = _COMPILED[n % len(_COMPILED)].format(n=n // len(_COMPILED))
        yield Line(text, at + timedelta(milliseconds=n), "output", 2, 2)
