"""A probe that this process checks: what it is told to do, and what is known of it."""

import asyncio

import anyio

from eulermaker.features.probes.checks.verdict import Check, Details, Status
from eulermaker.features.probes.config import Config, Push
from eulermaker.features.probes.packing import Result, detail_text
from eulermaker.features.probes.rules import Health, Lane, Thresholds, lane_of, phase_of
from eulermaker.features.probes.store import Probe


class Watch:
    """One probe in this process' hands; times are seconds since 1970 unless they are of the loop's clock."""

    __slots__ = (
        "_details", "_interrupted", "_task", "_text", "asked_at", "attempts", "check", "checking", "config",
        "counts", "done", "due", "ends_by", "health", "is_push", "lane", "last", "last_at", "last_ms",
        "last_status", "number", "phase", "probe", "pushed_at", "remedying", "since", "slot", "state_since",
        "suspended", "thresholds",
    )  # fmt: skip

    def __init__(self, probe: Probe, config: Config, check: Check | None, *, since: float) -> None:
        self.number = probe.number
        self.phase = phase_of(probe.number)
        self.due: float | None = None
        #: The time that the check under way, or the last one, was due.
        self.slot = 0.0
        self.checking = False
        #: When the check under way is ended from outside, by the loop's clock.
        self.ends_by = 0.0
        self._task: asyncio.Task[object] | None = None
        self._interrupted = False
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
        self._details: Details | None = None
        self._text = ""
        self.adopt(probe, config, check)

    def adopt(self, probe: Probe, config: Config, check: Check | None) -> None:
        """Go on with another configuration."""
        self.probe = probe
        self.config = config
        self.check = check
        self.lane: Lane = lane_of(probe.probe_type)
        self.thresholds = Thresholds(config.success_threshold, config.failure_threshold)
        #: Whether it waits for heartbeats.
        self.is_push = isinstance(config, Push)

    def text_of(self, details: Details) -> str:
        """The details as they are stored; mostly they are those of the check before, and written already."""
        if details != self._details:
            self._details, self._text = details, detail_text(details)
        return self._text

    # --- the check under way

    def begin(self, *, ends_by: float) -> None:
        """The running task begins to check, and is interrupted at that time of the loop's clock."""
        self._task, self._interrupted, self.ends_by = asyncio.current_task(), False, ends_by

    def interrupt(self) -> None:
        """End the check under way, if there is one: nobody wants to know what it finds any more."""
        if self._task is not None and not self._interrupted:
            self._interrupted = True
            self._task.cancel()

    def was_interrupted(self) -> bool:
        """Whether a cancellation that was caught is that of `interrupt` alone."""
        if not self._interrupted or self._task is None:
            return False
        self._interrupted = False
        return self._task.uncancel() == 0

    def end(self) -> None:
        """The check is over; an interruption that it has not noticed is forgotten."""
        if self._interrupted and self._task is not None:
            self._task.uncancel()
        self._task, self._interrupted = None, False
