"""What a build keeps on disk: its context, its log and its artifacts, one directory per build."""

import os
import shutil
import stat
import tarfile
import threading
from collections.abc import AsyncIterable, AsyncIterator, Callable, Collection, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from anyio import to_thread

from eulermaker.engines.port import ContextEntry
from eulermaker.features.builds.faults import BUILD_NOT_FOUND, CONTEXT_TOO_LARGE
from eulermaker.formats.dockerfile import Dockerignore
from eulermaker.kernel.faults import InvalidFields

CHUNK = 256 * 1024
#: What a manifest of dependencies holds at most.
MANIFEST_BYTES = 1024 * 1024
DOCKERIGNORE = ".dockerignore"
_FOLDER_MODE, _FILE_MODE, _PROGRAM_MODE = 0o755, 0o644, 0o755
_SCRIPT = b"#!"
_GONE = ".gone"


class BuildFiles:
    """The directories of all builds of this installation."""

    def __init__(self, root: Path, *, max_context_bytes: int) -> None:
        self._root = root
        self._max_context_bytes = max_context_bytes
        # Files that come at once each find room for themselves: there is room for one after the other.
        self._placing = threading.Lock()

    def of(self, build: str) -> Path:
        """The directory of one build."""
        return self._root / build

    def context(self, build: str) -> Path:
        """The directory with the build's context."""
        return self.of(build) / "context"

    def log(self, build: str) -> Path:
        """The build's log."""
        return self.of(build) / "log.ndjson"

    def verdict(self, build: str) -> Path:
        """The result of the build's last attempt, until it is recorded."""
        return self.of(build) / "verdict.json"

    def artifacts(self, build: str) -> Path:
        """The directory with the build's artifacts, by their names."""
        return self.of(build) / "artifacts"

    async def create(
        self,
        build: str,
        dockerfile: str,
        context: Mapping[PurePosixPath, bytes],
        *,
        executable: Mapping[PurePosixPath, bool] = MappingProxyType({}),
    ) -> None:
        """Make the build's directory with what the request brought.

        A file that `executable` does not tell about is a program when it begins with `#!`.
        """
        await to_thread.run_sync(self._create, build, dockerfile, context, executable)

    async def remove(self, build: str) -> None:
        """Remove everything that the build keeps; from then on nothing can be put there."""
        await to_thread.run_sync(self._remove, build)

    async def forget_half_made(self, known: Collection[str]) -> None:
        """Remove what was cut off, and the directories of all but the known builds; for the start."""
        await to_thread.run_sync(self._forget_half_made, known)

    async def forget_artifacts(self, build: str) -> None:
        """Remove the artifacts, those half collected among them."""
        await to_thread.run_sync(self._forget_artifacts, build)

    @asynccontextmanager
    async def upload(
        self,
        build: str,
        path: PurePosixPath,
        body: AsyncIterable[bytes],
        *,
        executable: bool | None = None,
    ) -> AsyncIterator["Upload"]:
        """One context file, received from a stream and not yet in its place.

        What is not placed inside the block is forgotten. Raises `context-too-large`, and
        `build-not-found` when the build is deleted meanwhile.
        """
        target = self.context(build).joinpath(path)
        part = self.of(build) / f"upload-{id(body):x}.part"
        room = self._max_context_bytes - await to_thread.run_sync(self._context_bytes, build, target)
        try:
            with _still_there(build):
                size = await _write(part, body, room=room, limit=self._max_context_bytes)
            yield Upload(self, build, part, path, size, executable)
        finally:
            part.unlink(missing_ok=True)

    def put(self, upload: "Upload") -> None:
        """Place an upload; see there."""
        context = self.context(upload.build)
        target = context / upload.path
        with self._placing, _in_the_way(upload.path), _still_there(upload.build):
            if upload.size > self._max_context_bytes - self._context_bytes(upload.build, target):
                raise CONTEXT_TOO_LARGE(limit=self._max_context_bytes)
            # One by one: the context itself must not be made anew when its build was deleted.
            for folder in reversed(upload.path.parents[:-1]):
                (context / folder).mkdir(exist_ok=True)
            with upload.part.open("rb") as content:
                upload.part.chmod(_mode(content.read(len(_SCRIPT)), upload.executable))
            upload.part.replace(target)

    def context_paths(self, build: str) -> list[str]:
        """The files of the context, relative to it; none when it is being deleted."""
        root = self.context(build)
        return sorted(
            Path(here, name).relative_to(root).as_posix()
            for here, _, names in os.walk(root, onerror=_unless_gone)
            for name in names
        )

    def dockerignore(self, build: str) -> str | None:
        """The text of the context's `.dockerignore`."""
        path = self.context(build) / DOCKERIGNORE
        return path.read_text(errors="replace") if path.is_file() else None

    def check_size(self, context: dict[PurePosixPath, bytes]) -> None:
        """Raise `context-too-large` when files sent with the request are over the bound."""
        if sum(len(content) for content in context.values()) > self._max_context_bytes:
            raise CONTEXT_TOO_LARGE(limit=self._max_context_bytes)

    def _create(
        self,
        build: str,
        dockerfile: str,
        context: Mapping[PurePosixPath, bytes],
        executable: Mapping[PurePosixPath, bool],
    ) -> None:
        root = self.context(build)
        root.mkdir(parents=True)
        (self.of(build) / "Dockerfile").write_bytes(dockerfile.encode())
        for path, content in context.items():
            target = root.joinpath(path)
            with _in_the_way(path):
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
            target.chmod(_mode(content, executable.get(path)))

    def _remove(self, build: str) -> None:
        # Out of the way first: what is being put there at this moment must not be left behind.
        gone = self._root / f"{build}{_GONE}"
        shutil.rmtree(gone, ignore_errors=True)
        with suppress(FileNotFoundError):
            self.of(build).rename(gone)
        shutil.rmtree(gone, ignore_errors=True)

    def _context_bytes(self, build: str, replaced: Path) -> int:
        root = self.context(build)
        paths = (root / name for name in self.context_paths(build))
        with _still_there(build):
            return sum(path.stat().st_size for path in paths if path != replaced)

    def _kept(self) -> list[str]:
        self._root.mkdir(parents=True, exist_ok=True)
        return [path.name for path in self._root.iterdir() if path.is_dir()]

    def _forget_half_made(self, known: Collection[str]) -> None:
        for build in self._kept():
            if build not in known:
                shutil.rmtree(self.of(build), ignore_errors=True)
        for part in self._root.glob("*/upload-*.part"):
            part.unlink(missing_ok=True)

    def _forget_artifacts(self, build: str) -> None:
        for path in self.of(build).glob("artifacts*"):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Upload:
    """A context file that was received whole; `size` in bytes."""

    files: BuildFiles
    build: str
    part: Path
    path: PurePosixPath
    size: int
    executable: bool | None

    async def place(self) -> None:
        """Put the file into the context.

        Raises InvalidFields when another one stands in its way, `context-too-large` when others came
        meanwhile, and `build-not-found` when the build was deleted.
        """
        await to_thread.run_sync(self.files.put, self)


