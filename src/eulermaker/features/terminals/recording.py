"""Recordings of terminals: asciicast v2 files, bounded, kept for some days after the end.

What was typed is not recorded: passwords are typed.
"""

import codecs
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import structlog
from anyio import to_thread
from pydantic_core import to_json

from eulermaker.features.terminals.schemas import Dimensions
from eulermaker.kernel.call import Principal

log = structlog.get_logger("eulermaker.terminals")

MEDIA_TYPE = "application/x-asciicast"
#: How much may wait for the disk: what is printed faster must not wait for each piece to be written.
FLUSH_BYTES = 64 * 1024
#: Where the header says whose recording it is: players ignore the keys that they do not know.
OURS = "eulermaker"
_ID = re.compile(r"terminal_session_[0-9a-f]+")


class Recording:
    """One recording, while its terminal lives."""

    def __init__(self, path: Path, header: Mapping[str, Any], *, max_bytes: int) -> None:
        self.path = path
        #: How much of it was written: whole lines.
        self.size = 0
        self._max_bytes = max_bytes
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._pending = bytearray(to_json(header) + b"\n")
        #: What was taken in all: what is being written is neither pending nor in `size`.
        self._taken = len(self._pending)
        self._began = anyio.current_time()
        self._full = False
        self._writing = anyio.Lock()

    async def output(self, data: bytes) -> None:
        """Record what was printed."""
        if self._full:
            return
        if text := self._decoder.decode(data):
            self._add("o", text)
        if len(self._pending) >= FLUSH_BYTES:
            await self.flush()

    def resized(self, dimensions: Dimensions) -> None:
        """Record a change of size."""
        if not self._full:
            self._add("r", f"{dimensions.cols}x{dimensions.rows}")

    async def flush(self) -> None:
        """Write what is pending; a disk that refuses ends the recording, not the terminal."""
        async with self._writing:
            pending, self._pending = self._pending, bytearray()
            if not pending:
                return
            try:
                await to_thread.run_sync(_append, self.path, bytes(pending), self.size)
            except OSError as error:
                self._full = True
                log.error("terminal.recording_failed", path=str(self.path), error=repr(error))
            else:
                self.size += len(pending)

    def _add(self, kind: str, text: str) -> None:
        line = to_json([round(anyio.current_time() - self._began, 6), kind, text]) + b"\n"
        if self._taken + len(line) > self._max_bytes:
            self._full = True
            line = to_json([round(anyio.current_time() - self._began, 6), "m", "recording is full"]) + b"\n"
        self._pending += line
        self._taken += len(line)


def _append(path: Path, data: bytes, size: int) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.open("ab") as file:
        try:
            file.write(data)
            file.flush()
        except OSError:
            # Half a line would spoil the file for players.
            file.truncate(size)
            raise


@dataclass(frozen=True, slots=True)
class Kept:
    """A recording on disk and whose it is; its first `size` bytes are whole lines."""

    path: Path
    size: int
    user: str
    tenant: str


class Recordings:
    """The recordings in one directory."""

    def __init__(self, directory: Path, *, max_bytes: int, max_total_bytes: int, days: int) -> None:
        self._directory = directory
        self._max_bytes = max_bytes
        self._max_total_bytes = max_total_bytes
        self._days = days

    async def start(
        self,
        terminal: str,
        *,
        header: Mapping[str, Any],
        dimensions: Dimensions,
        owner: Principal,
        at: datetime,
    ) -> Recording:
        """Begin the recording of a terminal."""
        whole = {
            "version": 2,
            "width": dimensions.cols,
            "height": dimensions.rows,
            "timestamp": int(at.timestamp()),
            **header,
            OURS: {"session_id": terminal, "user_id": owner.user, "tenant_id": owner.tenant},
        }
        recording = Recording(self._path(terminal), whole, max_bytes=self._max_bytes)
        await recording.flush()
        return recording

    async def find(self, terminal: str) -> Kept | None:
        """A terminal's recording; None when there is none."""
        return await to_thread.run_sync(self._find, terminal) if _ID.fullmatch(terminal) else None

    def _find(self, terminal: str) -> Kept | None:
        path = self._path(terminal)
        try:
            with path.open("rb") as file:
                ours = json.loads(file.readline())[OURS]
                size = file.seek(0, os.SEEK_END)
        except (FileNotFoundError, json.JSONDecodeError):
            # Not there, or begun on a disk that was full.
            return None
        return Kept(path, size, ours["user_id"], ours["tenant_id"])

    async def remove(self, terminal: str) -> None:
        """Remove a terminal's recording, if there is one."""
        await to_thread.run_sync(lambda: self._path(terminal).unlink(missing_ok=True))

    async def sweep(self, now: datetime) -> None:
        """Remove what was kept long enough, and the oldest of what is more than may be kept."""
        await to_thread.run_sync(self._sweep, (now - timedelta(days=self._days)).timestamp())

    def _sweep(self, before: float) -> None:
        found = [(path, path.stat()) for path in self._directory.glob("*.cast")]
        kept = 0
        for path, stat in sorted(found, key=lambda one: one[1].st_mtime, reverse=True):
            kept += stat.st_size
            if stat.st_mtime < before or kept > self._max_total_bytes:
                path.unlink(missing_ok=True)
                log.info("terminal.recording_removed", path=path.name)

    def _path(self, terminal: str) -> Path:
        return self._directory / f"{terminal}.cast"
