"""All SQL of what administrators set while the server runs."""

from datetime import datetime
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from eulermaker.features.system.tables import system_state


class StateStore:
    """Values by key inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._db = connection

    async def get(self, key: str) -> Any | None:
        """The value of the key; None when it has none."""
        found = await self._db.execute(
            system_state.select().with_only_columns(system_state.c.value).where(system_state.c.key == key)
        )
        return found.scalar_one_or_none()

    async def put(self, key: str, value: Any, *, now: datetime) -> None:
        """Set the value of the key."""
        insert = sqlite.insert if self._db.dialect.name == "sqlite" else postgresql.insert
        row = insert(system_state).values(key=key, value=value, updated_at=now)
        # Two may set it at once: the later one holds.
        await self._db.execute(
            row.on_conflict_do_update(
                index_elements=[system_state.c.key],
                set_={"value": row.excluded.value, "updated_at": row.excluded.updated_at},
            )
        )

    async def remove(self, key: str) -> None:
        """Forget the key."""
        await self._db.execute(system_state.delete().where(system_state.c.key == key))
