"""What optimizing did for a build: recorded with its result, and told in its detail."""

from collections.abc import Mapping
from typing import Any

from eulermaker.features.builds.form import Form
from eulermaker.features.builds.store import Build
from eulermaker.features.optimizer.rules import RULES
from eulermaker.features.optimizer.schemas import AppliedRule, Fallback, Optimization
from eulermaker.kernel.faults import Language


def effect(build: Build, form: Form, *, fallback: str | None) -> dict[str, Any]:
    """The record of what was built; with `fallback`, why it was not the rewritten form."""
    return {
        "level": build.optimize.value,
        "applied": [dict(each) for each in form.applied],
        "diff": form.diff(build),
        "fallback": fallback,
    }


def shown_optimization(build: Build, language: Language) -> Optimization | None:
    """What the record says, in that language; None before the build has ended."""
    told = build.optimization
    if told is None:
        return None
    return Optimization(
        level=told["level"],
        applied=[_applied(each, language) for each in told["applied"]],
        diff=told["diff"],
        fallback=None if told["fallback"] is None else Fallback(reason=told["fallback"]),
    )


def _applied(told: Mapping[str, Any], language: Language) -> AppliedRule:
    rule = RULES.get(told["rule"])
    # A rule that an older version knew and this one does not is told by its name.
    reason = told["rule"] if rule is None else rule.sentence(language, told["facts"])
    return AppliedRule(rule=told["rule"], line=told["line"], reason=reason)
