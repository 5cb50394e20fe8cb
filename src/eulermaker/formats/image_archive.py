"""Archives of `docker save`, as they come: which files each layer adds, and which it takes away.

Read in one pass and never unpacked. Both layouts are known: `<id>/layer.tar` with a manifest of
Docker's own, and the blobs of an OCI image layout, which carries the same manifest.
"""

import hashlib
import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import IO, Any, Protocol, cast

BLOCK = 1024 * 1024
MAX_DOCUMENT = 8 * 1024 * 1024
#: Files below are not compared by content: they would cost more than they could spare.
MIN_COMPARED = 64 * 1024
_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"


class ImageArchiveError(Exception):
    """The archive holds no image, or breaks off."""


class TooManyFilesError(Exception):
    """The image has more files than somebody wants to know of."""


class Source(Protocol):
    """What a sequential read needs."""

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes."""
        ...


@dataclass(frozen=True, slots=True)
class File:
    """A regular file: its bytes, and the digest of its contents where it is large enough to be compared."""

    size: int
    digest: bytes | None = None


@dataclass(frozen=True, slots=True)
class Layer:
    """What one layer does to the file system; paths have no leading slash.

    `removed` are paths that vanish with all below them; of `emptied` folders only what lay in them
    before.
    """

    digest: str
    created_by: str
    files: dict[str, File] = field(default_factory=dict)
    removed: frozenset[str] = frozenset()
    emptied: frozenset[str] = frozenset()


@dataclass(slots=True)
class _Contents:
    files: dict[str, File] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)
    emptied: set[str] = field(default_factory=set)


def read_image_archive(source: Source, *, max_files: int) -> list[Layer]:
    """The layers of the first image in the archive, lowest first.

    Raises `ImageArchiveError`, and `TooManyFilesError` when they hold more than `max_files` entries.
    """
    reader = _Reader(max_files)
    try:
        with _stream(source) as archive:
            for member in members(archive):
                reader.take(archive, member)
        return reader.layers()
    except (tarfile.TarError, EOFError, KeyError, IndexError, TypeError, ValueError) as error:
        raise ImageArchiveError from error


class _Reader:
    """Collects what the members of an archive say until the manifest can join it."""

    def __init__(self, max_files: int) -> None:
        self._room = max_files
        self._contents: dict[str, _Contents] = {}
        self._documents: dict[str, Any] = {}
        self._links: dict[str, str] = {}

    def take(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        """Read one member."""
        if member.issym() or member.islnk():
            self._links[member.name] = _target(member)
        elif member.isreg():
            content = archive.extractfile(member)
            assert content is not None
            if _is_document(member, content):
                self._documents[member.name] = json.loads(content.read())
            elif member.size >= tarfile.BLOCKSIZE:
                self._contents[member.name] = self._layer(content)

    def layers(self) -> list[Layer]:
        """What was read, in the order of the manifest."""
        manifest = self._documents["manifest.json"][0]
        config = self._documents[manifest["Config"]]
        made = [step for step in config.get("history") or () if not step.get("empty_layer")]
        digests = config["rootfs"]["diff_ids"]
        return [
            self._named(name, digest, made[index].get("created_by", "") if index < len(made) else "")
            for index, (name, digest) in enumerate(zip(manifest["Layers"], digests, strict=True))
        ]

    def _named(self, name: str, digest: str, created_by: str) -> Layer:
        found = self._contents[self._links.get(name, name)]
        return Layer(digest, created_by, found.files, frozenset(found.removed), frozenset(found.emptied))

    def _layer(self, content: IO[bytes]) -> _Contents:
        found = _Contents()
        with _stream(content) as layer:
            for member in members(layer):
                self._room -= 1
                if self._room < 0:
                    raise TooManyFilesError
                _note(found, layer, member)
        return found


def _note(found: _Contents, layer: tarfile.TarFile, member: tarfile.TarInfo) -> None:
    path = PurePosixPath(member.name.lstrip("/"))
    if path.name == _OPAQUE:
        found.emptied.add(str(path.parent))
    elif path.name.startswith(_WHITEOUT):
        found.removed.add(str(path.with_name(path.name.removeprefix(_WHITEOUT))))
    elif member.isreg():
        found.files[str(path)] = File(member.size, _digest(layer, member))
    elif not member.isdir():
        # Links and devices take no room, but what they replace does.
        found.files[str(path)] = File(0)


def _digest(layer: tarfile.TarFile, member: tarfile.TarInfo) -> bytes | None:
    if member.size < MIN_COMPARED:
        return None
    content, digest = layer.extractfile(member), hashlib.blake2b(digest_size=16)
    assert content is not None
    while block := content.read(BLOCK):
        digest.update(block)
    return digest.digest()


def _is_document(member: tarfile.TarInfo, content: IO[bytes]) -> bool:
    if member.name.endswith("layer.tar") or member.size > MAX_DOCUMENT:
        return False
    peek = content.peek(1)[:1]  # type: ignore[attr-defined]  # tarfile gives a BufferedReader
    return peek in (b"{", b"[")


def _target(member: tarfile.TarInfo) -> str:
    if member.islnk():
        return member.linkname
    parts: list[str] = []
    for part in (PurePosixPath(member.name).parent / member.linkname).parts:
        if part == ".." and parts:
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)


def _stream(source: Source | IO[bytes]) -> tarfile.TarFile:
    # Names in an image are bytes: what is no UTF-8 stays tellable apart.
    return tarfile.open(
        fileobj=cast(IO[bytes], source),  # a stream needs `read` only
        mode="r|*",
        bufsize=BLOCK,
        encoding="utf-8",
        errors="backslashreplace",
    )


def members(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """The members of a tar as they come; none is kept."""
    while member := archive.next():
        # Or all of them are kept: an image may have a million files.
        archive.members.clear()  # type: ignore[attr-defined]  # missing in the stubs
        yield member
