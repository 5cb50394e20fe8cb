"""The figures of a run, and the page that they are published on."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Scenario:
    """What changed since the build before, the level that is measured, and what is wanted of it."""

    slug: str
    title: str
    level: str
    wanted: str


SCENARIOS: Final = (
    Scenario("cold", "cold: nothing is known", "safe", "≤ 1.05 × the time"),
    Scenario("unchanged", "unchanged", "safe", "≤ + 0.3 s, ≥ 20 × faster than cold"),
    Scenario("release", "release and changelog bumped", "safe", "≥ 3 ×"),
    Scenario("line", "one line of one source file", "max", "≥ 3 ×"),
    Scenario("requires", "one new BuildRequires", "max", "≥ 3 ×"),
    Scenario("tail", "Dockerfile tail edit", "safe", "≥ 1 ×"),
)


@dataclass(frozen=True, slots=True)
class Run:
    """Seconds of one build, and of the phases that it had to go through whatever was known."""

    seconds: float
    floor: float


@dataclass(frozen=True, slots=True)
class Measured:
    """One scenario of one package: as written, and optimized."""

    package: str
    system: str
    scenario: str
    level: str
    written: Run
    optimized: Run

    @property
    def times(self) -> float:
        """How many times as fast the optimized build was."""
        return self.written.seconds / max(0.001, self.optimized.seconds)

    def as_json(self) -> dict[str, Any]:
        """For the report's file."""
        return {**asdict(self), "times": round(self.times, 2)}


def as_markdown(measured: Sequence[Measured], about: Mapping[str, str]) -> str:
    """The published page."""
    lines = [
        "# What optimizing saves: measured",
        "",
        "Written by `make bench-optimizer`. Each package is built as it is written (the Dockerfile that the",
        "product shows for its spec, by BuildKit, with the layer cache of its own earlier builds) and",
        "optimized, one after the other in the same run on the same engine. Seconds are from a build's start",
        "to its end; × is as written divided by optimized.",
        "",
        *(f"- {name}: {value}" for name, value in about.items()),
        "",
        "| scenario | level | packages | median | worst | wanted |",
        "|---|---|---|---|---|---|",
    ]
    for scenario in SCENARIOS:
        of = [each.times for each in measured if each.scenario == scenario.slug]
        if of:
            lines.append(
                f"| {scenario.title} | `{scenario.level}` | {len(of)} | {statistics.median(of):.2f} × "
                f"| {min(of):.2f} × | {scenario.wanted} |"
            )
    lines += [
        "",
        "## By package",
        "",
        "The floor is what the optimized build spent on what no build of these inputs can leave out: reading",
        "the context, unpacking the sources, `%install`, `%check`, writing the packages, storing the image.",
        "The rest is starting containers, and what the change itself costs: the file that is compiled, the",
        "package that is installed.",
        "",
        "| package | system | scenario | as written s | optimized s | × | floor s |",
        "|---|---|---|---|---|---|---|",
    ]
    for each in measured:
        lines.append(
            f"| {each.package} | {each.system} | {each.scenario} | {each.written.seconds:.1f} "
            f"| {each.optimized.seconds:.1f} | {each.times:.2f} | {each.optimized.floor:.1f} |"
        )
    return "\n".join([*lines, ""])
