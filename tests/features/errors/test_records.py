"""What clients were told: counted, stored whole, kept within bounds, seen by administrators."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import anyio
import pytest
from prometheus_client import CollectorRegistry, generate_latest

from eulermaker.features.errors import tally
from eulermaker.features.errors.schemas import ErrorCounts, Told
from eulermaker.features.errors.service import ErrorRecords
from eulermaker.features.errors.tally import ErrorCollector, Tally
from eulermaker.kernel.call import Call, Principal, Role
from eulermaker.kernel.database import Database
from eulermaker.kernel.faults import DATABASE_UNAVAILABLE, Fault
from eulermaker.kernel.migrate import migrate
from eulermaker.kernel.paging import Page
from eulermaker.kernel.settings import Errors

NOON = datetime(2026, 2, 3, 12, tzinfo=UTC)
ROOT = Call(Principal("user_1", "root", "tenant_1", Role.ROOT, "session_1"), "en")
ADMIN = Call(Principal("user_2", "admin", "tenant_1", Role.ADMIN, "session_2"), "en")
OPERATOR = Call(Principal("user_3", "operator", "tenant_1", Role.OPERATOR, "session_3"), "en")


def told(slug: str = "build-not-found", *, request: str = "req_1", **fields: object) -> Told:
    known: dict[str, object] = {
        "family": "000",
        "code": "RESOURCE_NOT_FOUND",
        "status": 404,
        "method": "GET",
        "route": "/api/v1/builds/{build}",
        "tenant": "tenant_1",
        "user": "user_1",
        "cause": None,
        "at": NOON,
    }
    return Told(slug=slug, request_id=request, **{**known, **fields})  # type: ignore[arg-type]  # by name


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url)
    await migrate(opened)
    yield opened
    await opened.close()


def records(database: Database, **settings: int) -> ErrorRecords:
    return ErrorRecords(database, settings=Errors(**settings), clock=lambda: NOON)


async def counted(kept: ErrorRecords, call: Call = ROOT, **wanted: str | None) -> ErrorCounts:
    asked: dict[str, str | None] = {"family": None, "code": None, "slug": None, "route": None, **wanted}
    return await kept.counts(call, Page(), **asked)  # type: ignore[arg-type]  # a family, by name


@pytest.mark.anyio
async def test_counts_add_up_over_servers_and_starts(database: Database) -> None:
    here, there = records(database), records(database)
    for minute in (5, 1, 3):
        here.note(told(at=NOON + timedelta(minutes=minute)))
    there.note(told(at=NOON))
    there.note(told("forbidden", code="FORBIDDEN", status=403))
    await there.store()
    found = await counted(here)
    assert [(each.slug, each.count) for each in found.errors] == [("build-not-found", 4), ("forbidden", 1)]
    assert (found.total, found.occurrences) == (2, 5)
    first = found.errors[0]
    assert (first.first_seen, first.last_seen) == (NOON, NOON + timedelta(minutes=5))
    assert (first.tenant, first.route, first.status) == ("tenant_1", "/api/v1/builds/{build}", 404)
    # A server that starts finds them.
    assert (await counted(records(database))).occurrences == 5


@pytest.mark.anyio
async def test_counts_are_filtered(database: Database) -> None:
    kept = records(database)
    kept.note(told())
    kept.note(told("forbidden", family="004", code="E203", status=403, route="/v1/users"))
    asked = {"family": "004", "code": "E203", "slug": "forbidden", "route": "/v1/users"}
    for name, value in asked.items():
        assert [each.slug for each in (await counted(kept, ROOT, **{name: value})).errors] == ["forbidden"]


@pytest.mark.anyio
async def test_who_sees_what(database: Database) -> None:
    kept = records(database)
    for tenant in ("tenant_1", "tenant_2", ""):
        kept.note(told(tenant=tenant, request=f"req_of{tenant}"))
    assert {each.tenant for each in (await counted(kept, ROOT)).errors} == {"tenant_1", "tenant_2", ""}
    assert {each.tenant for each in (await counted(kept, ADMIN)).errors} == {"tenant_1", ""}
    assert (await kept.of_request(ROOT, "req_oftenant_2")).occurrences[0].tenant == "tenant_2"
    with pytest.raises(Fault) as hidden:
        await kept.of_request(ADMIN, "req_oftenant_2")
    assert hidden.value.entry.slug == "failed-request-not-found"
    with pytest.raises(Fault) as refused:
        await counted(kept, OPERATOR)
    assert refused.value.entry.slug == "forbidden"


@pytest.mark.anyio
async def test_a_request_is_found_by_its_id_with_all_that_it_was_told(database: Database) -> None:
    kept = records(database)
    kept.note(told(request="mine", cause="ConnectionRefusedError"))
    kept.note(told("forbidden", request="mine", at=NOON + timedelta(seconds=1)))
    kept.note(told(request="other"))
    found = (await kept.of_request(ADMIN, "mine")).occurrences
    assert [(each.slug, each.cause) for each in found] == [
        ("forbidden", None),
        ("build-not-found", "ConnectionRefusedError"),
    ]
    assert (found[1].user, found[1].method, found[1].at) == ("user_1", "GET", NOON)


@pytest.mark.anyio
async def test_what_could_not_be_stored_is_stored_later(database: Database) -> None:
    class AwayDatabase(Database):
        """Lost at each attempt to write."""

        def write(self) -> object:  # type: ignore[override]  # it never comes to a connection
            raise DATABASE_UNAVAILABLE()

    away = AwayDatabase("sqlite+aiosqlite://")
    kept = records(away)
    kept.note(told())
    for _ in range(2):
        with pytest.raises(Fault):
            await kept.store()
    kept.note(told())
    kept._database = database
    assert (await counted(kept)).occurrences == 2
    assert len((await kept.of_request(ADMIN, "req_1")).occurrences) == 2
    await away.close()


@pytest.mark.anyio
async def test_the_service_stores_the_last_of_it_when_it_is_ended(database: Database) -> None:
    kept = records(database)
    async with anyio.create_task_group() as group:
        group.start_soon(kept.run)
        await anyio.wait_all_tasks_blocked()
        kept.note(told())
        group.cancel_scope.cancel()
    assert kept.tally.take().counts == {}
    assert (await counted(records(database))).occurrences == 1


@pytest.mark.anyio
async def test_old_occurrences_go_and_so_do_those_beyond_the_bound(database: Database) -> None:
    kept = records(database, keep_days=7, max_kept=2, keep_count_days=30)
    kept.note(told(request="old", at=NOON - timedelta(days=8)))
    kept.note(told("forbidden", request="older", at=NOON - timedelta(days=31)))
    for number in range(3):
        kept.note(told(request=f"req_{number}"))
    await kept.store()
    await kept.sweep()
    for gone in ("old", "older", "req_0"):
        with pytest.raises(Fault):
            await kept.of_request(ROOT, gone)
    assert (await kept.of_request(ROOT, "req_1")).occurrences
    # A count outlives its occurrences, but not for ever.
    assert [(each.slug, each.count) for each in (await counted(kept)).errors] == [("build-not-found", 4)]


def test_a_flood_is_counted_whole_and_kept_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tally, "MAX_SERIES", 3)
    flooded = Tally()
    for number in range(1000):
        flooded.note(told(request=f"req_{number}", tenant=f"tenant_{number}"))
    assert len(flooded.totals) == 4
    assert sum(flooded.totals.values()) == 1000
    batch = flooded.take()
    assert sum(each.count for each in batch.counts.values()) == 1000
    assert [each.request_id for each in batch.recent][:1] == [f"req_{1000 - tally.MAX_RECENT}"]


def test_prometheus_is_told_by_code_route_and_tenant() -> None:
    noted = Tally()
    noted.note(told())
    noted.note(told())
    noted.take()
    registry = CollectorRegistry()
    registry.register(ErrorCollector(noted))
    assert (
        'eulermaker_errors_total{code="RESOURCE_NOT_FOUND",family="000",route="/api/v1/builds/{build}",'
        'slug="build-not-found",status="404",tenant="tenant_1"} 2.0'
    ) in generate_latest(registry).decode()
