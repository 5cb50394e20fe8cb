"""When people hear of a probe: every moment of it in virtual time."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from eulermaker.features.alerts.rules import Policy, Track, calm_at, changed, decide, settled, told

START = datetime(2026, 1, 1, tzinfo=UTC)
POLICY = Policy(cooldown=timedelta(seconds=300), window=timedelta(seconds=600), start=6, stop=2)


def at(seconds: float) -> datetime:
    """That long after the start."""
    return START + timedelta(seconds=seconds)


class Story:
    """A probe's life, and what people heard of it: pairs of second and message."""

    def __init__(self, policy: Policy = POLICY) -> None:
        self.policy = policy
        self.track = Track()
        self.heard: list[tuple[float, str]] = []
        self.due: datetime | None = None
        self.silent: tuple[float, float] | None = None

    def change(self, second: float, *, failing: bool) -> None:
        """The probe begins or ceases to fail."""
        self.pass_until(second)
        self.track = changed(self.track, failing=failing, at=at(second), policy=self.policy)
        self._decide(at(second))

    def person(self, second: float, **says: bool) -> None:
        """A person acknowledges or dismisses."""
        self.pass_until(second)
        self.track = Track(**{**{n: getattr(self.track, n) for n in Track.__slots__}, **says})
        self._decide(at(second))

    def pass_until(self, second: float) -> None:
        """Time goes on; what becomes due is done when it does."""
        while self.due is not None and self.due <= at(second):
            now = self.due
            self.track = settled(self.track, now=now, policy=self.policy)
            self._decide(now)
            assert self.due is None or self.due > now, "looking again at the same moment for ever"

    def _decide(self, now: datetime) -> None:
        silent = None
        if self.silent and at(self.silent[0]) <= now < at(self.silent[1]):
            silent = at(self.silent[1])
        decision = decide(self.track, now=now, silent_until=silent, policy=self.policy)
        self.due = decision.due_at
        if decision.tell:
            self.track = told(self.track, decision.tell, now=now)
            self.heard.append(((now - START).total_seconds(), decision.tell))


def test_failure_and_recovery_are_told_at_once() -> None:
    story = Story()
    story.change(10, failing=True)
    story.change(50, failing=False)
    assert story.heard == [(10, "firing"), (50, "ok")]
    assert story.due is None


def test_the_same_state_again_says_nothing() -> None:
    story = Story()
    story.change(1, failing=False)
    story.change(10, failing=True)
    story.change(11, failing=True)
    assert story.heard == [(10, "firing")]


def test_a_failure_in_the_cool_down_is_told_at_its_end_when_it_lasts() -> None:
    story = Story()
    story.change(0, failing=True)
    story.change(20, failing=False)
    story.change(100, failing=True)
    assert story.heard == [(0, "firing"), (20, "ok")]
    story.pass_until(1000)
    assert story.heard[2:] == [(300, "firing")]


def test_a_failure_that_is_over_before_the_cool_down_is_never_told() -> None:
    story = Story()
    story.change(0, failing=True)
    story.change(20, failing=False)
    story.change(100, failing=True)
    story.change(200, failing=False)
    story.pass_until(10_000)
    assert story.heard == [(0, "firing"), (20, "ok")]


def test_no_cool_down_tells_everything() -> None:
    story = Story(Policy(cooldown=timedelta(0)))
    for second in range(0, 40, 10):
        story.change(second, failing=second % 20 == 0)
    assert [what for _, what in story.heard] == ["firing", "ok", "firing", "ok"]


def test_flapping_is_told_once_and_ends_with_the_state_that_is_left() -> None:
    story = Story()
    for count in range(20):
        story.change(count * 30, failing=count % 2 == 0)
    # The sixth change, at 150 s, is one too many; the last, at 570 s, leaves it well.
    assert story.heard == [(0, "firing"), (30, "ok"), (150, "flapping")]
    story.pass_until(10_000)
    # Changes at 510, 540 and 570 s: from 1110 s on there are no more than two in ten minutes.
    assert story.heard[3:] == [(1110, "ok")]


def test_flapping_that_ends_in_failure_says_so() -> None:
    story = Story()
    for count in range(7):
        story.change(count * 30, failing=count % 2 == 0)
    story.pass_until(10_000)
    assert [what for _, what in story.heard] == ["firing", "ok", "flapping", "firing"]
    assert story.track.failing
    assert not story.track.flapping


def test_six_changes_in_more_than_the_window_are_no_flapping() -> None:
    story = Story()
    for count in range(12):
        story.change(count * 121, failing=count % 2 == 0)
    assert "flapping" not in [what for _, what in story.heard]


