"""Public shapes of an analysis."""

from typing import Any

from pydantic import BaseModel

from eulermaker.features.optimizer.findings import Severity


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
