"""What each role may do, where administrators changed it: a matrix with a version to compare with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from eulermaker.features.accounts.faults import SETTINGS_CONFLICT
from eulermaker.features.accounts.tables import role_matrix
from eulermaker.features.audit.service import Audit
from eulermaker.kernel.call import PERMISSIONS, READING, Call, Permission, Role
from eulermaker.kernel.clock import Clock
from eulermaker.kernel.database import Database
from eulermaker.kernel.faults import InvalidFields

Matrix = Mapping[Permission, Mapping[Role, bool]]

_ROW = 1


@dataclass(frozen=True, slots=True)
class Settings:
    """The matrix as it is since its `version` was written; version 0 is how it is delivered."""

    version: int
    matrix: Matrix


def delivered() -> Matrix:
    """The permission table as it is delivered."""
    return {permission: {role: permission in PERMISSIONS[role] for role in Role} for permission in Permission}


class RoleMatrix:
    """The permissions of each role, answered from memory."""

    def __init__(
        self, database: Database, audit: Audit, *, clock: Clock, changed: Callable[[], None]
    ) -> None:
        self._database = database
        self._audit = audit
        self._clock = clock
        self._changed = changed
        self._settings = Settings(0, delivered())
        self._granted: dict[Role, frozenset[Permission]] = {}

    @property
    def settings(self) -> Settings:
        """What holds now."""
        return self._settings

    def permissions(self, role: Role) -> frozenset[Permission]:
        """All that a role may do."""
        return self._granted.get(role, PERMISSIONS[role])

    def granted(self, role: Role) -> frozenset[Permission] | None:
        """The same, or None where it is as delivered."""
        return self._granted.get(role)

    async def load(self) -> None:
        """See what holds, as other processes may have changed it."""
        async with self._database.read() as connection:
            found = await _read(connection)
        if found.version != self._settings.version:
            self._set(found)

    async def write(self, call: Call, wanted: Settings) -> Settings:
        """Put a matrix in the place of the one whose version is given.

        Raises `settings-conflict`, which tells what holds, when that is another one already; InvalidFields
        for what would lock administrators out, or let read-only accounts write.
        """
        call.require(Permission.USERS_WRITE)
        _refuse_dangers(wanted.matrix)
        matrix = {**delivered(), **wanted.matrix}
        fresh = Settings(wanted.version + 1, matrix)
        async with self._database.write() as connection:
            won = await _compare_and_set(connection, fresh, now=self._clock())
            current = fresh if won else await _read(connection)
            if won:
                await self._audit.record(
                    call,
                    "settings.change",
                    resource_type="settings",
                    resource_id="matrix",
                    within=connection,
                    version=fresh.version,
                )
        self._set(current)
        if not won:
            raise SETTINGS_CONFLICT(
                version=current.version, details={"version": current.version, "matrix": current.matrix}
            )
        return fresh

    def _set(self, settings: Settings) -> None:
        self._settings = settings
        self._granted = {
            role: frozenset(p for p, roles in settings.matrix.items() if roles.get(role))
            for role in Role
            # Whatever is written, somebody has to be able to write something else.
            if role is not Role.ROOT and settings.version > 0
        }
        self._changed()


def _refuse_dangers(matrix: Matrix) -> None:
    for permission, roles in matrix.items():
        if roles.get(Role.READONLY) and permission not in READING:
            raise InvalidFields.one(
                f"matrix.{permission}.readonly",
                zh="只读账户不能拥有写权限",
                en="A read-only account cannot have permissions to write",
            )
        if roles.get(Role.ROOT) is False:
            raise InvalidFields.one(
                f"matrix.{permission}.root", zh="root 拥有全部权限", en="Root has every permission"
            )


async def _read(connection: AsyncConnection) -> Settings:
    query = sa.select(role_matrix.c.version, role_matrix.c.matrix).where(role_matrix.c.id == _ROW)
    row = (await connection.execute(query)).first()
    if row is None:
        return Settings(0, delivered())
    # What a later release added is as delivered until somebody sets it.
    kept = {Permission(p): roles for p, roles in row[1].items() if p in set(Permission)}
    return Settings(row[0], {**delivered(), **kept})


async def _compare_and_set(connection: AsyncConnection, fresh: Settings, *, now: datetime) -> bool:
    values = {"version": fresh.version, "matrix": fresh.matrix, "updated_at": now}
    if fresh.version == 1:
        insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
        first = insert(role_matrix).values(id=_ROW, **values).on_conflict_do_nothing()
        return (await connection.execute(first)).rowcount == 1
    written = await connection.execute(
        role_matrix.update()
        .where(role_matrix.c.id == _ROW, role_matrix.c.version == fresh.version - 1)
        .values(values)
    )
    return written.rowcount == 1
