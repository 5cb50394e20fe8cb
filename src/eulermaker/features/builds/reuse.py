"""Results of earlier builds, taken over by a build whose inputs are the same."""

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from anyio import to_thread

from eulermaker.engines.port import ENGINE_REFUSED, Engine, Image
from eulermaker.features.builds.artifacts import Artifact
from eulermaker.features.builds.files import BuildFiles
from eulermaker.features.builds.ledger import Ledger
from eulermaker.features.builds.log import Line, LogReader
from eulermaker.features.builds.store import Build
from eulermaker.kernel.clock import Clock
from eulermaker.kernel.faults import Fault

log = structlog.get_logger("eulermaker.builds")

#: Results of the same inputs are alike, but one may have lost its image or a file.
CANDIDATES = 3


@dataclass(frozen=True, slots=True)
class Reused:
    """A result that was taken over; `build` made it, or took it over itself."""

    build: Build
    image: Image
    artifacts: Sequence[Artifact]

    @property
    def built_at(self) -> datetime:
        """When the result was really made."""
        assert self.build.built_at is not None
        return self.build.built_at

    @property
    def built_seconds(self) -> float:
        """How long it took to make it."""
        told = (self.build.optimization or {}).get("reused")
        return float(told["built_seconds"]) if told else self.build.duration or 0.0


class Results:
    """Finds results that can be taken over, and takes them."""

    def __init__(
        self, *, ledger: Ledger, files: BuildFiles, engine: Engine, seconds: int, clock: Clock
    ) -> None:
        self._ledger = ledger
        self._files = files
        self._engine = engine
        self._window = timedelta(seconds=seconds)
        self._clock = clock

    async def take(self, build: Build, fingerprint: str, *, tag: str) -> Reused | None:
        """Take over the newest result of these inputs that is still whole; None where none is.

        The image has the tag from then on, and the artifacts lie with the build.
        """
        if not self._window:
            return None
        async with self._ledger.read() as store:
            found = await store.results(
                build, fingerprint, since=self._clock() - self._window, limit=CANDIDATES
            )
        for source in found:
            if taken := await self._take(build, source, tag=tag):
                return taken
        return None

    async def _take(self, build: Build, source: Build, *, tag: str) -> Reused | None:
        assert source.image_id is not None
        image = await self._engine.image(source.image_id)
        async with self._ledger.read() as store:
            artifacts = await store.artifacts_of(source.id)
        if image is None or not await to_thread.run_sync(self._linked, build, source, artifacts):
            log.info("result.not_whole", build=build.id, source=source.id)
            return None
        try:
            await self._engine.add_tag(image.id, tag=tag)
        except Fault as fault:
            # Between the look and the tag somebody removed it.
            if fault.entry is not ENGINE_REFUSED:
                raise
            return None
        return Reused(source, image, artifacts)

    def _linked(self, build: Build, source: Build, artifacts: Sequence[Artifact]) -> bool:
        """Put the artifacts of one build beside another as well; false where one of them is not whole."""
        here, there = self._files.artifacts(build.id), self._files.artifacts(source.id)
        shutil.rmtree(here, ignore_errors=True)
        here.mkdir(parents=True)
        for artifact in artifacts:
            file = there / artifact.sha256
            if not file.is_file() or file.stat().st_size != artifact.size:
                return False
            with suppress(FileExistsError):
                _link(file, here / artifact.sha256)
        return True

    def lines(self, source: Build) -> Iterator[list[Line]]:
        """What the steps of a build printed, in portions."""
        with LogReader(self._files.log(source.id)) as reader:
            while data := reader.read():
                told = (json.loads(line) for line in data.splitlines())
                yield [_line(each) for each in told if each["kind"] != "status"]


def _link(file: Path, to: Path) -> None:
    try:
        os.link(file, to)
    except FileExistsError:
        raise
    except OSError:
        # Not every file system has links.
        shutil.copyfile(file, to)


def _line(told: dict[str, object]) -> Line:
    fields = {name: told.get(name) for name in ("kind", "step", "steps", "stage", "cached", "duration")}
    at = datetime.fromisoformat(str(told["timestamp"]))
    return Line(str(told["data"]), at, **fields)  # type: ignore[arg-type]  # as `log.frame` wrote them
