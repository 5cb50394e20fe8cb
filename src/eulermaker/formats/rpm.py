"""What an RPM file says about its package, read from its headers alone.

The layout is rpm's: a lead of 96 bytes, the signature header padded to 8 bytes, the main header, the payload.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import BinaryIO, Final


class RpmReason(StrEnum):
    NOT_AN_RPM = "not-an-rpm"
    TRUNCATED = "truncated"
    TOO_LARGE = "header-too-large"
    MALFORMED = "malformed-header"
    MISSING_TAG = "missing-tag"


_SENTENCES: Final[Mapping[RpmReason, str]] = {
    RpmReason.NOT_AN_RPM: "the file is not an RPM",
    RpmReason.TRUNCATED: "the file ends inside a header",
    RpmReason.TOO_LARGE: "a header is larger than any package needs",
    RpmReason.MALFORMED: "a header is malformed",
    RpmReason.MISSING_TAG: "the header has no {tag}",
}


class RpmError(ValueError):
    """A file that can't be read as an RPM: `reason`, and `facts` for a translation."""

    def __init__(self, reason: RpmReason, **facts: str) -> None:
        super().__init__(_SENTENCES[reason].format_map(facts))
        self.reason = reason
        self.facts: Mapping[str, str] = facts


@dataclass(frozen=True)
class RpmHeader:
    """A package: `size` is its installed size in bytes; `requires` and `provides` read like `bash >= 4`.

    `arch` is `src` for a source package, whose `requires` are its BuildRequires.
    """

    name: str
    epoch: int | None
    version: str
    release: str
    arch: str
    source: bool
    size: int
    summary: str
    license: str
    requires: tuple[str, ...]
    provides: tuple[str, ...]

    @property
    def nevra(self) -> str:
        epoch = "" if self.epoch is None else f"{self.epoch}:"
        return f"{self.name}-{epoch}{self.version}-{self.release}.{self.arch}"


def read_rpm(stream: BinaryIO) -> RpmHeader:
    """Read the headers of the RPM that `stream`, a seekable file, holds from its start.

    Raises `RpmError`. Reads at most the two headers, each of 64 MiB at the most.
    """
    stream.seek(0)
    if _read(stream, _LEAD_SIZE)[:4] != _LEAD_MAGIC:
        raise RpmError(RpmReason.NOT_AN_RPM)
    signature_size = _skip_header(stream)
    stream.seek(-signature_size % 8, 1)
    return _describe(_read_header(stream))


_LEAD_SIZE: Final = 96
_LEAD_MAGIC: Final = b"\xed\xab\xee\xdb"
_HEADER_MAGIC: Final = b"\x8e\xad\xe8\x01"
_INTRO: Final = struct.Struct(">4s4xII")
_ENTRY: Final = struct.Struct(">IIII")
_MAX_ENTRIES: Final = 0xFFFF  # rpm's own limit
_MAX_DATA: Final = 64 * 1024 * 1024


class _Tag(IntEnum):
    NAME = 1000
    VERSION = 1001
    RELEASE = 1002
    EPOCH = 1003
    SUMMARY = 1004
    SIZE = 1009
    LICENSE = 1014
    ARCH = 1022
    SOURCERPM = 1044
    PROVIDENAME = 1047
    REQUIREFLAGS = 1048
    REQUIRENAME = 1049
    REQUIREVERSION = 1050
    PROVIDEFLAGS = 1112
    PROVIDEVERSION = 1113
    LONGSIZE = 5009


class _Type(IntEnum):
    INT32 = 4
    INT64 = 5
    STRING = 6
    STRING_ARRAY = 8
    I18N_STRING = 9


_INTEGERS: Final = {_Type.INT32: "I", _Type.INT64: "Q"}
_STRINGS: Final = frozenset({_Type.STRING, _Type.STRING_ARRAY, _Type.I18N_STRING})

_LESS, _GREATER, _EQUAL, _RPMLIB = 1 << 1, 1 << 2, 1 << 3, 1 << 24


