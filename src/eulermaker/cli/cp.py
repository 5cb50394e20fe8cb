"""`cp`: files between the disk and a container, as tar archives."""

import io
import shutil
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated

import typer

from eulermaker.cli.exits import Complaint
from eulermaker.cli.messages import text

if TYPE_CHECKING:
    from eulermaker.client import Client


def cp(
    source: Annotated[str, typer.Argument(metavar="CONTAINER:PATH|PATH|-", help=text("help.cp_source"))],
    target: Annotated[str, typer.Argument(metavar="CONTAINER:PATH|PATH|-", help=text("help.cp_target"))],
) -> None:
    from eulermaker.cli.session import connect

    origin, goal = _inside(source), _inside(target)
    with connect() as client:
        match origin, goal:
            case (container, path), None:
                _fetch(client, container, path, target)
            case None, (container, path):
                _put(client, source, container, path)
            case _:
                raise Complaint(text("input.cp"))


def _inside(place: str) -> tuple[str, str] | None:
    """Container and path of `CONTAINER:PATH`; None for a path on the disk, which may begin with `./`."""
    container, separator, path = place.partition(":")
    if not separator or not container or "/" in container or container.startswith("."):
        return None
    return container, path if path.startswith("/") else f"/{path}"


def _fetch(client: "Client", container: str, path: str, target: str) -> None:
    with client.containers.download(container, path) as chunks:
        if target == "-":
            for chunk in chunks:
                sys.stdout.buffer.write(chunk)
            sys.stdout.buffer.flush()
        else:
            with tarfile.open(fileobj=_Reader(chunks), mode="r|*") as archive:
                unpack(archive, Path(target))


def unpack(archive: tarfile.TarFile, target: Path) -> None:
    """Into the folder `target` under the archive's own name, else as `target`."""
    folder = target if target.is_dir() else target.parent
    # Members are judged below: the filters of `tarfile` came with Python 3.11.4.
    archive.extraction_filter = lambda member, path: member
    for member in archive:
        if folder is not target:
            parts = PurePosixPath(member.name).parts
            member.name = str(PurePosixPath(target.name, *parts[1:]))
        if member.isfile() or member.isdir() or member.issym() or member.islnk():
            _judge(member, folder)
            archive.extract(member, folder)


def _judge(member: tarfile.TarInfo, folder: Path) -> None:
    """Raise Complaint for what would be written outside the folder; take bits away that nobody asked for.

    Links stay as they are in the container, but nothing is written through one that leaves the folder.
    """
    member.name = member.name.lstrip("/")
    for name in (member.name, member.linkname) if member.islnk() else (member.name,):
        place = folder / name
        # What is a link itself is replaced, not followed.
        place = place.parent.resolve() / place.name if member.issym() else place.resolve()
        if not place.is_relative_to(folder.resolve()):
            raise Complaint(text("cp.outside", name=name, folder=folder))
    member.mode &= 0o755


def _put(client: "Client", source: str, container: str, path: str) -> None:
    with tempfile.TemporaryFile() as archive:
        folder = path
        if source == "-":
            shutil.copyfileobj(sys.stdin.buffer, archive)
        else:
            file = Path(source)
            if not file.exists():
                raise Complaint(text("input.missing", path=source))
            name = file.resolve().name
            if not _is_folder(client, container, path):
                plain = PurePosixPath(path)
                folder, name = str(plain.parent), plain.name
            with tarfile.open(fileobj=archive, mode="w") as made:
                made.add(file, arcname=name, filter=_owned_by_root)
        client.containers.upload(container, folder, archive)


def _is_folder(client: "Client", container: str, path: str) -> bool:
    """Whether there is a folder at `path`: the head of its archive tells."""
    from eulermaker.client import NotFound

    try:
        with (
            client.containers.download(container, path) as chunks,
            tarfile.open(fileobj=_Reader(chunks), mode="r|*") as archive,
        ):
            first = archive.next()
            return first is not None and first.isdir()
    except NotFound as error:
        if error.code == "container-not-found":
            raise
        return False


def _owned_by_root(member: tarfile.TarInfo) -> tarfile.TarInfo:
    # `TarInfo.replace` came with Python 3.11.4.
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


class _Reader(io.RawIOBase):
    """Chunks as a file that is read once."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while size < 0 or len(self._rest) < size:
            chunk = next(self._chunks, None)
            if chunk is None:
                size = len(self._rest)
                break
            self._rest += chunk
        read, self._rest = self._rest[:size], self._rest[size:]
        return read
