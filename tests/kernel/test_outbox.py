"""The outbox: claimed once, retried with patience, recorded as sent once, in order, taken over."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import anyio
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from eulermaker.kernel.clock import utc_now
from eulermaker.kernel.database import Database
from eulermaker.kernel.migrate import migrate
from eulermaker.kernel.outbox import (
    SENT,
    Courier,
    Message,
    OutboxStore,
    Outcome,
    Patience,
    Posted,
    chosen,
    outbox,
    pause,
)
from eulermaker.kernel.paging import Page

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PATIENCE = Patience(attempts=4, first=5, most=60, deadline=10)
LEASE = PATIENCE.lease

pytestmark = pytest.mark.anyio


def message(number: int, *, target: str = "channel_1", subject: str | None = None) -> Message:
    """A message of its own."""
    return Message(
        id=f"delivery_{number}",
        topic="notification",
        target=target,
        subject=subject or f"probe_{number}",
        tenant_id="tenant",
        owner_id="owner",
        payload={"number": number},
        created_at=NOW,
    )


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An empty database."""
    opened = Database(database_url)
    await migrate(opened)
    yield opened
    await opened.close()


async def add(database: Database, *messages: Message) -> None:
    async with database.write() as connection:
        await OutboxStore(connection).add(messages)


async def due(database: Database, *, now: datetime = NOW, without: tuple[str, ...] = ()) -> list[int]:
    async with database.read() as connection:
        found = await OutboxStore(connection).due("notification", now=now, without=without, limit=100)
    return [seq for seq, _ in found]


async def claim(
    database: Database, seqs: list[int], *, holder: str = "me", now: datetime = NOW
) -> list[Posted]:
    async with database.write() as connection:
        return await OutboxStore(connection).claim(seqs, holder=holder, now=now, lease=LEASE)


async def the(database: Database, number: int) -> Posted:
    async with database.read() as connection:
        found = await OutboxStore(connection).get(f"delivery_{number}")
    assert found is not None
    return found


async def test_a_message_is_there_with_its_transaction_only(database: Database) -> None:
    async def broken() -> None:
        async with database.write() as connection:
            await OutboxStore(connection).add([message(1)])
            raise ValueError("the change fails")

    with pytest.raises(ValueError, match="the change fails"):
        await broken()
    assert await due(database) == []


async def test_the_same_key_is_one_message(database: Database) -> None:
    await add(database, message(1))
    await add(database, replace(message(1), payload={"other": True}), message(2))
    assert len(await due(database)) == 2
    assert (await the(database, 1)).message.payload == {"number": 1}


async def test_of_two_claims_one_wins(database: Database) -> None:
    await add(database, *(message(number) for number in range(20)))
    seqs = await due(database)
    won: list[Posted] = []

    async def grab(holder: str) -> None:
        won.extend(await claim(database, seqs, holder=holder))

    async with anyio.create_task_group() as group:
        for holder in ("one", "two", "three"):
            group.start_soon(grab, holder)
    assert sorted(posted.seq for posted in won) == sorted(seqs)
    assert await due(database) == []


async def test_a_lease_that_ends_lets_another_take_over(database: Database) -> None:
    await add(database, message(1))
    (posted,) = await claim(database, await due(database))
    assert await due(database, now=NOW + LEASE - timedelta(seconds=1)) == []
    later = NOW + LEASE
    (again,) = await claim(database, await due(database, now=later), holder="other", now=later)
    assert (again.message.id, again.attempts) == (posted.message.id, 2)

    async with database.write() as connection:
        store = OutboxStore(connection)
        # The first holder was only slow: what it says of its failure counts no more …
        failed = Outcome("again", "slow", "slow")
        assert not await store.record_failed(posted, failed, due_at=later, now=later)
        # … but that it was sent does, and it is said once.
        assert await store.record_sent(posted.seq, SENT, now=later)
        assert not await store.record_sent(again.seq, SENT, now=later)
        assert not await store.record_failed(again, failed, due_at=None, now=later)
    assert (await the(database, 1)).state == "sent"


async def test_a_restart_frees_what_its_earlier_life_held(database: Database) -> None:
    await add(database, message(1), message(2))
    seqs = await due(database)
    await claim(database, seqs[:1], holder="me")
    await claim(database, seqs[1:], holder="other")
    async with database.write() as connection:
        assert await OutboxStore(connection).release("notification", holder="me", now=NOW) == 1
    assert await due(database) == seqs[:1]


