"""A probe that this process checks: what it is told to do, and what is known of it."""

import anyio

from eulermaker.features.probes.checks.verdict import Check, Status
from eulermaker.features.probes.config import Config, Push
from eulermaker.features.probes.packing import Result
from eulermaker.features.probes.rules import Health, Lane, Thresholds, lane_of, phase_of
from eulermaker.features.probes.store import Probe


class Watch:
    """One probe in this process' hands; times are seconds since 1970 unless they are of the loop's clock."""

    __slots__ = (
        "asked_at", "attempts", "check", "checking", "config", "counts", "done", "due", "health",
        "lane", "last", "last_at", "last_ms", "last_status", "phase", "probe", "pushed_at", "remedying",
        "scope", "since", "slot", "state_since", "suspended", "thresholds",
    )  # fmt: skip

    def __init__(self, probe: Probe, config: Config, check: Check | None, *, since: float) -> None:
        self.phase = phase_of(probe.number)
        self.due: float | None = None
        #: The time that the check under way, or the last one, was due.
        self.slot = 0.0
        self.checking = False
        self.scope: anyio.CancelScope | None = None
        self.done: anyio.Event | None = None
        self.health = Health(probe.state, probe.successes, probe.failures)
        self.state_since = probe.state_since
        self.suspended = probe.suspended
        self.last_at = probe.last_at
        self.last_status = probe.last_status
        self.last_ms = 0.0
        #: The last result since this process watches.
        self.last: Result | None = None
        #: Since when heartbeats are waited for.
        self.since = since
        self.asked_at = probe.asked_at
        self.pushed_at = probe.pushed_at
        #: Checks since this process watches, by status.
        self.counts = dict.fromkeys(Status, 0)
        #: Times at which something was done about it, as far as they matter; None until they are known.
        self.attempts: list[float] | None = None
        self.remedying = False
        self.adopt(probe, config, check)

    def adopt(self, probe: Probe, config: Config, check: Check | None) -> None:
        """Go on with another configuration."""
        self.probe = probe
        self.config = config
        self.check = check
        self.lane: Lane = lane_of(probe.probe_type)
        self.thresholds = Thresholds(config.success_threshold, config.failure_threshold)

    @property
    def number(self) -> int:
        """The probe's number."""
        return self.probe.number

    @property
    def is_push(self) -> bool:
        """Whether it waits for heartbeats."""
        return isinstance(self.config, Push)
