"""Results as bytes: entries of the journal, the raw results of an hour, and what sums them up.

Times are milliseconds since 1970; durations are tenths of a millisecond, as whole numbers.
"""

import json
import math
import struct
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from eulermaker.features.probes.checks.verdict import Status

HOUR_MS = 3_600_000
MINUTE_MS = 60_000
_STATUSES = (Status.SUCCESS, Status.FAILURE, Status.UNKNOWN)
_CODES = {status: code for code, status in enumerate(_STATUSES)}
#: Number of the probe, length of the details, time, status, duration.
_ENTRY = struct.Struct(">IHQBI")
MAX_DURATION = 2**32 - 1
MAX_DETAILS = 8192
#: Details of one hour: what succeeds may fill this much, what does not may fill the rest.
SUCCESS_BUDGET = 2048
BUDGET = 16_384
# Two values in one bucket of the sketch differ by 4 % at most.
_LOG_BASE = math.log(1.04)


class Result(NamedTuple):
    """One result; `details` is JSON."""

    at: int
    status: Status
    duration: int
    details: str


def tenths(milliseconds: float) -> int:
    """A duration as it is stored."""
    return min(MAX_DURATION, max(0, round(milliseconds * 10)))


def detail_text(details: object) -> str:
    """Details as JSON; what is too long is left out, but for its error."""
    text = _json(details)
    if len(text.encode()) <= MAX_DETAILS:
        return text
    error = details.get("error") if isinstance(details, dict) else None
    return _json({"error": str(error)[:500], "truncated": True} if error else {"truncated": True})


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)


def entry(number: int, result: Result) -> bytes:
    """One result as the journal keeps it."""
    details = result.details.encode()
    head = _ENTRY.pack(number, len(details), result.at, _CODES[result.status], result.duration)
    return head + details


def entries(data: bytes, *, only: int | None = None) -> Iterator[tuple[int, Result]]:
    """The results in one row of the journal, of one probe or of all."""
    position, size = 0, _ENTRY.size
    while position < len(data):
        number, length, at, code, duration = _ENTRY.unpack_from(data, position)
        position += size
        if only is None or number == only:
            yield number, Result(at, _STATUSES[code], duration, data[position : position + length].decode())
        position += length


@dataclass(slots=True)
class Hour:
    """What is stored of one probe's hour; `data` holds the raw results, `minutes` what is left of them."""

    hour: int
    checks: int = 0
    succeeded: int = 0
    failed: int = 0
    last_at: int = 0
    duration_sum: int = 0
    duration_min: int | None = None
    duration_max: int | None = None
    sketch: bytes = b""
    details: str = ""
    minutes: bytes | None = None
    data: bytes | None = b""

    def add(self, results: Sequence[Result]) -> None:
        """Put results of this hour to the others, in the order of their times."""
        ordered = sorted(results, key=lambda one: one.at)
        if self.data and ordered and ordered[0].at <= self.last_at:
            # Of a process whose clock is behind the one before: rare, so it may cost more.
            ordered = sorted([*self.results(), *ordered], key=lambda one: one.at)
            self.data, self.last_at, self.details = b"", 0, ""
        self._append(ordered)
        self._count(results)

    def results(self) -> list[Result]:
        """The raw results, oldest first; none when they were kept long enough."""
        if not self.data:
            return []
        texts = self.details.split("\n")
        numbers = _numbers(self.data)
        at, found = self.hour * HOUR_MS, []
        for i in range(0, len(numbers), 3):
            at += numbers[i]
            code, text = numbers[i + 1] & 3, numbers[i + 1] >> 2
            found.append(Result(at, _STATUSES[code], numbers[i + 2], texts[text]))
        return found

    def _append(self, ordered: Sequence[Result]) -> None:
        texts = self.details.split("\n")
        places = {text: place for place, text in enumerate(texts)}
        out = bytearray(self.data or b"")
        last = self.last_at or self.hour * HOUR_MS
        size = len(self.details)
        for result in ordered:
            text = result.details
            place = places.get(text)
            if place is None:
                text = _affordable(text, result.status, size)
                place = places.get(text)
                if place is None:
                    place = places[text] = len(texts)
                    texts.append(text)
                    size += len(text) + 1
            _put(out, result.at - last)
            _put(out, place << 2 | _CODES[result.status])
            _put(out, result.duration)
            last = result.at
        self.data, self.last_at, self.details = bytes(out), last, "\n".join(texts)

    def _count(self, results: Sequence[Result]) -> None:
        durations = [one.duration for one in results if one.status is Status.SUCCESS]
        self.checks += len(results)
        self.succeeded += len(durations)
        self.failed += sum(one.status is Status.FAILURE for one in results)
        if durations:
            self.duration_sum += sum(durations)
            self.duration_min = min(durations + ([] if self.duration_min is None else [self.duration_min]))
            self.duration_max = max(durations + ([] if self.duration_max is None else [self.duration_max]))
            self.sketch = Sketch.unpacked(self.sketch).adding(durations).packed()


