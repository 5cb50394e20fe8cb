"""Where a build's seconds went: phases, told from its steps and from what rpmbuild and others print."""

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final


class Phase(StrEnum):
    """What a build spends its time on, in the order in which it usually comes."""

    METADATA = "metadata"
    CONTEXT = "context"
    PULL = "pull"
    DEPENDENCIES = "dependencies"
    PREP = "prep"
    CONFIGURE = "configure"
    COMPILE = "compile"
    CHECK = "check"
    PACKAGE = "package"
    EXPORT = "export"


_INSTALLING: Final = re.compile(
    r"\b(dnf|yum|microdnf|apt-get|apt|apk|pip3?|npm)\b[^;&|]*\b"
    r"(install|builddep|build-dep|add|ci|update|upgrade|makecache|download)\b"
)
_RPMBUILD: Final = re.compile(r"\brpmbuild\b|\brpm_phases\.sh\b")
_SECTIONS: Final = {
    "prep": Phase.PREP,
    "conf": Phase.CONFIGURE,
    "build": Phase.COMPILE,
    "install": Phase.PACKAGE,
    "check": Phase.CHECK,
    "clean": Phase.PACKAGE,
}
# What begins a line that tells of a phase: nothing else is looked at, since a build may print a lot.
_TELLING: Final = re.compile(
    r"Executing\(%(?P<section>prep|conf|build|install|check|clean)\)"
    r"|(?P<packaging>Processing files: )"
    r"|(?P<configuring>checking |configure: |config\.status: |-- |The Meson build system)"
    r"|(?P<compiling>libtool: compile|(?:\S*/)?(?:gcc|cc|g\+\+|c\+\+|clang)\s"
    r"|\[\s*\d+(?:%|/\d+)\]|  (?:CC|CXX)\s)"
    r"|Fetched (?P<apt>[\d.,]+ ?[kMG]?B) in "
    r"|\s*Downloading \S+ \((?P<pip>[\d.]+ ?[kMG]?B)\)"
    r"|Total\s.*\|\s*(?P<dnf>[\d.]+ ?[kMG]?)B?\s"
    r"|eulermaker: compiler cache: (?P<hits>\d+) hits, (?P<misses>\d+) misses"
)
_UNITS: Final = {"": 1, "k": 1000, "M": 1000**2, "G": 1000**3}


def phase_of(instruction: str) -> Phase:
    """The phase that a step begins with."""
    keyword, _, rest = instruction.partition(" ")
    match keyword.upper():
        case "FROM":
            return Phase.PULL
        case "RUN" if _RPMBUILD.search(rest):
            return Phase.PREP
        case "RUN" if _INSTALLING.search(rest):
            return Phase.DEPENDENCIES
        case "RUN":
            return Phase.COMPILE
        case _:
            return Phase.CONTEXT


@dataclass(slots=True)
class _Open:
    """A step that runs: its phase, and since when."""

    phase: Phase
    since: datetime


class Timeline:
    """Adds up what the events of one build tell; steps that run beside each other count each."""

    def __init__(self) -> None:
        self._seconds: dict[Phase, float] = defaultdict(float)
        self._open: dict[str, _Open] = {}
        #: Bytes that package managers said they fetched; None where none said anything.
        self.fetched: int | None = None
        #: Hits and misses of the compiler cache; None where there was none.
        self.compiler_cache: tuple[int, int] | None = None

    @property
    def seconds(self) -> dict[Phase, float]:
        """Seconds by phase, in the usual order."""
        return {phase: round(self._seconds[phase], 3) for phase in Phase if phase in self._seconds}

    def started(self, key: str, instruction: str, at: datetime) -> None:
        """A step begins."""
        self._open[key] = _Open(phase_of(instruction), at)

    def printed(self, key: str, text: str, at: datetime) -> None:
        """A step prints a line."""
        found = _TELLING.match(text)
        step = self._open.get(key)
        if found is None or step is None:
            return
        told = found.groupdict()
        if told["section"] or told["packaging"]:
            self._enter(step, _SECTIONS[told["section"] or "install"], at)
        elif told["configuring"] and step.phase is Phase.COMPILE:
            self._enter(step, Phase.CONFIGURE, at)
        elif told["compiling"] and step.phase is Phase.CONFIGURE:
            self._enter(step, Phase.COMPILE, at)
        elif size := told["apt"] or told["pip"] or told["dnf"]:
            self.fetched = (self.fetched or 0) + _bytes(size)
        elif told["hits"]:
            self.compiler_cache = (int(told["hits"]), int(told["misses"]))

    def finished(self, key: str, at: datetime) -> None:
        """A step ends."""
        if step := self._open.pop(key, None):
            self._enter(step, step.phase, at)

    def spent(self, phase: Phase, seconds: float) -> None:
        """The engine itself took so long."""
        self._seconds[phase] += seconds

    def _enter(self, step: _Open, phase: Phase, at: datetime) -> None:
        self._seconds[step.phase] += max(0.0, (at - step.since).total_seconds())
        step.phase, step.since = phase, at


def _bytes(text: str) -> int:
    """`12.3 MB` as a number."""
    number = text.rstrip("kMGB ").replace(",", "")
    unit = text[len(text.rstrip("kMGB ")) :].strip().removesuffix("B")
    try:
        return int(float(number) * _UNITS[unit])
    except ValueError:
        return 0