async def test_messages_about_one_subject_keep_their_order(database: Database) -> None:
    await add(database, message(1, subject="probe"), message(2, subject="probe"), message(3))
    await add(database, message(4, subject="probe", target="channel_2"))
    first, _, third, fourth = [(await the(database, number)).seq for number in (1, 2, 3, 4)]
    assert await due(database) == [first, third, fourth]
    (posted,) = await claim(database, [first])
    failed = Outcome("again", "x", "x")
    async with database.write() as connection:
        await OutboxStore(connection).record_failed(posted, failed, due_at=NOW + timedelta(hours=1), now=NOW)
    # The first waits for its next attempt, and the second waits behind it.
    assert await due(database, now=NOW + timedelta(minutes=1)) == [third, fourth]
    async with database.write() as connection:
        await OutboxStore(connection).record_sent(first, SENT, now=NOW)
    assert len(await due(database)) == 3


async def test_a_full_target_is_left_out(database: Database) -> None:
    await add(database, message(1), message(2, target="channel_2"))
    assert await due(database, without=("channel_1",)) == [(await the(database, 2)).seq]


async def test_dead_letters_are_listed_and_revived_under_their_key(database: Database) -> None:
    await add(database, message(1), message(2))
    (posted,) = await claim(database, [(await the(database, 1)).seq])
    async with database.write() as connection:
        store = OutboxStore(connection)
        await store.record_failed(posted, Outcome("dead", "gone", "x" * 900), due_at=None, now=NOW)
        dead, total = await store.page(
            "notification", tenant="tenant", owner=None, target=None, state="dead", page=Page()
        )
        assert ([one.message.id for one in dead], total) == (["delivery_1"], 1)
        assert dead[0].told == "x" * 500
        nobodys = await store.page(
            "notification", tenant="another", owner=None, target=None, state=None, page=Page()
        )
        assert nobodys == ([], 0)
        assert await store.revive("delivery_1", now=NOW)
        assert not await store.revive("delivery_1", now=NOW)
        assert not await store.revive("delivery_2", now=NOW)
    revived = await the(database, 1)
    assert (revived.state, revived.attempts, revived.finished_at) == ("pending", 0, None)


async def test_what_is_old_is_forgotten_and_what_waits_never_is(database: Database) -> None:
    await add(database, message(1), message(2))
    async with database.write() as connection:
        store = OutboxStore(connection)
        await store.record_sent(
            (await store.due("notification", now=NOW, without=(), limit=1))[0][0], SENT, now=NOW
        )
        assert await store.forget(before=NOW) == 0
        assert await store.forget(before=NOW + timedelta(seconds=1)) == 1
        assert await store.get("delivery_1") is None
        assert await store.get("delivery_2") is not None


class Run:
    """A courier at work, with a receiver of its own."""

    def __init__(self, database: Database, outcomes: dict[str, list[Outcome]] | None = None) -> None:
        self.database = database
        self.outcomes = outcomes or {}
        self.sent: list[str] = []
        self.at_once: Counter[str] = Counter()
        self.most: Counter[str] = Counter()

    async def deliver(self, told: Message) -> Outcome:
        self.at_once[told.target] += 1
        self.most[told.target] = max(self.most[told.target], self.at_once[told.target])
        await anyio.sleep(0.005)
        self.at_once[told.target] -= 1
        self.sent.append(told.id)
        left = self.outcomes.get(told.id, [])
        return left.pop(0) if left else SENT

    def courier(self, holder: str, *, patience: Patience = PATIENCE) -> Courier:
        return Courier(
            self.database,
            self.deliver,
            topic="notification",
            holder=holder,
            patience=patience,
            clock=utc_now,
            at_once=6,
            each=2,
            draw=lambda low, high: 0.0,
        )

    async def until_settled(self, *couriers: Courier) -> None:
        with anyio.fail_after(60):
            async with anyio.create_task_group() as group:
                for courier in couriers:
                    group.start_soon(courier.run)
                while await self._pending():  # noqa: ASYNC110  # only the database knows
                    await anyio.sleep(0.02)
                group.cancel_scope.cancel()

    async def _pending(self) -> int:
        async with self.database.read() as connection:
            query = sa.select(sa.func.count()).select_from(outbox).where(outbox.c.state == "pending")
            return await connection.scalar(query) or 0


