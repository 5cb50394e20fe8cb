"""Where the seconds went, as steps and lines tell it."""

from datetime import UTC, datetime, timedelta

import pytest

from eulermaker.features.optimizer.timeline import Phase, Timeline, phase_of

START = datetime(2026, 1, 1, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("instruction", "phase"),
    [
        ("FROM base:1", Phase.PULL),
        ("COPY . .", Phase.CONTEXT),
        ("RUN apt-get update && apt-get install -y gcc", Phase.DEPENDENCIES),
        ("RUN --mount=type=cache,target=/x dnf builddep -y x.spec", Phase.DEPENDENCIES),
        ("RUN pip3 install -r requirements.txt", Phase.DEPENDENCIES),
        ("RUN make install", Phase.COMPILE),
        ("RUN rpmbuild -ba SPECS/x.spec", Phase.PREP),
        ("RUN sh /mnt/rpm_phases.sh compile /mnt/x.spec", Phase.PREP),
    ],
)
def test_a_step_begins_in_the_phase_of_its_command(instruction: str, phase: Phase) -> None:
    assert phase_of(instruction) is phase


def test_rpmbuild_tells_its_own_phases() -> None:
    told = Timeline()
    told.started("a", "RUN rpmbuild -ba x.spec", at(0))
    for second, line in (
        (1, "Executing(%prep): /bin/sh -e /var/tmp/rpm-tmp.1"),
        (3, "Executing(%build): /bin/sh -e /var/tmp/rpm-tmp.2"),
        (4, "checking for gcc... gcc"),
        (8, "config.status: creating Makefile"),
        (9, "gcc -O2 -c main.c"),
        (12, "Executing(%install): /bin/sh -e /var/tmp/rpm-tmp.3"),
        (13, "Executing(%check): /bin/sh -e /var/tmp/rpm-tmp.4"),
        (15, "Processing files: x-1-1.x86_64"),
    ):
        told.printed("a", line, at(second))
    told.finished("a", at(16))
    assert told.seconds == {
        Phase.PREP: 3,
        Phase.CONFIGURE: 5,
        Phase.COMPILE: 4,
        Phase.CHECK: 2,
        Phase.PACKAGE: 2,
    }


def test_what_was_fetched_and_what_the_compiler_cache_knew() -> None:
    told = Timeline()
    assert (told.fetched, told.compiler_cache) == (None, None)
    told.started("a", "RUN apt-get install x", at(0))
    for line in (
        "Fetched 12.5 MB in 3s (4 MB/s)",
        "  Downloading six-1.16.0-py2.py3-none-any.whl (11 kB)",
        "Total                    5.0 MB/s |  29 MB     00:05",
        "eulermaker: compiler cache: 12 hits, 3 misses",
        "Fetched everything in time",
    ):
        told.printed("a", line, at(1))
    assert told.fetched == 12_500_000 + 11_000 + 29_000_000
    assert told.compiler_cache == (12, 3)
    told.printed("nobody", "Fetched 1 B in 1s", at(1))
    assert told.fetched == 41_511_000


def test_the_engines_own_work_counts_as_well() -> None:
    told = Timeline()
    told.spent(Phase.EXPORT, 0.5)
    told.spent(Phase.EXPORT, 0.25)
    assert told.seconds == {Phase.EXPORT: 0.75}
