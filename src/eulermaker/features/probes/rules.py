"""Pure decisions about probes: when a check is due, what its verdict changes, who does the work."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from eulermaker.features.probes.checks.verdict import Status

#: Into so many shares the probes are divided between the server processes.
SHARDS = 32
#: A check that starts later than this after its time is left out: the next one comes soon enough.
TOO_LATE = 1.0
_GOLDEN = (math.sqrt(5) - 1) / 2


class Activity(StrEnum):
    """Whether a probe checks: `suspended` is one whose container does not run."""

    ACTIVE = "active"
    PAUSED = "paused"
    SUSPENDED = "suspended"


class Lane(StrEnum):
    """Checks that wait for each other; a slow one delays those of its own lane only."""

    NETWORK = "network"
    EXEC = "exec"
    ENGINE = "engine"
    LOCAL = "local"


#: How many checks may run at once in each lane.
WIDTHS: Mapping[Lane, int] = {Lane.NETWORK: 500, Lane.EXEC: 16, Lane.ENGINE: 32, Lane.LOCAL: 100}
_LANES: Mapping[str, Lane] = {
    "exec": Lane.EXEC,
    "metrics": Lane.ENGINE,
    "log": Lane.ENGINE,
    "push": Lane.LOCAL,
}


def lane_of(probe_type: str) -> Lane:
    """The lane that checks of that type run in."""
    return _LANES.get(probe_type, Lane.NETWORK)


def shard_of(number: int) -> int:
    """The share that a probe belongs to."""
    return number % SHARDS


def phase_of(number: int) -> float:
    """Where within its interval a probe is checked, from 0 to below 1.

    Multiples of the golden ratio: however many probes there are, they lie evenly apart, and each
    keeps its place over restarts and when others come and go.
    """
    return number * _GOLDEN % 1.0


def next_due(now: float, *, interval: float, phase: float) -> float:
    """The first time after `now` that is a whole number of intervals plus the phase, in seconds."""
    return (math.floor(now / interval - phase) + 1 + phase) * interval


def in_time(due: float, now: float) -> bool:
    """Whether a check that was due then may still start; else it is left out."""
    return now - due <= TOO_LATE


@dataclass(frozen=True, slots=True)
class Thresholds:
    """How many checks in a row it takes to change a state."""

    success: int
    failure: int


@dataclass(frozen=True, slots=True)
class Health:
    """A probe's state and how many checks in a row have spoken for or against it.

    A state is `success` or `failure` once so many checks in a row have said so, and else `unknown`.
    """

    state: Status = Status.UNKNOWN
    successes: int = 0
    failures: int = 0


def advance(health: Health, status: Status, thresholds: Thresholds) -> Health:
    """The health after one more check; `unknown` counts for nothing and interrupts nothing."""
    match status:
        case Status.SUCCESS:
            successes = min(health.successes + 1, thresholds.success)
            state = Status.SUCCESS if successes >= thresholds.success else health.state
            return _changed(health, state, successes, 0)
        case Status.FAILURE:
            failures = min(health.failures + 1, thresholds.failure)
            state = Status.FAILURE if failures >= thresholds.failure else health.state
            return _changed(health, state, 0, failures)
        case Status.UNKNOWN:
            return health


def _changed(health: Health, state: Status, successes: int, failures: int) -> Health:
    # A healthy probe's health is the same value check after check: nothing to store.
    if (health.state, health.successes, health.failures) == (state, successes, failures):
        return health
    return Health(state, successes, failures)


def fair_share(workers: int) -> int:
    """How many shards one of so many processes should hold."""
    return math.ceil(SHARDS / max(1, workers))


def to_release(held: Sequence[int], workers: int) -> Sequence[int]:
    """The shards that a process gives up, so that each gets its share."""
    return sorted(held)[fair_share(workers) :]


def to_claim(held: Sequence[int], free: Iterable[int], workers: int) -> Sequence[int]:
    """The free shards that a process may take."""
    return sorted(free)[: max(0, fair_share(workers) - len(held))]


@dataclass(frozen=True, slots=True)
class Span:
    """A state that held from a time on, both in seconds."""

    since: float
    state: Status


def uptime(spans: Sequence[Span], *, start: float, end: float) -> float | None:
    """The share of the time, in percent, that was `success`; times of unknown state do not count.

    `spans` are in order; None when nothing is known of the whole time.
    """
    up = down = 0.0
    for i, span in enumerate(spans):
        begin = max(start, span.since)
        until = min(end, spans[i + 1].since if i + 1 < len(spans) else end)
        if until > begin:
            if span.state is Status.SUCCESS:
                up += until - begin
            elif span.state is Status.FAILURE:
                down += until - begin
    return None if up + down <= 0 else 100 * up / (up + down)


@dataclass(frozen=True, slots=True)
class Remedy:
    """How often something is done about a failing probe.

    The pause between attempts begins with `cooldown` seconds and doubles with each attempt; there are
    at most `ceiling` of them within `window` seconds.
    """

    cooldown: float
    ceiling: int
    window: float


MAX_PAUSE = 3600.0


def remedy_due(remedy: Remedy, attempts: Sequence[float], *, now: float) -> float | None:
    """When the next attempt is due, given the times of those made; None while there were too many."""
    recent = [at for at in attempts if at > now - remedy.window]
    if len(recent) >= remedy.ceiling:
        return None
    if not recent:
        return now
    return recent[-1] + min(MAX_PAUSE, remedy.cooldown * float(2 ** (len(recent) - 1)))


def merged(known: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration with the changes; a field that is changed to null goes back to its default."""
    return {name: value for name, value in {**known, **changes}.items() if value is not None}


def fresh(health: Health) -> Health:
    """The same state with its counting begun anew."""
    return replace(health, successes=0, failures=0)