@dataclass(frozen=True)
class _Header:
    entries: Mapping[int, tuple[int, int, int]]
    """Type, offset and count of each tag."""
    data: bytes

    def integers(self, tag: _Tag) -> tuple[int, ...]:
        entry = self.entries.get(tag)
        if entry is None:
            return ()
        kind, offset, count = entry
        if kind not in _INTEGERS:
            raise RpmError(RpmReason.MALFORMED)
        layout = f">{count}{_INTEGERS[_Type(kind)]}"
        if offset + struct.calcsize(layout) > len(self.data):
            raise RpmError(RpmReason.MALFORMED)
        return struct.unpack_from(layout, self.data, offset)

    def strings(self, tag: _Tag) -> tuple[str, ...]:
        entry = self.entries.get(tag)
        if entry is None:
            return ()
        kind, offset, count = entry
        if kind not in _STRINGS or count > len(self.data):
            raise RpmError(RpmReason.MALFORMED)
        found: list[str] = []
        for _ in range(count):
            end = self.data.find(b"\0", offset)
            if end < 0:
                raise RpmError(RpmReason.MALFORMED)
            found.append(self.data[offset:end].decode(errors="replace"))
            offset = end + 1
        return tuple(found)

    def string(self, tag: _Tag) -> str:
        found = self.strings(tag)
        if not found:
            raise RpmError(RpmReason.MISSING_TAG, tag=tag.name.title())
        return found[0]

    def optional_integer(self, tag: _Tag) -> int | None:
        return next(iter(self.integers(tag)), None)


def _read(stream: BinaryIO, size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise RpmError(RpmReason.TRUNCATED)
    return data


def _read_intro(stream: BinaryIO) -> tuple[int, int]:
    magic, entries, size = _INTRO.unpack(_read(stream, _INTRO.size))
    if magic != _HEADER_MAGIC:
        raise RpmError(RpmReason.MALFORMED)
    if entries > _MAX_ENTRIES or size > _MAX_DATA:
        raise RpmError(RpmReason.TOO_LARGE)
    return entries, size


def _skip_header(stream: BinaryIO) -> int:
    """Go past a header; return the size of its data in bytes."""
    entries, size = _read_intro(stream)
    stream.seek(entries * _ENTRY.size + size, 1)
    return size


def _read_header(stream: BinaryIO) -> _Header:
    count, size = _read_intro(stream)
    index = _read(stream, count * _ENTRY.size)
    entries = {tag: (kind, offset, count) for tag, kind, offset, count in _ENTRY.iter_unpack(index)}
    return _Header(entries, _read(stream, size))


def _describe(header: _Header) -> RpmHeader:
    source = _Tag.SOURCERPM not in header.entries
    size = header.optional_integer(_Tag.LONGSIZE)
    if size is None:
        size = header.optional_integer(_Tag.SIZE)
    return RpmHeader(
        name=header.string(_Tag.NAME),
        epoch=header.optional_integer(_Tag.EPOCH),
        version=header.string(_Tag.VERSION),
        release=header.string(_Tag.RELEASE),
        arch="src" if source else header.string(_Tag.ARCH),
        source=source,
        size=size or 0,
        summary=next(iter(header.strings(_Tag.SUMMARY)), ""),
        license=next(iter(header.strings(_Tag.LICENSE)), ""),
        requires=_capabilities(header, _Tag.REQUIRENAME, _Tag.REQUIREFLAGS, _Tag.REQUIREVERSION),
        provides=_capabilities(header, _Tag.PROVIDENAME, _Tag.PROVIDEFLAGS, _Tag.PROVIDEVERSION),
    )


def _capabilities(header: _Header, names: _Tag, flags: _Tag, versions: _Tag) -> tuple[str, ...]:
    columns = (header.strings(names), header.integers(flags), header.strings(versions))
    if len({len(column) for column in columns}) != 1:
        raise RpmError(RpmReason.MALFORMED)
    rows = zip(*columns, strict=True)
    return tuple(dict.fromkeys(_capability(*row) for row in rows if not row[1] & _RPMLIB))


def _capability(name: str, flags: int, version: str) -> str:
    operator = "".join(sign for bit, sign in ((_LESS, "<"), (_GREATER, ">"), (_EQUAL, "=")) if flags & bit)
    return f"{name} {operator} {version}" if operator and version else name
