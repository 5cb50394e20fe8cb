"""Where a followed log may have lost whole files: engines skip those that came and went unread.

An engine that is slower than the container goes on with the newest file after a rotation, and says
nothing of those between. What is lost so is at least one file, which takes its time to be written.
"""

from collections.abc import Sequence
from datetime import datetime

from eulermaker.engines.containers import LogLine

#: No container writes its log faster.
BYTES_PER_SECOND = 150_000_000
#: What the engine stores with each line: its time, its stream and the JSON around them.
AROUND_A_LINE = 70
#: What part of a file was read at least when the next one could be overwritten meanwhile.
READ_BEFORE = 16
_TO_THE_MILLISECOND = len("2026-11-20T12:00:00.000")


class Skips:
    """Finds the lines before which files may be missing; `max_file` in bytes, None without rotation."""

    def __init__(self, max_file: int | None) -> None:
        self._max_file = max_file
        self._read = 0
        self._last = ""
        self._looked_at = ""

    def first(self, batch: Sequence[LogLine]) -> int | None:
        """The index of the first such line, told once; whoever reads the log anew there misses nothing."""
        if self._max_file is None:
            return None
        for index, line in enumerate(batch):
            self._read += len(line.text) + AROUND_A_LINE
            last, self._last = self._last, line.at
            if (
                line.at[:_TO_THE_MILLISECOND] != last[:_TO_THE_MILLISECOND]
                and line.at > self._looked_at
                and self._read * READ_BEFORE >= self._max_file
                and _seconds(last, line.at) * BYTES_PER_SECOND >= self._max_file
            ):
                self._looked_at, self._read = line.at, 0
                return index
        return None


def _seconds(earlier: str, later: str) -> float:
    if not earlier:
        return 0.0
    return (datetime.fromisoformat(later[:26]) - datetime.fromisoformat(earlier[:26])).total_seconds()