def _affordable(text: str, status: Status, size: int) -> str:
    """The details, or less of them when the hour has no room for more."""
    room = SUCCESS_BUDGET if status is Status.SUCCESS else BUDGET
    if size + len(text) <= room:
        return text
    details = json.loads(text)
    short = {name: details[name] for name in ("error", "status_code", "exit_code") if name in details}
    return _json(short)


def _put(out: bytearray, value: int) -> None:
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)


def _numbers(data: bytes) -> list[int]:
    found: list[int] = []
    value = shift = 0
    for byte in data:
        if byte < 0x80:
            found.append(value | byte << shift)
            value = shift = 0
        else:
            value |= (byte & 0x7F) << shift
            shift += 7
    return found


class Sketch:
    """How many durations there were of each length, within 2 %; sketches add up."""

    __slots__ = ("counts",)

    def __init__(self, counts: Counter[int] | None = None) -> None:
        self.counts: Counter[int] = counts if counts is not None else Counter()

    @classmethod
    def unpacked(cls, data: bytes) -> "Sketch":
        """The sketch that was packed."""
        numbers, bucket, counts = _numbers(data), 0, Counter[int]()
        for i in range(0, len(numbers), 2):
            bucket += numbers[i]
            counts[bucket] = numbers[i + 1]
        return cls(counts)

    def packed(self) -> bytes:
        """As bytes."""
        out, last = bytearray(), 0
        for bucket in sorted(self.counts):
            _put(out, bucket - last)
            _put(out, self.counts[bucket])
            last = bucket
        return bytes(out)

    def adding(self, durations: Iterable[int]) -> "Sketch":
        """The sketch with more durations."""
        self.counts.update(math.ceil(math.log(max(1, one)) / _LOG_BASE) for one in durations)
        return self

    def merging(self, other: "Sketch") -> "Sketch":
        """The sketch of both."""
        self.counts.update(other.counts)
        return self

    def quantile(self, share: float) -> float | None:
        """The duration that so many are not longer than, in milliseconds."""
        total = sum(self.counts.values())
        rank = math.ceil(share * total)
        for bucket in sorted(self.counts):
            rank -= self.counts[bucket]
            if rank <= 0:
                # The middle of the bucket: as far from its lower as from its upper end.
                return round(math.exp((bucket - 0.5) * _LOG_BASE) / 10, 2)
        return None


class Bin(NamedTuple):
    """What results between two times sum up to; durations are those of the successes."""

    at: int
    checks: int
    succeeded: int
    failed: int
    duration_min: int | None
    duration_avg: int | None
    duration_max: int | None
    duration_p95: int | None


def minutes_of(results: Iterable[Result]) -> list[Bin]:
    """The results by minute, oldest first."""
    by_minute: dict[int, list[Result]] = {}
    for result in results:
        by_minute.setdefault(result.at // MINUTE_MS * MINUTE_MS, []).append(result)
    return [_bin(at, found) for at, found in sorted(by_minute.items())]


def _bin(at: int, results: Sequence[Result]) -> Bin:
    durations = sorted(one.duration for one in results if one.status is Status.SUCCESS)
    failed = sum(one.status is Status.FAILURE for one in results)
    if not durations:
        return Bin(at, len(results), 0, failed, None, None, None, None)
    return Bin(
        at,
        len(results),
        len(durations),
        failed,
        durations[0],
        round(sum(durations) / len(durations)),
        durations[-1],
        durations[math.ceil(0.95 * len(durations)) - 1],
    )


def packed_minutes(bins: Sequence[Bin]) -> bytes:
    """The minutes of an hour as bytes."""
    out = bytearray()
    for one in bins:
        _put(out, one.at // MINUTE_MS % 60)
        for value in one[1:4]:
            _put(out, value or 0)
        for duration in one[4:]:
            _put(out, 0 if duration is None else duration + 1)
    return zlib.compress(bytes(out), 9)


def unpacked_minutes(data: bytes, *, hour: int) -> list[Bin]:
    """The minutes that were packed."""
    numbers, found = _numbers(zlib.decompress(data)), []
    for i in range(0, len(numbers), 8):
        durations = [None if value == 0 else value - 1 for value in numbers[i + 4 : i + 8]]
        at = hour * HOUR_MS + numbers[i] * MINUTE_MS
        found.append(Bin(at, *numbers[i + 1 : i + 4], *durations))
    return found


def bin_of_hour(hour: Hour) -> Bin:
    """An hour as one bin; its p95 is right within 2 %."""
    p95 = Sketch.unpacked(hour.sketch).quantile(0.95)
    return Bin(
        hour.hour * HOUR_MS,
        hour.checks,
        hour.succeeded,
        hour.failed,
        hour.duration_min,
        round(hour.duration_sum / hour.succeeded) if hour.succeeded else None,
        hour.duration_max,
        None if p95 is None else tenths(p95),
    )


def details_of(text: str) -> Any:
    """Details as they are shown."""
    return json.loads(text) if text else {}
