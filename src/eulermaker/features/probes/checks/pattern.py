"""Patterns of users, searched so that none of them can hold up the loop."""

from functools import lru_cache

import anyio
from anyio import to_thread

from eulermaker.features.probes.config import compiled

#: How much is searched, in bytes.
MAX_SEARCHED = 64 * 1024
#: Steps of the pattern's program over the text, at some 20 ns each, that are done without a thread.
_AT_ONCE = 100_000
_THREADS = 2


class Pattern:
    """A regular expression, searched in a time that grows with pattern and text alone (RE2)."""

    def __init__(self, expression: str, *, case_sensitive: bool = True) -> None:
        self._compiled = _kept(expression, case_sensitive)
        self._size: int = self._compiled.programsize

    async def found_in(self, text: bytes) -> bool:
        """Whether it matches somewhere in the first 64 KiB."""
        text = text[:MAX_SEARCHED]
        if self._size * len(text) <= _AT_ONCE:
            return self._search(text)
        return await to_thread.run_sync(self._search, text, abandon_on_cancel=True, limiter=_limiter())

    def _search(self, text: bytes) -> bool:
        return self._compiled.search(text) is not None


_kept = lru_cache(maxsize=4096)(lambda expression, sensitive: compiled(expression, case_sensitive=sensitive))
_limiters: anyio.lowlevel.RunVar[anyio.CapacityLimiter] = anyio.lowlevel.RunVar("eulermaker.patterns")


def _limiter() -> anyio.CapacityLimiter:
    known = _limiters.get(None)
    if known is None:
        known = anyio.CapacityLimiter(_THREADS)
        _limiters.set(known)
    return known
