"""What has to reach somebody outside: rows written with the change itself, carried out afterwards.

Delivery is at least once. A message's id is its idempotency key: the same on every attempt, and
recorded as sent once at most. Messages of one target about one subject keep their order. Several
processes may carry the messages of one database; what a dead one held is due again when its lease
ends, or at once when it starts again under its name.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import uniform
from typing import Any, Literal

import anyio
import sqlalchemy as sa
import structlog
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from eulermaker.kernel.clock import Clock
from eulermaker.kernel.database import Database, Moment, metadata
from eulermaker.kernel.faults import Fault
from eulermaker.kernel.paging import Page
from eulermaker.kernel.supervise import Nudge

log = structlog.get_logger("eulermaker.outbox")

State = Literal["pending", "sent", "dead"]

#: A lost nudge costs this time at most.
LOOK_SECONDS = 0.5
#: What is being sent when the server stops may go on for this time.
GRACE_SECONDS = 2.0
#: Beyond the deadline of an attempt: time to write down what came of it.
LEASE_MARGIN = 5.0
#: How long an outcome is kept in memory while the database is away: nobody else can claim then, either.
RECORD_SECONDS = 60.0
RECORD_PAUSE = 0.5
#: Attempts beyond the bound for those that the death of a process has cut short.
DEATHS = 100
MAX_TOLD = 500
SWEEP_ROWS = 1000

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("seq", sa.Integer().with_variant(sa.BigInteger(), "postgresql"), primary_key=True),
    sa.Column("id", sa.String(64), nullable=False, unique=True),
    sa.Column("topic", sa.String(32), nullable=False),
    sa.Column("target", sa.String(40), nullable=False),
    sa.Column("subject", sa.String(64), nullable=False),
    sa.Column("tenant_id", sa.String(40), nullable=False),
    sa.Column("owner_id", sa.String(40), nullable=False),
    sa.Column("payload", sa.JSON, nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("due_at", Moment, nullable=False),
    sa.Column("holder", sa.String(40), nullable=True),
    sa.Column("reason", sa.String(64), nullable=True),
    sa.Column("told", sa.String(MAX_TOLD), nullable=True),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("finished_at", Moment, nullable=True),
)
# Written out, since a database cannot match a parameter with the condition of an index.
_PENDING: sa.ColumnClause[str] = sa.literal_column("'pending'")
_pending = outbox.c.state == _PENDING
sa.Index("ix_outbox_due", outbox.c.topic, outbox.c.due_at, sqlite_where=_pending, postgresql_where=_pending)
sa.Index(
    "ix_outbox_lane",
    outbox.c.target,
    outbox.c.subject,
    outbox.c.seq,
    sqlite_where=_pending,
    postgresql_where=_pending,
)
sa.Index("ix_outbox_tenant", outbox.c.tenant_id, outbox.c.topic, outbox.c.seq)
sa.Index("ix_outbox_finished", outbox.c.finished_at)

_earlier = outbox.alias("earlier")
#: Asked so often that writing it anew each time would be most of its cost.
_DUE = (
    sa.select(outbox.c.seq, outbox.c.target)
    .where(
        outbox.c.topic == sa.bindparam("topic_"),
        _pending,
        outbox.c.due_at <= sa.bindparam("now_"),
        outbox.c.target.not_in(sa.bindparam("without_", expanding=True)),
        ~sa.exists().where(
            _earlier.c.target == outbox.c.target,
            _earlier.c.subject == outbox.c.subject,
            _earlier.c.state == _PENDING,
            _earlier.c.seq < outbox.c.seq,
        ),
    )
    .order_by(outbox.c.due_at, outbox.c.seq)
    .limit(sa.bindparam("limit_", type_=sa.Integer))
)


@dataclass(frozen=True, slots=True)
class Message:
    """Something to be told to a `target` about a `subject`; `id` is the idempotency key."""

    id: str
    topic: str
    target: str
    subject: str
    tenant_id: str
    owner_id: str
    payload: Mapping[str, Any]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Posted:
    """A message as it stands; `reason` and `told` say why the last attempt failed."""

    message: Message
    seq: int
    state: State
    attempts: int
    due_at: datetime
    holder: str | None
    reason: str | None
    told: str | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt: `sent`, to be tried `again`, or `dead`: no attempt will help.

    `reason` is a slug, `told` a sentence for people, `wait` the least pause that was asked for in
    seconds.
    """

    kind: Literal["sent", "again", "dead"]
    reason: str | None = None
    told: str | None = None
    wait: float = 0.0