def test_between_the_thresholds_flapping_neither_starts_nor_stops() -> None:
    story = Story()
    for count in range(4):
        story.change(count * 100, failing=count % 2 == 0)
    assert not story.track.flapping
    for count in range(4, 6):
        story.change(count * 100, failing=count % 2 == 0)
    assert story.track.flapping
    # Three or four changes in each ten minutes: more than two, so that it goes on.
    for count in range(10):
        story.change(700 + count * 190, failing=count % 2 == 0)
        assert story.track.flapping, count


def test_an_acknowledged_alert_says_nothing_until_it_is_over() -> None:
    story = Story()
    for count in range(6):
        story.change(count * 30, failing=count % 2 == 0)
    story.person(160, acknowledged=True)
    for count in range(6, 9):
        story.change(count * 30, failing=count % 2 == 0)
    story.pass_until(1000)
    # It flaps no more, and fails: somebody is at it.
    assert story.track.failing
    assert not story.track.flapping
    assert story.heard == [(0, "firing"), (30, "ok"), (150, "flapping")]
    story.change(1001, failing=False)
    assert story.heard[3:] == [(1001, "ok")]
    assert not story.track.acknowledged


def test_acknowledged_before_it_was_told_is_never_told() -> None:
    story = Story()
    story.silent = (0, 100)
    story.change(10, failing=True)
    story.person(20, acknowledged=True)
    story.pass_until(5000)
    assert story.heard == []


def test_a_dismissed_alert_is_over_and_the_next_failure_is_another() -> None:
    story = Story()
    story.change(0, failing=True)
    story.person(30, dismissed=True)
    assert story.heard == [(0, "firing"), (30, "ok")]
    story.pass_until(2000)
    assert not story.track.open
    story.change(2000, failing=False)
    story.change(3000, failing=True)
    assert story.heard[2:] == [(3000, "firing")]


def test_dismissed_flapping_leaves_a_failure_to_be_told() -> None:
    story = Story()
    for count in range(7):
        story.change(count * 30, failing=count % 2 == 0)
    story.person(200, dismissed=True)
    story.pass_until(10_000)
    assert [what for _, what in story.heard] == ["firing", "ok", "flapping", "ok", "firing"]


def test_maintenance_holds_back_and_tells_what_is_left() -> None:
    story = Story()
    story.silent = (100, 1000)
    story.change(150, failing=True)
    assert story.heard == []
    story.pass_until(2000)
    assert story.heard == [(1000, "firing")]


def test_what_begins_and_ends_in_maintenance_is_never_told() -> None:
    story = Story()
    story.silent = (100, 1000)
    story.change(150, failing=True)
    story.change(900, failing=False)
    story.pass_until(2000)
    assert story.heard == []
    assert story.due is None


def test_recovery_in_maintenance_is_told_after_it() -> None:
    story = Story()
    story.silent = (100, 1000)
    story.change(50, failing=True)
    story.change(500, failing=False)
    story.pass_until(2000)
    assert story.heard == [(50, "firing"), (1000, "ok")]


def test_a_stricter_policy_after_a_restart_has_less_to_go_by() -> None:
    flapping = Track(flapping=True, failing=True, changes=(at(0), at(10)))
    assert calm_at(flapping, Policy(start=9, stop=7)) == at(600)


@given(
    gaps=st.lists(st.floats(min_value=0.001, max_value=2000), min_size=1, max_size=60),
    cooldown=st.integers(0, 1000),
    silence=st.none() | st.tuples(st.integers(0, 5000), st.integers(1, 5000)),
)
def test_in_the_end_people_know_what_is_the_case(
    gaps: list[float], cooldown: int, silence: tuple[int, int] | None
) -> None:
    story = Story(Policy(cooldown=timedelta(seconds=cooldown)))
    if silence:
        story.silent = (silence[0], silence[0] + silence[1])
    now = 0.0
    for count, gap in enumerate(gaps):
        now += gap
        story.change(now, failing=count % 2 == 0)
    story.pass_until(now + 1_000_000)

    assert story.track.told == ("firing" if len(gaps) % 2 else "ok")
    assert story.due is None
    # Nobody hears the same twice in a row, and never of a failure twice in one cool-down.
    kinds = [what for _, what in story.heard]
    assert all(one != other for one, other in pairwise(kinds))
    fired = [second for second, what in story.heard if what == "firing"]
    after_well = [
        (one, other)
        for one, other in pairwise(fired)
        if "flapping" not in [what for second, what in story.heard if one < second < other]
    ]
    assert all(other - one >= cooldown - 1e-6 for one, other in after_well)
