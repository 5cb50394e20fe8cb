"""Public shapes of an analysis."""

from enum import StrEnum
from typing import Any

from pydantic import BaseModel

from eulermaker.features.optimizer.findings import Severity
from eulermaker.features.optimizer.timeline import Phase


class Level(StrEnum):
    """How much is done to make a build cheaper: nothing, what is safe, or more."""

    OFF = "off"
    SAFE = "safe"
    MAX = "max"


class ShownFinding(BaseModel):
    """What a rule says of one line (1-based); `diff` is what it proposes, empty where it only tells.

    `safe` promises that following it changes nothing in what is built but its cost.
    """

    rule: str
    line: int
    severity: Severity
    message: str
    safe: bool
    diff: str
    facts: dict[str, Any]


class Cost(BaseModel):
    """What a repeated build costs: RUNs that fetch packages anew, and RUNs that a changed line repeats."""

    fetching_runs: int
    runs_after_sources: int


class PredictedEffect(BaseModel):
    """The cost of the build as it is written, and optimized."""

    as_written: Cost
    optimized: Cost


class ShownAnalysis(BaseModel):
    """What was found in a Dockerfile or a spec, and the Dockerfile with all that is safe done."""

    findings: list[ShownFinding]
    dockerfile: str
    optimized_dockerfile: str
    diff: str
    applied: list[str]
    predicted: PredictedEffect


class AppliedRule(BaseModel):
    """A change that was made, and why; `line` (1-based) is that of the Dockerfile as it was read."""

    rule: str
    line: int
    reason: str


class Fallback(BaseModel):
    """Why the build was built as it is written after all."""

    reason: str


class ReusedResult(BaseModel):
    """The build whose result was taken over, and when and in how many seconds that was really made."""

    build_id: str
    built_at: str
    built_seconds: float


class PhaseSeconds(BaseModel):
    """The seconds that a build spent in a phase; steps that ran beside each other count each."""

    phase: Phase
    seconds: float


class CompilerCache(BaseModel):
    """What the compiler cache knew already, and what it did not."""

    hits: int
    misses: int


class Optimization(BaseModel):
    """What was done to make a build cheaper; `diff` is between the Dockerfile and what was built.

    `draft` marks a result that is not to be published. `bytes_fetched` is what package managers said,
    null where they said nothing. `as_written_seconds` estimates what the build as written would have
    taken, from the phases of the package's earlier builds; `saved_seconds` is what that, or a reused
    result, saved. Of a reused result the timeline is that of the build that made it.
    """

    level: Level
    applied: list[AppliedRule]
    diff: str
    fallback: Fallback | None
    reused: ReusedResult | None
    draft: bool
    timeline: list[PhaseSeconds]
    bytes_fetched: int | None
    compiler_cache: CompilerCache | None
    as_written_seconds: float | None
    saved_seconds: float | None