SENT = Outcome("sent")
Deliver = Callable[[Message], Awaitable[Outcome]]


@dataclass(frozen=True, slots=True)
class Patience:
    """How often and how long a message is tried; seconds."""

    attempts: int = 12
    first: float = 5.0
    most: float = 3600.0
    deadline: float = 15.0

    @property
    def lease(self) -> timedelta:
        """How long a claimed message is left alone."""
        return timedelta(seconds=self.deadline + LEASE_MARGIN)


def pause(attempt: int, patience: Patience, *, wait: float, draw: Callable[[float, float], float]) -> float:
    """Seconds to the next attempt after that one (1, 2, …): exponential back-off with full jitter."""
    ceiling = min(patience.most, patience.first * 2.0 ** min(attempt - 1, 40))
    return min(max(draw(0.0, ceiling), wait), patience.most)


def chosen(
    due: Sequence[tuple[int, str]], busy: Mapping[str, int], *, free: int, each: int
) -> tuple[int, ...]:
    """Which of the due (seq, target) to take: `free` at most, and at most `each` at once of a target."""
    held = Counter(busy)
    taken: list[int] = []
    for seq, target in due:
        if len(taken) == free:
            break
        if held[target] < each:
            held[target] += 1
            taken.append(seq)
    return tuple(taken)


