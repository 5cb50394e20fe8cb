"""What a repository keeps on disk: a pool of packages, and generations that readers see whole.

A generation is a directory of links to the pool with its metadata. `current` is a symbolic link to
the one that is served, and the only thing that changes. Those it replaced are served for a while to
readers who have begun with them.
"""

import os
import shutil
import threading
import time
from collections.abc import AsyncIterator, Collection, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import anyio
from anyio import to_thread

from eulermaker.features.repositories.tools import METADATA, PACKAGES
from eulermaker.kernel.ids import new_id

KEPT_GENERATIONS = 20
#: What is in the pool and no repository's is left alone for so long: it may be about to be recorded.
POOL_SECONDS = 600
_CURRENT, _PART = "current", ".part"


@dataclass(frozen=True, slots=True)
class Content:
    """A package in the pool: the digest of what the build made, and of which key its signature is, if any."""

    sha256: str
    fingerprint: str | None = None

    @property
    def file(self) -> str:
        """What it is called there."""
        return f"{self.sha256}.{self.fingerprint}.rpm" if self.fingerprint else f"{self.sha256}.rpm"


class RepositoryFiles:
    """The directories of all repositories of this installation."""

    def __init__(self, root: Path, *, grace_seconds: float) -> None:
        self._root = root
        self._grace_seconds = grace_seconds
        # What is taken in must not be tidied away at the same moment, and one tidies at a time.
        self._pool = threading.Lock()

    def of(self, repository: str) -> Path:
        """The directory of one repository."""
        return self._root / repository

    def pooled(self, repository: str, content: Content) -> Path:
        """Where the pool has that content."""
        return self.of(repository) / "pool" / content.file

    def current(self, repository: str) -> Path | None:
        """The generation that is served now."""
        link = self.of(repository) / _CURRENT
        return link.resolve() if link.exists() else None

    def served(self, repository: str, folder: str, file: str) -> Path | None:
        """The file for a reader: that of the current generation, else of the newest that had it."""
        for generation in self._newest_first(repository):
            path = generation / folder / file
            if path.is_file():
                return path
        return None

    async def take(self, repository: str, file: Path, content: Content) -> None:
        """Put a package into the pool; raises FileNotFoundError when it is gone."""
        await to_thread.run_sync(self._take, repository, file, content)

    @asynccontextmanager
    async def generation(self, repository: str) -> AsyncIterator[Path]:
        """A directory for a new generation, which nobody sees unless it is switched to."""
        part = self.of(repository) / "generations" / f"{new_id('generation')}{_PART}"
        try:
            await to_thread.run_sync(lambda: (part / PACKAGES).mkdir(parents=True))
            yield part
        finally:
            with anyio.CancelScope(shield=True):
                await to_thread.run_sync(lambda: shutil.rmtree(part, ignore_errors=True))

    async def link(self, part: Path, repository: str, packages: Iterable[tuple[str, Content]]) -> None:
        """Put packages of the pool, by the names of their files, into a generation."""
        await to_thread.run_sync(self._link, part, repository, list(packages))

    async def copy_to_sign(self, repository: str, content: Content, unsigned: Content) -> Path:
        """A copy of an unsigned package beside where the signed one will be."""
        part = self.pooled(repository, content).with_suffix(f".{new_id('signing')}{_PART}")
        await to_thread.run_sync(shutil.copyfile, self.pooled(repository, unsigned), part)
        return part

    async def switch(self, repository: str, part: Path) -> None:
        """Let readers see the generation, from one moment to the next."""
        await to_thread.run_sync(self._switch, repository, part)

    async def tidy(self, repository: str, kept: Collection[str]) -> None:
        """Remove generations that nobody reads any more, and all of the pool but the named files."""
        await to_thread.run_sync(self._tidy, repository, frozenset(kept))

    async def remove(self, repository: str) -> None:
        """Remove everything that a repository keeps."""
        await to_thread.run_sync(lambda: shutil.rmtree(self.of(repository), ignore_errors=True))

    async def kept(self) -> set[str]:
        """The repositories that have a directory."""
        return await to_thread.run_sync(self._kept)

    async def forget_half_made(self) -> None:
        """Remove what was cut off; for the start."""
        await to_thread.run_sync(self._forget_half_made)

    def _take(self, repository: str, file: Path, content: Content) -> None:
        target = self.pooled(repository, content)
        target.parent.mkdir(parents=True, exist_ok=True)
        with self._pool:
            with suppress(FileExistsError):
                os.link(file, target)
            # Found there already, it is as good as new: its time of change tells when it was taken.
            target.chmod(0o644)

    def _link(self, part: Path, repository: str, packages: list[tuple[str, Content]]) -> None:
        for file, content in packages:
            os.link(self.pooled(repository, content), part / PACKAGES / file)

    def _switch(self, repository: str, part: Path) -> None:
        before = self.current(repository)
        generation = part.with_suffix("")
        part.rename(generation)
        fresh = self.of(repository) / f"{_CURRENT}{_PART}"
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(generation.relative_to(fresh.parent), target_is_directory=True)
        fresh.replace(self.of(repository) / _CURRENT)
        if before is not None:
            # Its time is from now on that of its replacement.
            os.utime(before)

    def _tidy(self, repository: str, kept: frozenset[str]) -> None:
        now, current = time.time(), self.current(repository)
        old = [path for path in self._newest_first(repository) if path != current]
        for at, generation in enumerate(old, start=1):
            if at >= KEPT_GENERATIONS or now - _time(generation) > self._grace_seconds:
                shutil.rmtree(generation, ignore_errors=True)
        for path in (self.of(repository) / "pool").glob("*"):
            if path.name not in kept:
                self._tidy_away(path, before=now - POOL_SECONDS)

    def _tidy_away(self, path: Path, *, before: float) -> None:
        # What is being signed may have got its name meanwhile.
        with self._pool, suppress(FileNotFoundError):
            if path.stat().st_ctime < before:
                path.unlink()

    def _newest_first(self, repository: str) -> Iterator[Path]:
        current = self.current(repository)
        if current is None:
            return
        yield current
        others = [
            path for path in current.parent.iterdir() if path != current and not path.name.endswith(_PART)
        ]
        yield from sorted(others, key=_time, reverse=True)

    def _kept(self) -> set[str]:
        self._root.mkdir(parents=True, exist_ok=True)
        return {path.name for path in self._root.iterdir()}

    def _forget_half_made(self) -> None:
        for part in self._root.glob(f"*/*/*{_PART}"):
            if part.is_dir():
                shutil.rmtree(part, ignore_errors=True)
            else:
                part.unlink(missing_ok=True)


def metadata_of(generation: Path) -> Path:
    """The directory of a generation's metadata."""
    return generation / METADATA


def _time(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
