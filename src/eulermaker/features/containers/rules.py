"""Decisions about containers: what is possible in which state, and which labels are shown."""

from collections.abc import Mapping
from enum import StrEnum

from eulermaker.engines.containers import Status
from eulermaker.kernel.ownership import PREFIX


class Action(StrEnum):
    """What a container can be asked for."""

    START = "start"
    STOP = "stop"
    RESTART = "restart"
    PAUSE = "pause"
    UNPAUSE = "unpause"
    KILL = "kill"
    DELETE = "delete"
    UPDATE = "update"
    EXEC = "exec"
    TOP = "top"
    STATS = "stats"


_ALIVE = frozenset({Status.RUNNING, Status.PAUSED, Status.RESTARTING})
_STILL = frozenset({Status.CREATED, Status.STOPPED})
_POSSIBLE: Mapping[Action, frozenset[Status]] = {
    Action.START: _STILL | {Status.RESTARTING},
    Action.STOP: _ALIVE,
    Action.RESTART: _ALIVE | _STILL,
    Action.PAUSE: frozenset({Status.RUNNING}),
    Action.UNPAUSE: frozenset({Status.PAUSED}),
    Action.KILL: frozenset({Status.RUNNING, Status.PAUSED}),
    Action.DELETE: _STILL | {Status.DEAD},
    Action.UPDATE: _ALIVE | _STILL,
    Action.EXEC: frozenset({Status.RUNNING}),
    Action.TOP: frozenset({Status.RUNNING, Status.PAUSED}),
    Action.STATS: frozenset({Status.RUNNING, Status.PAUSED}),
}


def possible(action: Action, status: Status) -> bool:
    """Whether the engine does that to a container in that state."""
    return status in _POSSIBLE[action]


def public(labels: Mapping[str, str]) -> dict[str, str]:
    """The labels without the product's own."""
    return {name: value for name, value in labels.items() if not name.startswith(PREFIX)}