class OutboxStore:
    """All SQL of the outbox, inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._db = connection

    async def add(self, messages: Sequence[Message]) -> None:
        """Add the messages; one whose id is there already is not added again."""
        if not messages:
            return
        insert = sqlite.insert if self._db.dialect.name == "sqlite" else postgresql.insert
        rows = [
            {
                **{name: getattr(message, name) for name in Message.__slots__},
                "state": "pending",
                "attempts": 0,
                "due_at": message.created_at,
            }
            for message in messages
        ]
        await self._db.execute(insert(outbox).on_conflict_do_nothing(index_elements=[outbox.c.id]), rows)

    async def due(
        self, topic: str, *, now: datetime, without: Collection[str], limit: int
    ) -> list[tuple[int, str]]:
        """The (seq, target) of what is due, oldest first, the first of each lane only."""
        wanted = {"topic_": topic, "now_": now, "without_": list(without), "limit_": limit}
        return [(row.seq, row.target) for row in await self._db.execute(_DUE, wanted)]

    async def claim(
        self, seqs: Collection[int], *, holder: str, now: datetime, lease: timedelta
    ) -> list[Posted]:
        """Take those that are still due; each goes to one holder only."""
        claimed = await self._db.execute(
            outbox.update()
            .where(outbox.c.seq.in_(seqs), _pending, outbox.c.due_at <= now)
            .values(holder=holder, attempts=outbox.c.attempts + 1, due_at=now + lease)
            .returning(outbox)
        )
        return sorted((_posted(row) for row in claimed), key=lambda posted: posted.seq)

    async def record_sent(self, seq: int, outcome: Outcome, *, now: datetime) -> bool:
        """Write down that it was sent; tells whether this was the first to say so."""
        done = await self._db.execute(
            outbox.update()
            .where(outbox.c.seq == seq, _pending)
            .values(
                state="sent", holder=None, reason=outcome.reason, told=_short(outcome.told), finished_at=now
            )
        )
        return done.rowcount == 1

    async def record_failed(
        self, posted: Posted, outcome: Outcome, *, due_at: datetime | None, now: datetime
    ) -> bool:
        """Write down a failed attempt: due again then, or dead without a `due_at`.

        Tells whether the message was still held as it was claimed.
        """
        state = (
            {"state": "dead", "finished_at": now}
            if due_at is None
            else {"state": "pending", "due_at": due_at, "finished_at": None}
        )
        done = await self._db.execute(
            outbox.update()
            .where(
                outbox.c.seq == posted.seq,
                _pending,
                outbox.c.holder == posted.holder,
                outbox.c.attempts == posted.attempts,
            )
            .values(holder=None, reason=outcome.reason, told=_short(outcome.told), **state)
        )
        return done.rowcount == 1

    async def release(self, topic: str, *, holder: str, now: datetime) -> int:
        """Make due what an earlier life of the holder left unfinished; tells how many."""
        done = await self._db.execute(
            outbox.update()
            .where(outbox.c.topic == topic, _pending, outbox.c.holder == holder)
            .values(holder=None, due_at=now)
        )
        return done.rowcount

    async def revive(self, identifier: str, *, now: datetime) -> bool:
        """Make a dead message due again, with all its attempts; tells whether it was dead."""
        done = await self._db.execute(
            outbox.update()
            .where(outbox.c.id == identifier, outbox.c.state == "dead")
            .values(state="pending", attempts=0, due_at=now, finished_at=None)
        )
        return done.rowcount == 1

    async def bury(self, target: str, *, reason: str, told: str, now: datetime) -> None:
        """End what waits for a target that is no more."""
        await self._db.execute(
            outbox.update()
            .where(outbox.c.target == target, _pending)
            .values(state="dead", holder=None, reason=reason, told=told, finished_at=now)
        )

    async def get(self, identifier: str) -> Posted | None:
        """The message of that id."""
        row = (await self._db.execute(outbox.select().where(outbox.c.id == identifier))).first()
        return None if row is None else _posted(row)

    async def page(
        self,
        topic: str,
        *,
        tenant: str,
        owner: str | None,
        target: str | None,
        state: State | None,
        page: Page,
    ) -> tuple[list[Posted], int]:
        """Messages of a tenant, newest first, and how many there are."""
        wanted = [outbox.c.tenant_id == tenant, outbox.c.topic == topic]
        if owner is not None:
            wanted.append(outbox.c.owner_id == owner)
        if target is not None:
            wanted.append(outbox.c.target == target)
        if state is not None:
            wanted.append(outbox.c.state == state)
        query = outbox.select().where(*wanted).order_by(outbox.c.seq.desc())
        rows = await self._db.execute(query.limit(page.limit).offset(page.offset))
        total = await self._db.scalar(sa.select(sa.func.count()).select_from(outbox).where(*wanted))
        return [_posted(row) for row in rows], total or 0

    async def forget(self, *, before: datetime) -> int:
        """Delete what was finished before that, a bounded number; tells how many."""
        old = (
            sa.select(outbox.c.seq)
            .where(outbox.c.finished_at < before)
            .order_by(outbox.c.finished_at)
            .limit(SWEEP_ROWS)
        )
        done = await self._db.execute(outbox.delete().where(outbox.c.seq.in_(old)))
        return done.rowcount


class Courier:
    """Carries the messages of one topic: `at_once` together, `each` at most to one target.

    `holder` names this process for as long as its data directory lives.
    """

    def __init__(
        self,
        database: Database,
        deliver: Deliver,
        *,
        topic: str,
        holder: str,
        patience: Patience,
        clock: Clock,
        at_once: int = 16,
        each: int = 4,
        draw: Callable[[float, float], float] = uniform,
    ) -> None:
        self._database = database
        self._deliver = deliver
        self._topic = topic
        self._holder = holder
        self._patience = patience
        self._clock = clock
        self._at_once = at_once
        self._each = each
        self._draw = draw
        self._nudge = Nudge()
        self._busy: Counter[str] = Counter()
        self._scopes: set[anyio.CancelScope] = set()

    def wake(self) -> None:
        """Look at once for what is due."""
        self._nudge.give()

    async def run(self) -> None:
        """Service: carry what is due until cancelled; what is on its way then has a moment to arrive."""
        released = False
        async with anyio.create_task_group() as group:
            try:
                while True:
                    try:
                        released = released or await self._release()
                        # Until nothing is left: what waits behind a busy target shows once that is full.
                        while claimed := await self._claim():
                            for posted in claimed:
                                self._busy[posted.message.target] += 1
                                group.start_soon(self._carry, posted)
                    except Fault as fault:
                        if not fault.entry.retryable:
                            raise
                        log.warning("outbox.postponed", fault=fault.entry.slug)
                    await self._nudge.wait(LOOK_SECONDS)
            finally:
                for scope in self._scopes:
                    scope.deadline = min(scope.deadline, anyio.current_time() + GRACE_SECONDS)

    async def _release(self) -> bool:
        async with self._database.write() as connection:
            count = await OutboxStore(connection).release(self._topic, holder=self._holder, now=self._clock())
        if count:
            log.info("outbox.released", topic=self._topic, messages=count)
        return True

    async def _claim(self) -> list[Posted]:
        free = self._at_once - self._busy.total()
        if free <= 0:
            return []
        now = self._clock()
        full = [target for target, count in self._busy.items() if count >= self._each]
        async with self._database.read() as connection:
            due = await OutboxStore(connection).due(
                self._topic, now=now, without=full, limit=free * self._each
            )
        wanted = chosen(due, self._busy, free=free, each=self._each)
        if not wanted:
            return []
        async with self._database.write() as connection:
            return await OutboxStore(connection).claim(
                wanted, holder=self._holder, now=now, lease=self._patience.lease
            )

    async def _carry(self, posted: Posted) -> None:
        target = posted.message.target
        try:
            # Shielded, so that a stop of the server does not tear what is half sent; `run` bounds it.
            with anyio.CancelScope(shield=True, deadline=self._latest()) as scope:
                self._scopes.add(scope)
                await self._record(posted, await self._attempt(posted))
            if scope.cancelled_caught:
                log.warning("outbox.abandoned", message=posted.message.id)
        finally:
            self._scopes.discard(scope)
            self._busy[target] -= 1
            if not self._busy[target]:
                del self._busy[target]
            self._nudge.give()

    def _latest(self) -> float:
        return anyio.current_time() + self._patience.deadline + RECORD_SECONDS

    async def _attempt(self, posted: Posted) -> Outcome:
        if posted.attempts > self._patience.attempts + DEATHS:
            return Outcome("dead", "attempts-used-up", "every attempt ended with the death of a process")
        with anyio.move_on_after(self._patience.deadline):
            try:
                return await self._deliver(posted.message)
            except Exception:
                # A fault of ours with one message is no reason to keep all others from arriving.
                log.exception("outbox.broke", message=posted.message.id)
                return Outcome("again", "internal-error", "the server could not make this message")
        return Outcome("again", "deadline-exceeded", f"no answer within {self._patience.deadline:g} s")

    async def _record(self, posted: Posted, outcome: Outcome) -> None:
        """Write down what came of it; a database that is away is waited for, but not for ever."""
        while True:
            try:
                async with self._database.write() as connection:
                    kept = await self._write(OutboxStore(connection), posted, outcome)
                break
            except Fault as fault:
                if not fault.entry.retryable:
                    raise
                await anyio.sleep(RECORD_PAUSE)
        log.info(
            "outbox.attempted",
            message=posted.message.id,
            attempt=posted.attempts,
            outcome=outcome.kind,
            reason=outcome.reason,
            recorded=kept,
        )

    async def _write(self, store: OutboxStore, posted: Posted, outcome: Outcome) -> bool:
        now = self._clock()
        if outcome.kind == "sent":
            return await store.record_sent(posted.seq, outcome, now=now)
        due_at = None
        if outcome.kind == "again" and posted.attempts < self._patience.attempts:
            seconds = pause(posted.attempts, self._patience, wait=outcome.wait, draw=self._draw)
            due_at = now + timedelta(seconds=seconds)
        return await store.record_failed(posted, outcome, due_at=due_at, now=now)


def _short(told: str | None) -> str | None:
    return told[:MAX_TOLD] if told else None


def _posted(row: sa.Row[Any]) -> Posted:
    return Posted(
        message=Message(**{name: getattr(row, name) for name in Message.__slots__}),
        seq=row.seq,
        state=row.state,
        attempts=row.attempts,
        due_at=row.due_at,
        holder=row.holder,
        reason=row.reason,
        told=row.told,
        finished_at=row.finished_at,
    )
