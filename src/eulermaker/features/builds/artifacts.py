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

from eulermaker.engines.port import ENGINE_UNAVAILABLE, Files, Image
from eulermaker.features.builds.faults import ARTIFACTS_TOO_LARGE
from eulermaker.features.builds.rules import unique_names
from eulermaker.formats.image_archive import members
from eulermaker.formats.rpm import RpmError, read_rpm
from eulermaker.kernel.pulled import Pulled

CHUNK = 1024 * 1024
# What an archive may hold beside the files: headers, padding, directories.
ARCHIVE_OVERHEAD = 64 * 1024 * 1024
OUTPUT = PurePosixPath("/output")
_RPM_FOLDERS = ("RPMS", "SRPMS")
_RPM_TREE = re.compile(r"(/(?:[^/]+/)*rpmbuild)/(?:RPMS|SRPMS)/")
RPMBUILD = "/usr/bin/rpmbuild"
MAX_TREES = 1000
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


def rpm_trees(image: Image, mentioned: Iterable[str]) -> list[PurePosixPath]:
    """Where `rpmbuild` trees of an image may lie.

    The home and the working directory of the image, and the trees that are mentioned: by the
    Dockerfile, or by the log, where rpmbuild tells "Wrote: …".
    """
    homes = [value for key, _, value in (e.partition("=") for e in image.environment) if key == "HOME"]
    working = PurePosixPath("/") / image.working_dir
    places = [PurePosixPath("/root"), *map(PurePosixPath, homes), working, *working.parents]
    trees = [place / "rpmbuild" for place in places] + [
        p for p in (working, *working.parents) if p.name == "rpmbuild"
    ]
    trees += map(PurePosixPath, mentioned)
    return list(dict.fromkeys(trees))


async def has_rpmbuild(files: Files) -> bool:
    """Whether RPMs can be built inside the image."""
    async with files.archive(RPMBUILD) as stream:
        return stream is not None


async def all_rpm_trees(files: Files) -> list[PurePosixPath]:
    """Every tree of the image that holds something under `rpmbuild/RPMS` or `rpmbuild/SRPMS`.

    All of the image passes through here, which takes a second or two for a usual one.
    """
    async with files.everything() as stream:
        return await to_thread.run_sync(_trees_in, Pulled(stream))


def trees_of(artifacts: Iterable[Artifact]) -> list[PurePosixPath]:
    """The `rpmbuild` trees that the artifacts lay in."""
    found = (_RPM_TREE.match(artifact.path) for artifact in artifacts)
    return list(dict.fromkeys(PurePosixPath(tree[1]) for tree in found if tree))


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
        """The artifacts of the image; with `search`, all of it is searched when the trees hold no RPM.

        Raises `artifacts-too-large`.
        """
        await to_thread.run_sync(self._start)
        await self._take(files, OUTPUT)
        await self._take_trees(files, trees)
        if search and not any(path.endswith(".rpm") for path in self._found):
            await self._take_trees(files, await all_rpm_trees(files))
        return await to_thread.run_sync(self._finish)

    async def _take_trees(self, files: Files, trees: Iterable[PurePosixPath]) -> None:
        for tree in trees:
            for folder in _RPM_FOLDERS:
                await self._take(files, tree / folder)

    async def _take(self, files: Files, folder: PurePosixPath) -> None:
        async with files.archive(f"{folder}/.") as stream:
            if stream is not None:
                await self._unpack(stream, folder)

    async def _unpack(self, stream: AsyncIterator[bytes], folder: PurePosixPath) -> None:
        async with await open_file(self._archive, "wb") as archive:
            size = 0
            async for chunk in stream:
                size += len(chunk)
                if size > self._max_bytes + ARCHIVE_OVERHEAD:
                    raise ARTIFACTS_TOO_LARGE(limit=self._max_bytes)
                await archive.write(chunk)
        await to_thread.run_sync(self._extract, folder)

    def _extract(self, folder: PurePosixPath) -> None:
        # Names in an image are bytes: what is no UTF-8 stays tellable apart.
        with tarfile.open(self._archive, encoding="utf-8", errors="backslashreplace") as archive:
            for member in archive:
                path = _shown(str(folder / member.name.lstrip("/")))
                if not (member.isreg() or member.islnk()):
                    continue
                if path in self._found:
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


def _trees_in(archive: Pulled) -> list[PurePosixPath]:
    """The trees, by the names in a tar archive of a whole file system."""
    trees: dict[str, None] = {}
    try:
        with tarfile.open(
            fileobj=archive, mode="r|", bufsize=CHUNK, encoding="utf-8", errors="surrogateescape"
        ) as files:
            for member in members(files):
                found = _RPM_TREE.match(f"/{member.name.lstrip('/')}")
                if found and not member.isdir() and len(trees) < MAX_TREES:
                    trees[found[1]] = None
    except tarfile.TarError as error:
        raise ENGINE_UNAVAILABLE() from error
    return [PurePosixPath(tree) for tree in trees]


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
