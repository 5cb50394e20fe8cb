"""Decisions about builds: pure, without clock, disk or database."""

import re
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import PurePosixPath


class State(StrEnum):
    """Where a build stands."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMEOUT = "timeout"

    @property
    def terminal(self) -> bool:
        """Whether nothing will change any more."""
        return self not in (State.PENDING, State.RUNNING)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A build in the queue."""

    id: str
    owner: str
    queued_at: datetime


_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def line_up(waiting: Iterable[Waiting], last_served: Mapping[str, datetime]) -> list[str]:
    """The order of the queue: owners take turns, and each owner's builds keep their order.

    The owner whose last build started longest ago comes first; `last_served` has that time for
    each owner who ever had one.
    """
    lines: dict[str, deque[Waiting]] = defaultdict(deque)
    for build in sorted(waiting, key=lambda b: (b.queued_at, b.id)):
        lines[build.owner].append(build)
    turns = sorted(lines, key=lambda o: (last_served.get(o, _LONG_AGO), lines[o][0].queued_at, o))
    order: list[str] = []
    while lines:
        for owner in turns:
            if line := lines.get(owner):
                order.append(line.popleft().id)
                if not line:
                    del lines[owner]
    return order


def retry_delay(attempts: int) -> timedelta:
    """How long to wait before the next attempt, after so many: 1 s, 2 s, 4 s … at most 30 s."""
    return timedelta(seconds=min(30, 2 ** max(0, attempts - 1)))


# Docker's reference grammar (distribution/reference), without a registry's digest.
_NAME_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_HOST_PART = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
# The first part is a host where it looks like one; else it is a part of the name, and in lower case.
_HOST = rf"(?:(?:localhost|{_HOST_PART}(?:\.{_HOST_PART})+)(?::\d+)?/|{_HOST_PART}:\d+/)?"
_REFERENCE = re.compile(rf"(?P<name>{_HOST}{_NAME_PART}(?:/{_NAME_PART})*)(?::(?P<tag>[\w][\w.-]{{0,127}}))?")
# Docker's 255, into which it counts the part that it puts before bare names.
MAX_REFERENCE = 255 - len("docker.io/library/")


def image_tag(name: str) -> str | None:
    """The tag `name:latest` (or the tag that the name has); None when Docker refuses the name."""
    found = _REFERENCE.fullmatch(name, 0)
    if not found or len(name) > MAX_REFERENCE or not name.isascii():
        return None
    if found["name"] == "sha256":  # It would be taken for a digest.
        return None
    return f"{found['name']}:{found['tag'] or 'latest'}"


MAX_PATH = 1024
MAX_PART = 255


def context_path(path: str) -> PurePosixPath | None:
    """The path inside the context, made plain; None when it leaves the context or no file can have it."""
    if (
        not path
        or len(path.encode("utf-8", "replace")) > MAX_PATH
        or path.startswith("/")
        or path.endswith("/")
    ):
        return None
    if any(ord(character) < 32 or 0xD800 <= ord(character) <= 0xDFFF for character in path) or "\\" in path:
        return None
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if not parts or ".." in parts or any(len(part.encode()) > MAX_PART for part in parts):
        return None
    return PurePosixPath(*parts)


_BINARY_SUFFIXES = (
    ".gz", ".tgz", ".bz2", ".tbz2", ".xz", ".txz", ".zst", ".zip", ".tar", ".7z", ".lz", ".lzma", ".jar",
    ".war", ".rpm", ".deb", ".whl", ".so", ".a", ".o", ".bin", ".exe", ".png", ".jpg", ".jpeg", ".gif",
    ".ico", ".pdf", ".gpg", ".crt", ".der", ".p12", ".class", ".pyc", ".wasm", ".iso", ".img", ".cpio",
)  # fmt: skip


def names_binary(path: PurePosixPath) -> bool:
    """Whether a file of that name is an archive or another binary, and its text therefore base64."""
    return path.name.lower().endswith(_BINARY_SUFFIXES)


_RPM_TREE = re.compile(r"(/[^\s:\"'=]*?rpmbuild)\b")


def mentioned_trees(text: str) -> list[str]:
    """Every `…/rpmbuild` that a text speaks of: a Dockerfile, or a line that rpmbuild printed."""
    return [path for path in _RPM_TREE.findall(text) if len(path) <= MAX_PATH]


def unique_names(paths: Sequence[str]) -> dict[str, str]:
    """A name for each artifact's path: its base name, or as much of the path as tells two apart."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    # Shallow paths choose first: a whole path is then never taken by a deeper one.
    for path in sorted(paths, key=lambda p: (p.count("/"), p)):
        parts = PurePosixPath(path).parts[1:]
        candidates = ("/".join(parts[-depth:]) for depth in range(1, len(parts) + 1))
        name = next(candidate for candidate in candidates if candidate not in taken)
        taken.add(name)
        names[path] = name
    return names