async def test_several_couriers_carry_everything_once(database: Database) -> None:
    await add(database, *(message(n, target=f"channel_{n % 3}") for n in range(60)))
    run = Run(database)
    await run.until_settled(run.courier("one"), run.courier("two"))
    assert sorted(run.sent) == sorted(f"delivery_{n}" for n in range(60))
    # Two couriers, two at once each.
    assert max(run.most.values()) <= 4


async def test_one_courier_is_fair_to_a_target_beside_a_busy_one(database: Database) -> None:
    await add(database, *(message(n) for n in range(30)), message(99, target="channel_2"))
    run = Run(database)
    await run.until_settled(run.courier("one"))
    assert run.most["channel_1"] <= 2
    assert run.sent.index("delivery_99") < 15


async def test_attempts_are_bounded_and_the_key_stays(database: Database) -> None:
    again = Outcome("again", "http-500", "500")
    await add(database, message(1), message(2))
    run = Run(database, {"delivery_1": [again, again], "delivery_2": [again] * 9})
    await run.until_settled(run.courier("one"))
    assert Counter(run.sent) == {"delivery_1": 3, "delivery_2": 4}
    assert (await the(database, 1)).state == "sent"
    dead = await the(database, 2)
    assert (dead.state, dead.attempts, dead.reason, dead.told) == ("dead", 4, "http-500", "500")


async def test_a_hopeless_message_is_not_tried_again(database: Database) -> None:
    await add(database, message(1))
    run = Run(database, {"delivery_1": [Outcome("dead", "address-refused", "no")]})
    await run.until_settled(run.courier("one"))
    assert run.sent == ["delivery_1"]
    assert (await the(database, 1)).reason == "address-refused"


async def test_a_slow_receiver_meets_the_deadline_and_a_broken_one_stops_nobody(database: Database) -> None:
    class Trouble(Run):
        async def deliver(self, told: Message) -> Outcome:
            if told.id == "delivery_1":
                await anyio.sleep_forever()
            if told.id == "delivery_2":
                raise RuntimeError("a fault of ours")
            return await super().deliver(told)

    await add(database, *(message(n) for n in (1, 2, 3)))
    run = Trouble(database)
    await run.until_settled(run.courier("one", patience=replace(PATIENCE, attempts=1, deadline=0.1)))
    assert (await the(database, 1)).reason == "deadline-exceeded"
    assert (await the(database, 2)).reason == "internal-error"
    assert (await the(database, 3)).state == "sent"


async def test_what_is_on_its_way_when_the_server_stops_arrives(database: Database) -> None:
    on_its_way = anyio.Event()

    async def deliver(told: Message) -> Outcome:
        on_its_way.set()
        await anyio.sleep(0.1)
        return SENT

    await add(database, message(1))
    courier = Courier(database, deliver, topic="notification", holder="me", patience=PATIENCE, clock=utc_now)
    with anyio.fail_after(30):
        async with anyio.create_task_group() as group:
            group.start_soon(courier.run)
            await on_its_way.wait()
            group.cancel_scope.cancel()
    assert (await the(database, 1)).state == "sent"


@given(st.integers(1, 200), st.floats(0, 10_000), st.floats(0, 1))
def test_pauses_double_up_to_their_bound(attempt: int, wait: float, part: float) -> None:
    longest = pause(attempt, PATIENCE, wait=0, draw=lambda low, high: high)
    assert longest == min(60, 5 * 2 ** min(attempt - 1, 40))
    drawn = pause(attempt, PATIENCE, wait=wait, draw=lambda low, high: low + part * (high - low))
    assert min(wait, 60) <= drawn <= 60


@given(
    st.lists(st.tuples(st.integers(), st.sampled_from("abc")), max_size=40, unique_by=lambda one: one[0]),
    st.dictionaries(st.sampled_from("abc"), st.integers(1, 3)),
    st.integers(0, 8),
)
def test_what_is_chosen_keeps_every_bound(
    waiting: list[tuple[int, str]], busy: dict[str, int], free: int
) -> None:
    taken = chosen(waiting, busy, free=free, each=3)
    targets = Counter(busy) + Counter(dict(waiting)[seq] for seq in taken)
    assert len(taken) <= free
    assert all(count <= 3 for count in targets.values())
    assert list(taken) == [seq for seq, _ in waiting if seq in taken]
    # Nothing is left out that there was room for.
    if len(taken) < free:
        assert all(targets[target] >= 3 for seq, target in waiting if seq not in taken)
