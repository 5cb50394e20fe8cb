"""Alerts over a real database, in virtual time: what is recorded, and what is put into the outbox."""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import pytest
import sqlalchemy as sa

from eulermaker.features.alerts.schemas import StateChange
from eulermaker.features.alerts.service import Alerts
from eulermaker.features.alerts.tables import alert_events, alert_tracks, alerts
from eulermaker.features.notifications.schemas import NewWebhook, NewWindow, WebhookConfig
from eulermaker.features.notifications.service import Notifications
from eulermaker.kernel.call import Call, Principal, Role
from eulermaker.kernel.database import Database
from eulermaker.kernel.faults import Fault
from eulermaker.kernel.migrate import migrate
from eulermaker.kernel.outbox import outbox
from tests.alerting import alerts_of, failing, notifications_of, well

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)

pytestmark = pytest.mark.anyio


class Clock:
    """Says what it is told to."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def move(self, seconds: float) -> datetime:
        """Let time pass; tells the moment."""
        self.now += timedelta(seconds=seconds)
        return self.now


class World:
    """A database with alerts, a channel that hears of all of the owner's, and a clock."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = Clock()
        self.notifications: Notifications = notifications_of(database, clock=self.clock)
        self.alerts: Alerts = alerts_of(database, clock=self.clock, notifications=self.notifications)
        self.call = Call(Principal("me", "me", "tenant_default", Role.USER, "session"), "en")

    async def tell(self, *changes: StateChange) -> None:
        """Observe the changes in one transaction."""
        async with self.database.write() as connection:
            await self.alerts.observe_all(connection, changes)

    async def look(self) -> None:
        """What the service does about time alone."""
        while await self.alerts._look():
            pass

    async def rows(self, query: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        """What is stored."""
        async with self.database.read() as connection:
            found: Sequence[sa.Row[Any]] = (await connection.execute(query)).all()
        return found

    async def events(self) -> list[str]:
        """The events' kinds, oldest first."""
        return [
            row.kind for row in await self.rows(sa.select(alert_events.c.kind).order_by(alert_events.c.seq))
        ]

    async def messages(self) -> list[str]:
        """What waits in the outbox, oldest first."""
        found = await self.rows(sa.select(outbox.c.payload).order_by(outbox.c.seq))
        return [row.payload["event"].removeprefix("alert.") for row in found]


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    """An empty world with one channel."""
    database = Database(database_url)
    await migrate(database)
    made = World(database)
    config = WebhookConfig(url="http://127.0.0.1:9/", secret="a secret of sixteen")
    await made.notifications.add_channel(made.call, NewWebhook(name="all", type="webhook", config=config))
    yield made
    await database.close()


def fails(world: World, probe: str = "probe_1", **fields: object) -> StateChange:
    """A probe of the owner's fails now."""
    return failing(probe, "me", at=world.clock(), **fields)


async def test_change_alert_and_message_are_there_together_or_not_at_all(world: World) -> None:
    async def broken() -> None:
        async with world.database.write() as connection:
            await world.alerts.observe(connection, fails(world))
            raise ValueError("the result cannot be stored")

    with pytest.raises(ValueError, match="cannot be stored"):
        await broken()
    for table in (alerts, alert_events, alert_tracks, outbox):
        assert await world.rows(sa.select(table)) == []


async def test_failure_and_recovery(world: World) -> None:
    change = fails(world)
    await world.tell(change)
    await world.tell(well(change, at=world.clock.move(10)))
    assert await world.messages() == ["firing", "resolved"]
    assert await world.events() == ["opened", "told", "resolved", "told"]
    (row,) = await world.rows(sa.select(alerts))
    assert (row.status, row.resolution, row.resolved_at - row.opened_at) == (
        "resolved",
        "recovery",
        timedelta(seconds=10),
    )


async def test_our_own_trouble_neither_raises_nor_resolves(world: World) -> None:
    change = fails(world)
    await world.tell(replace(change, after="unknown"))
    assert await world.events() == []
    await world.tell(change)
    await world.tell(replace(change, before="failure", after="unknown"))
    await world.tell(replace(change, before="unknown", after="failure"))
    assert await world.messages() == ["firing"]
    await world.tell(replace(change, before="unknown", after="success"))
    assert await world.messages() == ["firing", "resolved"]


async def test_a_healthy_probe_leaves_no_trace(world: World) -> None:
    await world.tell(well(fails(world)))
    assert await world.rows(sa.select(alert_tracks)) == []


async def test_many_changes_in_one_transaction_keep_their_order(world: World) -> None:
    first = [fails(world, f"probe_{number}") for number in range(700)]
    again = [well(change, at=world.clock.move(0.001)) for change in first[:100]]
    await world.tell(*first, *again)
    assert await world.messages() == ["firing"] * 700 + ["resolved"] * 100
    statuses = [row.status for row in await world.rows(sa.select(alerts.c.status))]
    assert (statuses.count("resolved"), statuses.count("firing")) == (100, 600)


async def test_flapping_is_one_alert_and_one_message(world: World) -> None:
    change = fails(world)
    for count in range(21):
        at = world.clock.move(20)
        await world.tell(replace(change, at=at) if count % 2 == 0 else well(change, at=at))
        await world.look()
    assert await world.messages() == ["firing", "resolved", "flapping"]
    world.clock.move(3600)
    await world.look()
    assert await world.messages() == ["firing", "resolved", "flapping", "firing"]
    found = await world.rows(sa.select(alerts).order_by(alerts.c.opened_at))
    assert [(row.status, row.flapping) for row in found][-1] == ("firing", False)
    # Three alerts before it was found out to be flapping, and that one until now.
    assert len(found) == 3


async def test_what_the_cool_down_holds_is_told_at_its_end(world: World) -> None:
    change = fails(world)
    await world.tell(change, well(change, at=world.clock.move(5)))
    await world.tell(replace(change, at=world.clock.move(5)))
    assert await world.messages() == ["firing", "resolved"]
    assert (await world.events())[-2:] == ["opened", "held"]
    world.clock.move(289)
    await world.look()
    assert len(await world.messages()) == 2
    world.clock.move(1)
    await world.look()
    assert await world.messages() == ["firing", "resolved", "firing"]


async def test_two_processes_that_look_at_once_tell_once(world: World) -> None:
    change = fails(world)
    await world.tell(change, well(change, at=world.clock.move(5)))
    await world.tell(*(replace(change, at=world.clock.move(5)),))
    world.clock.move(1000)
    other = alerts_of(world.database, clock=world.clock)
    async with anyio.create_task_group() as group:
        for each in (world.alerts, other, world.alerts, other):
            group.start_soon(each._look)
    assert await world.messages() == ["firing", "resolved", "firing"]


async def test_maintenance_records_and_tells_afterwards(world: World) -> None:
    window = NewWindow(
        name="w",
        selector={"team": "a"},
        starts_at=START,
        ends_at=START + timedelta(hours=1),
    )
    await world.notifications.add_window(world.call, window)
    lasting, passing = fails(world, "probe_1"), fails(world, "probe_2")
    await world.tell(lasting, passing, fails(world, "probe_3", labels={}))
    await world.tell(well(passing, at=world.clock.move(60)))
    await world.look()
    assert await world.messages() == ["firing"]  # the third, which is not meant
    assert len(await world.rows(sa.select(alerts))) == 3
    world.clock.move(3600)
    await world.look()
    assert await world.messages() == ["firing", "firing"]


async def test_a_window_that_is_removed_holds_nothing_back_any_more(world: World) -> None:
    window = NewWindow(name="w", starts_at=START, ends_at=START + timedelta(hours=1))
    made = await world.notifications.add_window(world.call, window)
    await world.tell(fails(world))
    await world.notifications.remove_window(world.call, made.id)
    world.clock.move(60)
    await world.look()
    assert await world.messages() == ["firing"]


async def test_a_removed_probe_takes_its_alert_with_it(world: World) -> None:
    await world.tell(fails(world))
    async with world.database.write() as connection:
        await world.alerts.forget(connection, "probe_1")
        await world.alerts.forget(connection, "probe_that_never_was")
    (row,) = await world.rows(sa.select(alerts))
    assert (row.status, row.resolution) == ("resolved", "removal")
    assert await world.messages() == ["firing", "resolved"]
    assert await world.rows(sa.select(alert_tracks)) == []


async def test_acknowledging_races_with_recovery_and_one_of_them_wins(world: World) -> None:
    change = fails(world)
    await world.tell(change)
    (row,) = await world.rows(sa.select(alerts.c.id))
    outcomes: list[str] = []

    async def acknowledge() -> None:
        try:
            found = await world.alerts.acknowledge(world.call, row.id, comment=None)
            outcomes.append(found.status)
        except Fault as fault:
            outcomes.append(fault.entry.slug)

    async with anyio.create_task_group() as group:
        group.start_soon(acknowledge)
        group.start_soon(world.tell, well(change, at=world.clock.move(1)))
    (row,) = await world.rows(sa.select(alerts))
    assert row.status == "resolved"
    assert await world.messages() == ["firing", "resolved"]
    assert outcomes in (["acknowledged"], ["resolved"], ["alert-state-conflict"])


async def test_details_are_bounded(world: World) -> None:
    await world.tell(fails(world, details={"error": "x" * 5000, "body": "y" * 100_000}))
    (row,) = await world.rows(sa.select(alerts.c.details))
    assert row.details == {"error": "x" * 1000, "truncated": True}


async def test_old_alerts_are_forgotten_and_open_ones_never(world: World) -> None:
    change = fails(world)
    await world.tell(change, fails(world, "probe_2"))
    await world.tell(well(change, at=world.clock.move(1)))
    world.clock.move(91 * 86_400)
    await world.alerts.sweep()
    assert [row.status for row in await world.rows(sa.select(alerts.c.status))] == ["firing"]
    assert await world.events() == ["opened", "told"]


async def test_listeners_hear_of_every_event_once_and_slow_ones_of_the_gap(world: World) -> None:
    feed = world.alerts.feed
    await world.tell(fails(world, "probe_before"))
    async with anyio.create_task_group() as group:
        with feed.follow(lambda event: event.owner_id == "me") as follower:
            await feed._look()  # from here on
            group.start_soon(feed.run)
            await world.tell(fails(world), failing("probe_2", "somebody", at=world.clock()))
            world.alerts.wake()
            heard: list[dict[str, Any]] = []
            with anyio.fail_after(20):
                while len(heard) < 2:
                    await follower.bell.wait()
                    heard += [json.loads(frame) for frame in follower.take()]
            assert [(frame["event"], frame["probe_id"]) for frame in heard] == [
                ("opened", "probe_1"),
                ("told", "probe_1"),
            ]
            assert heard[0]["type"] == "alert"
            group.cancel_scope.cancel()
    with feed.follow(lambda event: True) as slow:
        await world.tell(*(fails(world, f"probe_{number}") for number in range(10, 700)))
        while await feed._look():
            pass
        gap, *_, last = [json.loads(frame) for frame in slow.take()]
        assert gap == {"type": "gap", "missed": 1000}
        assert last["probe_id"] == "probe_699"


async def test_a_number_that_comes_late_is_told_all_the_same(world: World) -> None:
    feed = world.alerts.feed
    await feed._look()
    with feed.follow(lambda event: True) as follower:

        async def write(seq: int) -> None:
            async with world.database.write() as connection:
                await connection.execute(
                    alert_events.insert().values(
                        seq=seq,
                        alert_id="alert_1",
                        tenant_id="t",
                        owner_id="me",
                        at=START,
                        kind="opened",
                        frame={"seq": seq},
                    )
                )

        for seq in (3, 4, 2, 1, 5):
            await write(seq)
            await feed._look()
        await feed._look()
        assert [json.loads(frame)["seq"] for frame in follower.take()] == [3, 4, 2, 1, 5]
