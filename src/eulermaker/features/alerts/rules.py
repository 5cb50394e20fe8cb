"""What a probe's changes amount to, and when people hear of them: pure decisions.

Two things are kept apart: what is the case (failing, flapping), and what people were told last. A
message is due when the two differ and nothing holds it back; what is held back is not lost, but told
later if it is still the case.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

Told = Literal["ok", "firing", "flapping"]


@dataclass(frozen=True, slots=True)
class Policy:
    """When people hear of alerts; see the settings `alerts`."""

    cooldown: timedelta = timedelta(seconds=300)
    window: timedelta = timedelta(seconds=600)
    start: int = 6
    stop: int = 2


@dataclass(frozen=True, slots=True)
class Track:
    """What is known of one probe.

    `changes` are the latest times at which it began or ceased to fail, oldest first, at most
    `Policy.start`. `dismissed`: a person has resolved the alert although the probe still fails.
    """

    failing: bool = False
    flapping: bool = False
    dismissed: bool = False
    acknowledged: bool = False
    told: Told = "ok"
    fired_at: datetime | None = None
    changes: Sequence[datetime] = ()

    @property
    def open(self) -> bool:
        """Whether there is something that an alert has to be about."""
        return (self.failing or self.flapping) and not self.dismissed

    @property
    def meant(self) -> Told:
        """What people should know."""
        if not self.open:
            return "ok"
        if self.acknowledged:
            return self.told  # Somebody is at it: nobody hears more of it until it is over.
        return "flapping" if self.flapping else "firing"


@dataclass(frozen=True, slots=True)
class Decision:
    """What to tell now, if anything, and when to look again at the latest."""

    tell: Told | None
    due_at: datetime | None
    held: bool = False


def changed(track: Track, *, failing: bool, at: datetime, policy: Policy) -> Track:
    """The track after the probe began or ceased to fail; the same when it did neither."""
    track = settled(track, now=at, policy=policy)
    if failing == track.failing:
        return track
    changes = (*track.changes, at)[-policy.start :]
    recent = [change for change in changes if change > at - policy.window]
    return _tidy(
        replace(
            track,
            failing=failing,
            changes=changes,
            flapping=track.flapping or len(recent) >= policy.start,
        )
    )


def settled(track: Track, *, now: datetime, policy: Policy) -> Track:
    """The track at that time: flapping ends when the probe has been calm for long enough."""
    calm = calm_at(track, policy)
    if calm is None or now < calm:
        return track
    # A person who dismissed the flapping has not dismissed what is left after it.
    return _tidy(replace(track, flapping=False, dismissed=False))


def calm_at(track: Track, policy: Policy) -> datetime | None:
    """When a flapping probe counts as calm if it changes no more; None when it does not flap."""
    if not track.flapping:
        return None
    # Then the newest change but `stop` leaves the window; another policy may have kept fewer changes.
    return track.changes[-min(policy.stop + 1, len(track.changes))] + policy.window


def decide(track: Track, *, now: datetime, silent_until: datetime | None, policy: Policy) -> Decision:
    """What people are told of a settled track now.

    Maintenance holds everything back. The cool-down holds back that a probe fails again, so that
    there is one such message in each; that it is well again is told at once.
    """
    calm = calm_at(track, policy)
    if track.meant == track.told:
        return Decision(None, calm)
    until = _held_until(track, now=now, silent_until=silent_until, policy=policy)
    if until is None:
        return Decision(track.meant, calm)
    return Decision(None, until if calm is None else min(until, calm), held=True)


def told(track: Track, what: Told, *, now: datetime) -> Track:
    """The track after people were told."""
    return replace(track, told=what, fired_at=now if what == "firing" else track.fired_at)


def _held_until(
    track: Track, *, now: datetime, silent_until: datetime | None, policy: Policy
) -> datetime | None:
    if silent_until is not None and silent_until > now:
        return silent_until
    if track.meant == "firing" and track.told == "ok" and track.fired_at is not None:
        again = track.fired_at + policy.cooldown
        return again if again > now else None
    return None


def _tidy(track: Track) -> Track:
    """What a person said of an alert ends with it."""
    if track.failing or track.flapping:
        return track
    return replace(track, dismissed=False, acknowledged=False)
