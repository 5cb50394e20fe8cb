"""Maintenance: what all processes of one database know, when it ends, and who has set it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import anyio
import pytest

from eulermaker.features.audit.service import Audit
from eulermaker.features.system.maintenance import KEY, Maintenance, Window, refusal
from eulermaker.features.system.service import human_size, without_credentials
from eulermaker.kernel.call import Call, Principal, Role
from eulermaker.kernel.database import Database
from eulermaker.kernel.faults import Fault, InvalidFields
from eulermaker.kernel.migrate import migrate
from eulermaker.kernel.paging import Page

NOON = datetime(2026, 2, 3, 12, tzinfo=UTC)
ADMIN = Call(Principal("user_1", "admin", "tenant_1", Role.ADMIN, "session_1"), "en", "192.0.2.1")
OPERATOR = Call(Principal("user_2", "operator", "tenant_1", Role.OPERATOR, "session_2"), "en")


class Time:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url)
    await migrate(opened)
    yield opened
    await opened.close()


def of(database: Database, clock: Time) -> Maintenance:
    return Maintenance(database, Audit(database, clock=clock), clock=clock)


@pytest.mark.anyio
async def test_what_one_process_sets_the_others_learn_and_so_does_one_that_starts(database: Database) -> None:
    clock = Time()
    here, there = of(database, clock), of(database, clock)
    await here.begin(ADMIN, kind="scheduled", message="disks", until=None)
    assert here.refusal() is not None
    assert there.refusal() is None
    await there.look()
    assert there.current == here.current
    assert there.refusal() is not None
    await there.begin(ADMIN, kind="emergency", message="fire", until=NOON + timedelta(hours=1))
    await here.look()
    assert here.current is not None
    assert (here.current.type, here.current.message) == ("emergency", "fire")
    await here.end(ADMIN)
    await there.look()
    assert there.refusal() is None
    await here.end(ADMIN)


@pytest.mark.anyio
async def test_it_ends_by_itself_when_its_time_is_over(database: Database) -> None:
    clock = Time()
    maintenance = of(database, clock)
    await maintenance.begin(ADMIN, kind="scheduled", message="disks", until=NOON + timedelta(minutes=10))
    clock.now += timedelta(minutes=9, seconds=59)
    fault = maintenance.refusal()
    assert fault is not None
    assert fault.retry_after == 1
    clock.now += timedelta(seconds=1)
    assert maintenance.refusal() is None
    await maintenance.look()
    assert maintenance.current is None


@pytest.mark.anyio
async def test_only_administrators_set_it_and_it_is_on_record(database: Database) -> None:
    clock = Time()
    maintenance = of(database, clock)
    with pytest.raises(Fault) as refused:
        await maintenance.begin(OPERATOR, kind="scheduled", message="mine", until=None)
    assert refused.value.entry.slug == "forbidden"
    with pytest.raises(Fault):
        await maintenance.end(OPERATOR)
    with pytest.raises(InvalidFields):
        await maintenance.begin(ADMIN, kind="scheduled", message="late", until=NOON)
    assert maintenance.current is None

    await maintenance.begin(ADMIN, kind="scheduled", message="disks", until=None)
    await maintenance.end(ADMIN)
    entries = await Audit(database, clock=clock).of_resource("system", KEY, Page(10, 0))
    assert [(entry.action, entry.username, entry.address) for entry in entries] == [
        ("maintenance.end", "admin", "192.0.2.1"),
        ("maintenance.begin", "admin", "192.0.2.1"),
    ]


@pytest.mark.anyio
async def test_two_that_set_it_at_once_leave_one(database: Database) -> None:
    clock = Time()
    several = [of(database, clock) for _ in range(4)]
    async with anyio.create_task_group() as group:
        for number, maintenance in enumerate(several):
            group.start_soon(
                lambda m, n: m.begin(ADMIN, kind="scheduled", message=str(n), until=None), maintenance, number
            )
    for maintenance in several:
        await maintenance.look()
    windows = {maintenance.current for maintenance in several}
    assert len(windows) == 1
    assert None not in windows


@pytest.mark.parametrize(
    ("left", "retry_after"),
    [(None, 60), (timedelta(seconds=90), 90), (timedelta(milliseconds=1), 1), (timedelta(days=2), 3600)],
)
def test_a_refusal_tells_when_to_come_back(left: timedelta | None, retry_after: int) -> None:
    until = None if left is None else NOON + left
    window = Window(type="scheduled", message="disks", until=until, since=NOON, started_by="admin")
    fault = refusal(window, NOON)
    assert fault.retry_after == retry_after
    assert set(fault.details) == {"maintenanceType", "estimatedEndTime", "message"}


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0B"),
        (999, "999B"),
        (1000, "1kB"),
        (999_499, "999kB"),
        (999_500, "1MB"),
        (5_730_000, "5.73MB"),
        (2_500_000_000, "2.5GB"),
        (123_456_789_012_345, "123TB"),
        (1_234_567_890_123_456, "1235TB"),
    ],
)
def test_sizes_are_written_as_docker_does(size: int, text: str) -> None:
    assert human_size(size) == text


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("unix:///var/run/docker.sock", "unix:///var/run/docker.sock"),
        ("tcp://10.0.0.1:2375", "tcp://10.0.0.1:2375"),
        ("tcp://user:secret@engine:2375", "tcp://engine:2375"),
    ],
)
def test_the_engines_address_is_shown_without_credentials(url: str, shown: str) -> None:
    assert without_credentials(url) == shown
