"""Pages of a list."""

from dataclasses import dataclass

MAX_LIMIT = 200
DEFAULT_LIMIT = 20


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is wanted: at most `limit` rows after the first `offset`."""

    limit: int = DEFAULT_LIMIT
    offset: int = 0
