"""The journal of the engine's events: numbered, on disk, and what subscribers are told from.

The last events are held in memory and in a file of JSON lines; the file is written anew when it has
grown to twice what is kept. An event is written before anybody is told of it.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, assert_never

import anyio

from eulermaker.features.containers.shown import shown_id
from eulermaker.features.live.changes import Change, Kind
from eulermaker.kernel.clock import rfc3339
from eulermaker.kernel.ownership import OWNER, TENANT

MAX_EVENTS = 10_000
#: What is told of an event's attributes, and as what.
_TOLD = {"exitCode": "exit_code", "signal": "signal", "oldName": "old_name"}


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event with its number; `labels` say whose thing it is about, `frame` is what is sent."""

    seq: int
    at_ns: int
    labels: Mapping[str, str]
    frame: str
    kind: Kind = "container"

    @property
    def is_gap(self) -> bool:
        """Whether it tells that events may be missing, which is everybody's to know."""
        return self.frame.startswith('{"type":"gap"')


class Journal:
    """Numbers events, keeps them and wakes those who wait for more."""

    def __init__(self, path: Path, *, max_events: int = MAX_EVENTS) -> None:
        self._path = path
        self._max_events = max_events
        self._events = _load(path)[-max_events:]
        self._lines = len(self._events)
        self._bell = anyio.Event()
        self._rewrite()

    @property
    def seq(self) -> int:
        """The number of the last event; 0 before the first."""
        return self._events[-1].seq if self._events else 0

    @property
    def last_ns(self) -> int | None:
        """When the last event happened, by the engine's clock."""
        return self._events[-1].at_ns if self._events else None

    def record(self, change: Change) -> None:
        """Add what happened."""
        recorded = _recorded(self.seq + 1, change)
        os.write(self._fd, _line(recorded))
        self._events.append(recorded)
        self._lines += 1
        if self._lines >= 2 * self._max_events:
            self._events = self._events[-self._max_events :]
            os.close(self._fd)
            self._rewrite()
        bell, self._bell = self._bell, anyio.Event()
        bell.set()

    def after(self, seq: int, *, count: int) -> Sequence[Recorded]:
        """The first `count` events after number `seq`; a gap first where older ones are not kept any more."""
        if not self._events:
            return ()
        first = self._events[0].seq
        if seq < first - 1:
            gap = Recorded(first - 1, 0, {}, _gap(first - 1, None))
            return (gap, *self._events[:count])
        start = seq - first + 1
        return self._events[start : start + count]

    def listen(self) -> anyio.Event:
        """An event that the next record sets; take it before looking, so that none is missed."""
        return self._bell

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)

    def _rewrite(self) -> None:
        fresh = self._path.with_suffix(".new")
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_bytes(b"".join(_line(event) for event in self._events))
        fresh.replace(self._path)
        self._fd = os.open(self._path, os.O_WRONLY | os.O_APPEND)
        self._lines = len(self._events)


def _load(path: Path) -> list[Recorded]:
    if not path.exists():
        return []
    # What follows the last line's end was cut short by a death and told to nobody.
    return [Recorded(**json.loads(line)) for line in path.read_bytes().split(b"\n")[:-1]]


def _line(event: Recorded) -> bytes:
    told = {
        "seq": event.seq,
        "at_ns": event.at_ns,
        "labels": dict(event.labels),
        "frame": event.frame,
        "kind": event.kind,
    }
    return _json(told).encode("utf-8", "replace") + b"\n"


def _recorded(seq: int, change: Change) -> Recorded:
    labels = {name: change.attributes[name] for name in (OWNER, TENANT) if name in change.attributes}
    frame = _gap(seq, change.at_ns) if change.origin == "gap" else _frame(seq, change)
    return Recorded(seq, change.at_ns, labels, frame, change.kind)


def _frame(seq: int, change: Change) -> str:
    action, _, health = change.action.partition(": ")
    told = {
        "type": f"{change.kind}_event",
        "seq": seq,
        "event": action,
        f"{change.kind}_id": shown_id(change.subject) if change.kind == "container" else change.subject,
        "timestamp": _moment(change.at_ns),
        "details": _details(change) | ({"health": health} if health else {}),
    }
    return _json(told | ({"origin": "resync"} if change.origin == "resync" else {}))


def _details(change: Change) -> dict[str, Any]:
    match change.kind:
        case "container":
            told: dict[str, Any] = {"name": change.name, "image": change.image}
            told |= {name: change.attributes[own] for own, name in _TOLD.items() if own in change.attributes}
            if "exit_code" in told:
                told["exit_code"] = int(told["exit_code"])
            return told
        case "network":
            joined = change.attributes.get("container")
            return {"name": change.name} | ({"container_id": shown_id(joined)} if joined else {})
        case "image":
            return {"name": change.name}
        case _:
            assert_never(change.kind)


def _gap(seq: int, at_ns: int | None) -> str:
    return _json({"type": "gap", "seq": seq} | ({"timestamp": _moment(at_ns)} if at_ns else {}))


def _moment(at_ns: int) -> str:
    return rfc3339(datetime.fromtimestamp(at_ns / 1e9, UTC))


#: Made once: `json.dumps` makes one for each call that wants something of its own.
_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
