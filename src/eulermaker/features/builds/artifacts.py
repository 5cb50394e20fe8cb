"""Collect what a build made: files under `/output`, and RPMs under any `rpmbuild` tree."""

import hashlib
import os
import re
import shutil
import tarfile
from collections.abc import AsyncIterator, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from anyio import open_file, to_thread

from eulermaker.engines.port import Files, Image
from eulermaker.features.builds.faults import ARTIFACTS_TOO_LARGE
from eulermaker.features.builds.rules import unique_names
from eulermaker.formats.rpm import RpmError, read_rpm

CHUNK = 1024 * 1024
# What an archive may hold beside the files: headers, padding, directories.
ARCHIVE_OVERHEAD = 64 * 1024 * 1024
OUTPUT = PurePosixPath("/output")
_RPM_FOLDERS = ("RPMS", "SRPMS")
_RPM_TREE = re.compile(r"/(?:[^/]+/)*rpmbuild/(?:RPMS|SRPMS)/")
_MENTIONED = re.compile(r"(/[^\s:\"'=]*?rpmbuild)\b")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
# What the table has room for.
MAX_NAME, MAX_PATH = 512, 4096


@dataclass(frozen=True, slots=True)
class Artifact:
    """One file that a build made; `path` is where it lay in the image, `size` in bytes."""

    name: str
    path: str
    size: int
    sha256: str
    rpm: dict[str, Any] | None


def rpm_trees(image: Image, *texts: str) -> list[PurePosixPath]:
    """Where `rpmbuild` trees of an image may lie.

    The home and the working directory of the image, and every `…/rpmbuild` that the texts (the
    Dockerfile; the log, where rpmbuild tells "Wrote: …") mention.
    """
    homes = [value for key, _, value in (e.partition("=") for e in image.environment) if key == "HOME"]
    working = PurePosixPath("/") / image.working_dir
    places = [PurePosixPath("/root"), *map(PurePosixPath, homes), working, *working.parents]
    trees = [place / "rpmbuild" for place in places] + [
        p for p in (working, *working.parents) if p.name == "rpmbuild"
    ]
    trees += [PurePosixPath(found) for text in texts for found in _MENTIONED.findall(text)]
    return list(dict.fromkeys(trees))


def built_rpms(*texts: str) -> bool:
    """Whether the texts speak of rpmbuild, so that finding no RPM is worth a search of the whole image."""
    return any("rpmbuild" in text for text in texts)


class Collector:
    """Takes artifacts out of an image into a directory, which is complete or not there."""

    def __init__(self, folder: Path, *, max_bytes: int) -> None:
        self._folder = folder
        self._part = folder.with_name(f"{folder.name}.part")
        self._archive = folder.with_name(f"{folder.name}.tar")
        self._max_bytes = max_bytes
        self._room = max_bytes
        self._found: dict[str, Path] = {}

    async def collect(self, files: Files, trees: Iterable[PurePosixPath], *, search: bool) -> list[Artifact]:
        """The artifacts of the image; with `search`, all of it is read when the trees hold no RPM.

        Raises `artifacts-too-large`.
        """
        await to_thread.run_sync(self._start)
        await self._take(files, OUTPUT)
        for tree in trees:
            for folder in _RPM_FOLDERS:
                await self._take(files, tree / folder)
        if search and not any(path.endswith(".rpm") for path in self._found):
            async with files.everything() as stream:
                await self._unpack(stream, PurePosixPath("/"), only=_RPM_TREE)
        return await to_thread.run_sync(self._finish)

    async def _take(self, files: Files, folder: PurePosixPath) -> None:
        async with files.archive(f"{folder}/.") as stream:
            if stream is not None:
                await self._unpack(stream, folder, only=None)

    async def _unpack(
        self, stream: AsyncIterator[bytes], folder: PurePosixPath, *, only: re.Pattern[str] | None
    ) -> None:
        async with await open_file(self._archive, "wb") as archive:
            size = 0
            async for chunk in stream:
                size += len(chunk)
                if only is None and size > self._max_bytes + ARCHIVE_OVERHEAD:
                    raise ARTIFACTS_TOO_LARGE(limit=self._max_bytes)
                await archive.write(chunk)
        await to_thread.run_sync(self._extract, folder, only)

    def _extract(self, folder: PurePosixPath, only: re.Pattern[str] | None) -> None:
        # Names in an image are bytes: what is no UTF-8 stays tellable apart.
        with tarfile.open(self._archive, encoding="utf-8", errors="backslashreplace") as archive:
            for member in archive:
                path = _shown(str(folder / member.name.lstrip("/")))
                if not (member.isreg() or member.islnk()):
                    continue
                if path in self._found or (only and not only.match(path)):
                    continue
                content = archive.getmember(member.linkname) if member.islnk() else member
                self._room -= content.size
                if self._room < 0:
                    raise ARTIFACTS_TOO_LARGE(limit=self._max_bytes)
                source = archive.extractfile(content)
                assert source is not None
                # Numbered, not named: names from an image never become paths of ours here.
                target = self._part / str(len(self._found))
                with source, target.open("wb") as file:
                    shutil.copyfileobj(source, file, CHUNK)
                self._found[path] = target

    def _start(self) -> None:
        shutil.rmtree(self._part, ignore_errors=True)
        shutil.rmtree(self._folder, ignore_errors=True)
        self._part.mkdir()

    def _finish(self) -> list[Artifact]:
        self._archive.unlink(missing_ok=True)
        digests = {path: _sha256(file) for path, file in self._found.items()}
        # A package that was copied to /output is one artifact, not two.
        distinct = {(PurePosixPath(path).name, digest): path for path, digest in reversed(digests.items())}
        names = {
            path: _fitting(name, MAX_NAME) for path, name in unique_names(list(distinct.values())).items()
        }
        artifacts = [_describe(name, path, self._found[path], digests[path]) for path, name in names.items()]
        for artifact in artifacts:
            self._found[artifact.path].rename(self._part / artifact.sha256)
        for path in self._found.keys() - names.keys():
            self._found[path].unlink()
        self._part.rename(self._folder)
        return sorted(artifacts, key=lambda artifact: artifact.name)


def _shown(path: str) -> str:
    """The path with control characters escaped: it goes into lists, addresses and headers."""
    return _fitting(_CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", path), MAX_PATH)


def _fitting(text: str, limit: int) -> str:
    """The text; a longer one ends in a digest of the whole, so that it stays unique."""
    if len(text) <= limit:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    return f"{text[: limit - len(digest) - 1]}~{digest}"


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _describe(name: str, path: str, file: Path, digest: str) -> Artifact:
    rpm = None
    if path.endswith(".rpm"):
        with file.open("rb") as content:
            try:
                rpm = asdict(read_rpm(content))
            except RpmError:
                rpm = None  # A file of that name that is no RPM is still an artifact.
    return Artifact(name, path, os.stat(file).st_size, digest, rpm)
