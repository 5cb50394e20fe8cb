"""How numbers and ids are shown."""

from datetime import UTC, datetime

from eulermaker.kernel.clock import rfc3339


def shown_container(container: str | None) -> str | None:
    """The documented id of a container: `container_` and twelve hexadecimal digits of the engine's."""
    return None if container is None else f"container_{container[:12]}"


def when(milliseconds: int) -> datetime:
    """The moment that many milliseconds after 1970."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def moment(milliseconds: int) -> str:
    """The same as it is shown."""
    return rfc3339(when(milliseconds))


def milliseconds_of(at: datetime) -> int:
    """Milliseconds since 1970."""
    return round(at.timestamp() * 1000)