class ContextArchive:
    """A build's context as a tar stream, with the Dockerfile in it.

    `dockerfile` is the name it has there: its own when the context brings none of that name, or
    brings the very same.
    """

    def __init__(self, files: BuildFiles, build: str, dockerfile: str) -> None:
        self._root = files.context(build)
        self._text = dockerfile.encode()
        ignored = files.dockerignore(build)
        rules = Dockerignore.parse(ignored) if ignored is not None else None
        paths = files.context_paths(build)
        self._paths = [path for path in paths if rules is None or not rules.excludes(path)]
        self.dockerfile = "Dockerfile"
        while self._is_taken(self._root / self.dockerfile):
            self.dockerfile = f".eulermaker.{self.dockerfile}"

    async def stream(self) -> AsyncIterator[bytes]:
        """The archive in chunks, read off the event loop."""
        blocks = self._blocks()
        while block := await to_thread.run_sync(next, blocks, b""):
            yield block

    def _is_taken(self, path: Path) -> bool:
        return path.is_dir() or (path.is_file() and path.read_bytes() != self._text)

    def _blocks(self) -> Iterator[bytes]:
        pending = bytearray()
        for piece in self._pieces():
            pending += piece
            if len(pending) >= CHUNK:
                yield bytes(pending)
                pending.clear()
        yield bytes(pending)

    def entries(self) -> list[ContextEntry]:
        """What the archive holds, each directory before what lies in it."""
        found: list[ContextEntry] = []
        if self.dockerfile not in self._paths:
            found.append(ContextEntry(self.dockerfile, _FILE_MODE, len(self._text)))
        folders: set[PurePosixPath] = set()
        for name in self._paths:
            for folder in reversed(PurePosixPath(name).parents[:-1]):
                if folder not in folders:
                    folders.add(folder)
                    found.append(ContextEntry(str(folder), _FOLDER_MODE, directory=True))
            found.append(self._entry(name))
        return found

    def read(self, name: str) -> Iterator[bytes]:
        """The content of a file of the archive, in pieces."""
        if name == self.dockerfile and name not in self._paths:
            yield self._text
            return
        with (self._root / name).open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk

    def _entry(self, name: str) -> ContextEntry:
        found = (self._root / name).stat()
        program = found.st_mode & stat.S_IXUSR
        return ContextEntry(name, _PROGRAM_MODE if program else _FILE_MODE, found.st_size)

    def _pieces(self) -> Iterator[bytes]:
        for entry in self.entries():
            yield _header(entry)
            if not entry.directory:
                yield from self.read(entry.path)
                yield bytes(-entry.size % tarfile.BLOCKSIZE)
        yield bytes(2 * tarfile.BLOCKSIZE)


