"""What a build keeps on disk: its context, its log and its artifacts, one directory per build."""

import shutil
import tarfile
from collections.abc import AsyncIterable, AsyncIterator, Collection, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from anyio import to_thread

from eulermaker.features.builds.faults import CONTEXT_TOO_LARGE
from eulermaker.formats.dockerfile import Dockerignore
from eulermaker.kernel.faults import InvalidFields

CHUNK = 256 * 1024
DOCKERIGNORE = ".dockerignore"
_FOLDER_MODE, _FILE_MODE, _PROGRAM_MODE = 0o755, 0o644, 0o755


class BuildFiles:
    """The directories of all builds of this installation."""

    def __init__(self, root: Path, *, max_context_bytes: int) -> None:
        self._root = root
        self._max_context_bytes = max_context_bytes

    def of(self, build: str) -> Path:
        """The directory of one build."""
        return self._root / build

    def context(self, build: str) -> Path:
        """The directory with the build's context."""
        return self.of(build) / "context"

    def log(self, build: str) -> Path:
        """The build's log."""
        return self.of(build) / "log.ndjson"

    def artifacts(self, build: str) -> Path:
        """The directory with the build's artifacts, by their names."""
        return self.of(build) / "artifacts"

    async def create(self, build: str, dockerfile: str, context: dict[PurePosixPath, bytes]) -> None:
        """Make the build's directory with what the request brought."""
        await to_thread.run_sync(self._create, build, dockerfile, context)

    async def remove(self, build: str) -> None:
        """Remove everything that the build keeps."""
        await to_thread.run_sync(shutil.rmtree, self.of(build), True)

    async def forget_half_made(self, known: Collection[str]) -> None:
        """Remove what was cut off, and the directories of all but the known builds; for the start."""
        await to_thread.run_sync(self._forget_half_made, known)

    async def forget_artifacts(self, build: str) -> None:
        """Remove the artifacts, those half collected among them."""
        await to_thread.run_sync(self._forget_artifacts, build)

    @asynccontextmanager
    async def upload(
        self, build: str, path: PurePosixPath, body: AsyncIterable[bytes]
    ) -> AsyncIterator["Upload"]:
        """One context file, received from a stream and not yet in its place.

        What is not placed inside the block is forgotten. Raises `context-too-large`.
        """
        target = self.context(build).joinpath(path)
        part = self.of(build) / f"upload-{id(body):x}.part"
        room = self._max_context_bytes - await to_thread.run_sync(self._context_bytes, build, target)
        try:
            size = await _write(part, body, room=room, limit=self._max_context_bytes)
            yield Upload(part, target, path, size)
        finally:
            part.unlink(missing_ok=True)

    def context_paths(self, build: str) -> list[str]:
        """The files of the context, relative to it."""
        root = self.context(build)
        return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())

    def dockerignore(self, build: str) -> str | None:
        """The text of the context's `.dockerignore`."""
        path = self.context(build) / DOCKERIGNORE
        return path.read_text(errors="replace") if path.is_file() else None

    def check_size(self, context: dict[PurePosixPath, bytes]) -> None:
        """Raise `context-too-large` when files sent with the request are over the bound."""
        if sum(len(content) for content in context.values()) > self._max_context_bytes:
            raise CONTEXT_TOO_LARGE(limit=self._max_context_bytes)

    def _create(self, build: str, dockerfile: str, context: dict[PurePosixPath, bytes]) -> None:
        root = self.context(build)
        root.mkdir(parents=True)
        (self.of(build) / "Dockerfile").write_bytes(dockerfile.encode())
        for path, content in context.items():
            target = root.joinpath(path)
            with _in_the_way(path):
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)

    def _context_bytes(self, build: str, replaced: Path) -> int:
        paths = self.context(build).rglob("*")
        return sum(path.stat().st_size for path in paths if path != replaced and path.is_file())

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

    part: Path
    target: Path
    path: PurePosixPath
    size: int

    async def place(self) -> None:
        """Put the file into the context; raises InvalidFields when another one stands in its way."""
        await to_thread.run_sync(self._place)

    def _place(self) -> None:
        with _in_the_way(self.path):
            self.target.parent.mkdir(parents=True, exist_ok=True)
            self.part.replace(self.target)


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
        while self.dockerfile in paths and (self._root / self.dockerfile).read_bytes() != self._text:
            self.dockerfile = f".eulermaker.{self.dockerfile}"

    async def stream(self) -> AsyncIterator[bytes]:
        """The archive in chunks, read off the event loop."""
        blocks = self._blocks()
        while block := await to_thread.run_sync(next, blocks, b""):
            yield block

    def _blocks(self) -> Iterator[bytes]:
        pending = bytearray()
        for piece in self._pieces():
            pending += piece
            if len(pending) >= CHUNK:
                yield bytes(pending)
                pending.clear()
        yield bytes(pending)

    def _pieces(self) -> Iterator[bytes]:
        if self.dockerfile not in self._paths:
            yield _header(self.dockerfile, len(self._text), _FILE_MODE)
            yield _padded(self._text)
        folders: set[PurePosixPath] = set()
        for name in self._paths:
            for folder in reversed(PurePosixPath(name).parents[:-1]):
                if folder not in folders:
                    folders.add(folder)
                    yield _header(f"{folder}/", 0, _FOLDER_MODE)
            yield from self._file(name)
        yield bytes(2 * tarfile.BLOCKSIZE)

    def _file(self, name: str) -> Iterator[bytes]:
        with (self._root / name).open("rb") as file:
            size = file.seek(0, 2)
            file.seek(0)
            first = file.read(CHUNK)
            # Requests carry no modes: a script is what says that it is one.
            yield _header(name, size, _PROGRAM_MODE if first.startswith(b"#!") else _FILE_MODE)
            while first:
                yield first
                first = file.read(CHUNK)
            yield bytes(-size % tarfile.BLOCKSIZE)


def _header(name: str, size: int, mode: int) -> bytes:
    info = tarfile.TarInfo(name.rstrip("/"))
    info.size, info.mode = size, mode
    info.type = tarfile.DIRTYPE if name.endswith("/") else tarfile.REGTYPE
    return info.tobuf(tarfile.PAX_FORMAT)


def _padded(content: bytes) -> bytes:
    return content + bytes(-len(content) % tarfile.BLOCKSIZE)


async def _write(part: Path, body: AsyncIterable[bytes], *, room: int, limit: int) -> int:
    size = 0
    with part.open("wb") as file:
        async for chunk in body:
            size += len(chunk)
            if size > room:
                raise CONTEXT_TOO_LARGE(limit=limit)
            await to_thread.run_sync(file.write, chunk)
    return size


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
