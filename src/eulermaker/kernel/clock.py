"""Time as a value that is passed in, so that tests can move it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated

from pydantic import PlainSerializer

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The current time, in UTC with a time zone."""
    return datetime.now(UTC)


def rfc3339(moment: datetime) -> str:
    """The moment as RFC 3339 in UTC with milliseconds and a trailing `Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


#: A moment in a public shape.
Time = Annotated[datetime, PlainSerializer(rfc3339, return_type=str)]