class ContextManifest(Mapping[PurePosixPath, bytes]):
    """A build's context by its paths; a file is read when it is asked for, and larger ones are not."""

    def __init__(self, archive: ContextArchive) -> None:
        self._entries = {PurePosixPath(e.path): e for e in archive.entries() if not e.directory}
        self._archive = archive

    def __getitem__(self, path: PurePosixPath) -> bytes:
        entry = self._entries[path]
        if entry.size > MANIFEST_BYTES:
            raise KeyError(path)
        return b"".join(self._archive.read(entry.path))

    def __iter__(self) -> Iterator[PurePosixPath]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, path: object) -> bool:
        return path in self._entries


@dataclass(frozen=True, slots=True)
class ServedFiles:
    """A build's context for an engine that asks for its files.

    The Dockerfile that is built from is `text`, and none of the files: they are those of the archive,
    with the Dockerfile as it is written among them, and what `added` puts there. Where `placed` says so,
    they lie under other paths.
    """

    archive: ContextArchive
    text: str
    added: Mapping[str, bytes] = field(default_factory=dict)
    placed: Callable[[str], str] | None = None
    _known: dict[str, str] = field(default_factory=dict, compare=False)

    @property
    def dockerfile_entry(self) -> ContextEntry:
        """The Dockerfile that is built from."""
        return ContextEntry(self.archive.dockerfile, _FILE_MODE, len(self.dockerfile_content))

    @property
    def dockerfile_content(self) -> bytes:
        """What it says."""
        return self.text.encode()

    @property
    def entries(self) -> list[ContextEntry]:
        """The files and their directories."""
        files = [replace(each, path=self._place(each.path)) for each in self.archive.entries()]
        files += [ContextEntry(name, _PROGRAM_MODE, len(content)) for name, content in self.added.items()]
        known = {each.path for each in files}
        parents = {str(each) for one in files for each in PurePosixPath(one.path).parents} - known - {"."}
        return [*(ContextEntry(parent, _FOLDER_MODE, directory=True) for parent in parents), *files]

    def read(self, entry: ContextEntry) -> Iterator[bytes]:
        """The content of an entry, in pieces."""
        if entry.path in self.added:
            yield self.added[entry.path]
        else:
            yield from self.archive.read(self._names()[entry.path])

    def _place(self, path: str) -> str:
        return path if self.placed is None else self.placed(path)

    def _names(self) -> Mapping[str, str]:
        """The names that the files have in the archive."""
        if not self._known:
            self._known.update({self._place(each.path): each.path for each in self.archive.entries()})
        return self._known


def _header(entry: ContextEntry) -> bytes:
    info = tarfile.TarInfo(entry.path)
    info.size, info.mode = entry.size, entry.mode
    info.type = tarfile.DIRTYPE if entry.directory else tarfile.REGTYPE
    return info.tobuf(tarfile.PAX_FORMAT)


def _mode(content: bytes, executable: bool | None) -> int:
    """The mode of a context file; where nobody tells, a script is what says that it is one."""
    program = content.startswith(_SCRIPT) if executable is None else executable
    return _PROGRAM_MODE if program else _FILE_MODE


async def _write(part: Path, body: AsyncIterable[bytes], *, room: int, limit: int) -> int:
    size = 0
    with part.open("wb") as file:
        async for chunk in body:
            size += len(chunk)
            if size > room:
                raise CONTEXT_TOO_LARGE(limit=limit)
            await to_thread.run_sync(file.write, chunk)
    return size


def _unless_gone(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error


@contextmanager
def _still_there(build: str) -> Iterator[None]:
    """Turns the loss of the build's directory into `build-not-found`."""
    try:
        yield
    except FileNotFoundError as error:
        raise BUILD_NOT_FOUND(build=build, details={"build_id": build, "resource_type": "build"}) from error


class _in_the_way:
    """Turns a file where a directory has to be, or the other way round, into a refused field."""

    def __init__(self, path: PurePosixPath) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, FileExistsError | NotADirectoryError | IsADirectoryError):
            raise InvalidFields.one(
                f"context_files.{self._path}",
                zh="该路径与上下文中另一个文件或目录冲突",
                en="Another file or directory of the context is in the way of this path",
            ) from error
