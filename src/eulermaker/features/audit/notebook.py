"""What is done often, noted in a file at once and copied into the record in batches.

A transaction costs more than most actions do. A note is in the file before its action begins, and its
result once it has ended: the death of the process loses neither. What was under way then is recorded
with the result `unknown`.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import anyio
import structlog

from eulermaker.features.audit.store import AuditStore, Entry
from eulermaker.kernel.call import Call
from eulermaker.kernel.clock import Clock
from eulermaker.kernel.database import Database
from eulermaker.kernel.faults import DATABASE_UNAVAILABLE, INTERNAL, Fault
from eulermaker.kernel.supervise import Nudge, whenever

log = structlog.get_logger("eulermaker.audit")

OK, UNKNOWN = "ok", "unknown"
GATHER_SECONDS = 0.25
RETRY_SECONDS = 2.0
FAREWELL_SECONDS = 2.0
BATCH = 500
#: While the database is away so many notes wait; then nothing is done that would have to be noted.
MAX_WAITING = 10_000
#: The file is written anew when it has so many lines and was never idle meanwhile.
MAX_LINES = 50_000
MAX_ID = 128


class Notebook:
    """Notes who did what with what result; `run` copies the notes into the audit record."""

    def __init__(self, database: Database, path: Path, *, clock: Clock) -> None:
        self._database = database
        self._path = path
        self._clock = clock
        self._open: dict[int, Entry] = {}
        self._waiting = _left_over(path)
        #: Whether some of those that wait may be in the record already.
        self._doubtful = bool(self._waiting)
        self._number = 0
        self._nudge = Nudge()
        self._write_anew()

    @contextmanager
    def noting(
        self, call: Call, action: str, *, resource_type: str, resource_id: str, **details: Any
    ) -> Iterator[dict[str, Any]]:
        """A block that does it: noted before, and with the slug of the fault that it raises, or `ok`.

        What the block puts into the details is noted with the result. Raises `database-unavailable`
        when too much waits for the record.
        """
        if len(self._waiting) >= MAX_WAITING:
            raise DATABASE_UNAVAILABLE()
        self._number += 1
        number, entry = self._number, self._entry(call, action, resource_type, resource_id, details)
        self._open[number] = entry
        self._append({"n": number, "entry": _plain(entry)})
        result = UNKNOWN
        try:
            yield details
            result = OK
        except Fault as fault:
            result = fault.entry.slug
            raise
        except Exception:
            result = INTERNAL.slug
            raise
        finally:
            del self._open[number]
            self._append({"n": number, "result": result, "details": details})
            self._waiting.append(replace(entry, result=result))
            self._nudge.give()

    async def run(self) -> None:
        """Service: copy the notes; what is left when the server goes down is copied before it does."""
        try:
            await whenever(self._nudge, RETRY_SECONDS, self._copy_gathered)
        finally:
            with anyio.CancelScope(shield=True), anyio.move_on_after(FAREWELL_SECONDS):
                await self._copy_rest()

    async def copy(self) -> bool:
        """Copy a batch of notes into the record; tells whether more wait."""
        batch = self._waiting[:BATCH]
        if batch:
            doubtful, self._doubtful = self._doubtful, True
            async with self._database.write() as connection:
                store = AuditStore(connection)
                known = await store.keys_since(min(entry.at for entry in batch)) if doubtful else set()
                await store.add_all([entry for entry in batch if entry.key not in known])
            del self._waiting[: len(batch)]
            # A commit that failed may still have happened; one that did not, has.
            self._doubtful = doubtful and bool(self._waiting)
            self._tidy()
        return bool(self._waiting)

    async def _copy_gathered(self) -> bool:
        if self._waiting:
            await anyio.sleep(GATHER_SECONDS)
        return await self.copy()

    async def _copy_rest(self) -> None:
        try:
            while await self.copy():
                pass
        except Fault as fault:
            # They are in the file, and the next start finds them there.
            log.warning("audit.postponed", notes=len(self._waiting), fault=fault.entry.slug)

    def _entry(
        self, call: Call, action: str, resource_type: str, resource_id: str, details: dict[str, Any]
    ) -> Entry:
        return Entry(
            at=self._clock(),
            tenant_id=call.principal.tenant,
            user_id=call.principal.user,
            username=call.principal.username,
            action=action,
            resource_type=resource_type,
            # Whatever a client calls a thing: no database takes NUL, or half of a surrogate pair.
            resource_id=resource_id[:MAX_ID].replace("\0", "?").encode("utf-8", "replace").decode(),
            address=call.address,
            result=UNKNOWN,
            details=details,
        )

    def _append(self, line: dict[str, Any]) -> None:
        os.write(self._fd, _line(line))
        self._lines += 1

    def _tidy(self) -> None:
        if not self._open and not self._waiting:
            os.ftruncate(self._fd, 0)
            self._lines = 0
        elif self._lines > MAX_LINES:
            os.close(self._fd)
            self._write_anew()

    def _write_anew(self) -> None:
        lines = [{"n": number, "entry": _plain(entry)} for number, entry in self._open.items()]
        # What waits has ended: its entry tells its result itself.
        lines += [{"n": 0, "entry": _plain(entry)} for entry in self._waiting]
        fresh = self._path.with_suffix(".new")
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_bytes(b"".join(map(_line, lines)))
        fresh.replace(self._path)
        self._fd = os.open(self._path, os.O_WRONLY | os.O_APPEND)
        self._lines = len(lines)


def _left_over(path: Path) -> list[Entry]:
    """What an earlier life of the process has noted and not copied, or not known that it did."""
    if not path.exists():
        return []
    ended: list[Entry] = []
    begun: dict[int, Entry] = {}
    # What follows the last line's end was cut short by a death: what it was about had not begun.
    for text in path.read_bytes().split(b"\n")[:-1]:
        line = json.loads(text)
        if "result" in line:
            ended.append(replace(begun.pop(line["n"]), result=line["result"], details=line["details"]))
        else:
            told = line["entry"]
            entry = Entry(**(told | {"at": datetime.fromisoformat(told["at"])}))
            if line["n"]:
                begun[line["n"]] = entry
            else:
                ended.append(entry)
    return [*ended, *begun.values()]


def _plain(entry: Entry) -> dict[str, Any]:
    return asdict(entry) | {"at": entry.at.isoformat()}


_encode = json.JSONEncoder(separators=(",", ":")).encode


def _line(line: dict[str, Any]) -> bytes:
    return _encode(line).encode() + b"\n"
