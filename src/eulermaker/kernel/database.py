"""The database: SQLite in WAL mode, or PostgreSQL, behind one pair of contexts.

Writing transactions commit in exactly one place, `Database.write`. Losing the database turns into
the fault `database-unavailable`, here and nowhere else: where the driver meets the loss. Errors of
what else is done inside a transaction, with a file or an engine, stay what they are.
"""

import json
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    aclosing,
    asynccontextmanager,
    contextmanager,
)
from datetime import UTC, datetime
from typing import Any

import anyio
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from eulermaker.kernel.faults import DATABASE_UNAVAILABLE

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

CONNECT_SECONDS = 3
COMMAND_SECONDS = 30


class Moment(sa.types.TypeDecorator[datetime]):
    """A point in time, kept in UTC; SQLite stores it as sortable text without a zone."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """UTC on the way in."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: Any | None, dialect: sa.Dialect) -> datetime | None:
        """UTC with a zone on the way out."""
        return None if value is None else value.replace(tzinfo=UTC) if value.tzinfo is None else value


class Database:
    """Connections to one database.

    `sole_writer` tells that no other process can write to it, so that what was read may be kept
    until this process writes.
    """

    def __init__(self, url: str) -> None:
        parsed = sa.make_url(url)
        self.backend = parsed.get_backend_name()
        self.sole_writer = self.backend == "sqlite"
        if self.sole_writer:
            self._engine = create_async_engine(parsed, json_serializer=_compact_json)
            sa.event.listen(self._engine.sync_engine, "connect", _prepare_sqlite)
            sa.event.listen(self._engine.sync_engine, "begin", _begin_sqlite)
        else:
            self._engine = create_async_engine(
                parsed,
                json_serializer=_compact_json,
                pool_size=10,
                max_overflow=10,
                pool_timeout=CONNECT_SECONDS,
                pool_pre_ping=True,
                connect_args={"timeout": CONNECT_SECONDS, "command_timeout": COMMAND_SECONDS},
            )
        sa.event.listen(self._engine.sync_engine, "handle_error", _tell_loss)
        self._writing = self._engine.execution_options(eulermaker_writing=True)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection to read from; raises the fault `database-unavailable` when it is away."""
        async with _connected(self._engine) as connection:
            yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction: committed when the block ends, rolled back when it raises or is cancelled."""
        async with _connected(self._writing) as connection, _left_whole(connection.begin()):
            yield connection

    async def ping(self) -> None:
        """Ask the database for an answer; raises the fault `database-unavailable`."""
        async with self.read() as connection:
            await connection.execute(sa.text("SELECT 1"))

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()


@asynccontextmanager
async def _connected(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    with _unavailable():
        connection = await engine.connect()
    async with _left_whole(aclosing(connection)):
        yield connection


@asynccontextmanager
async def _left_whole(entered: AbstractAsyncContextManager[Any]) -> AsyncIterator[None]:
    """Enter the context, and leave it without being cancelled on the way out.

    A transaction that is left half way keeps its lock, and nobody could tell whether it was committed.
    """
    await entered.__aenter__()
    try:
        yield
    except BaseException as error:
        with anyio.CancelScope(shield=True):
            await entered.__aexit__(type(error), error, error.__traceback__)
        raise
    with anyio.CancelScope(shield=True):
        await entered.__aexit__(None, None, None)


@contextmanager
def _unavailable() -> Iterator[None]:
    """Turns the failure to get a connection into its fault: this is no driver's error to `_tell_loss` yet."""
    try:
        yield
    except Exception as error:
        if _is_lost(error):
            raise DATABASE_UNAVAILABLE() from error
        raise


def _tell_loss(context: sa.engine.ExceptionContext) -> None:
    """Turn the loss of the database in the middle of something into its fault."""
    if not isinstance(context.original_exception, Exception) and context.dialect.name == "sqlite":
        # A cancelled wait is no reason to drop the connection: its thread goes on to the statement's end
        # with the lock in its hands, and what is asked next is asked behind it.
        context.is_disconnect = False
    # A connection that turns out to be dead before it is used is replaced by a new one.
    if not context.is_pre_ping and _is_lost(context.sqlalchemy_exception or context.original_exception):
        raise DATABASE_UNAVAILABLE()


# PostgreSQL's error classes: no connection, no room for one, stopping, crashed or just starting; and what it
# has rolled back in favour of another transaction (a deadlock), which is as good as not asked.
_AWAY = ("08", "53", "57P0", "40")


def _is_lost(error: BaseException) -> bool:
    match error:
        case OperationalError():
            # SQLite has this class for wrong SQL, too: a fault of ours, which no retry mends.
            return getattr(error.orig, "sqlite_errorcode", None) != sqlite3.SQLITE_ERROR
        case InterfaceError() | PoolTimeout():
            return True
        case DBAPIError():
            state = getattr(error.orig, "sqlstate", None) or ""
            return error.connection_invalidated or state.startswith(_AWAY)
        case OSError():
            # asyncpg lets those of its connection through unwrapped; a time-out is one of them.
            return True
        case _:
            return type(error).__module__.startswith("asyncpg.")


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # The driver's own transaction handling starts transactions late and breaks DDL: it is off,
    # and `_begin_sqlite` starts them.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "busy_timeout=10000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    # A transaction that will write takes the lock at once: one that upgrades later can fail
    # without the busy timeout ever being waited for.
    writing = connection.get_execution_options().get("eulermaker_writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _compact_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


SQLITE_MINIMUM = (3, 35)
if sqlite3.sqlite_version_info < SQLITE_MINIMUM:
    raise RuntimeError("SQLite 3.35 or newer is needed (RETURNING)")
