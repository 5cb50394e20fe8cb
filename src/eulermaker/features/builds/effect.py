"""What optimizing did for a build: recorded with its result, and told in its detail."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from eulermaker.features.builds.form import Form, as_written
from eulermaker.features.builds.narrator import Narrator
from eulermaker.features.builds.reuse import Reused
from eulermaker.features.builds.store import Build
from eulermaker.features.optimizer.rules import RULES
from eulermaker.features.optimizer.schemas import (
    AppliedRule,
    CompilerCache,
    Fallback,
    Optimization,
    PhaseSeconds,
    ReusedResult,
)
from eulermaker.features.optimizer.timeline import Phase, Timeline
from eulermaker.kernel.clock import rfc3339
from eulermaker.kernel.faults import Language


def told_of(
    build: Build, form: Form | None, narrator: Narrator, *, fallback: str | None, reused: Reused | None
) -> dict[str, Any]:
    """What the record tells of an attempt's steps and of what was done for it.

    `fallback` is what the rewritten form failed of, where it did.
    """
    if reused is not None:
        source, total = reused.build, reused.build.steps_total
        told = {**(source.optimization or {}), "reused": _reused(reused)}
        return {"steps_total": total, "steps_done": total, "steps_cached": total, "optimization": told}
    steps = {"steps_total": narrator.total, "steps_done": narrator.done, "steps_cached": narrator.cached}
    return {
        **steps,
        "optimization": _effect(build, form or as_written(build), narrator.timeline, fallback=fallback),
    }


def _effect(build: Build, form: Form, timeline: Timeline, *, fallback: str | None) -> dict[str, Any]:
    return {
        "level": build.optimize.value,
        "applied": [dict(each) for each in form.applied],
        "diff": form.diff(build),
        "fallback": fallback,
        "reused": None,
        "draft": form.draft,
        "timeline": [[phase.value, seconds] for phase, seconds in timeline.seconds.items()],
        "bytes_fetched": timeline.fetched,
        "compiler_cache": timeline.compiler_cache,
        "requires": [asdict(each) for each in form.requires],
        "known": _known(form, timeline),
        "as_written_seconds": _as_written_seconds(form, timeline),
    }


def _known(form: Form, timeline: Timeline) -> dict[str, float]:
    """What each phase took when it was last done in full: a part of it never takes longer."""
    told = {phase.value: seconds for phase, seconds in timeline.seconds.items()}
    return {phase: max(told.get(phase, 0.0), form.known.get(phase, 0.0)) for phase in {*told, *form.known}}


def _as_written_seconds(form: Form, timeline: Timeline) -> float | None:
    """What a spec's build as written would have taken; None where no earlier one tells.

    As it is written a changed spec repeats everything, and changed sources all but the dependencies.
    """
    if not form.known:
        return None
    spared = {Phase.DEPENDENCIES.value} if form.same_spec else set()
    return round(sum(s for phase, s in _known(form, timeline).items() if phase not in spared), 3)


def _reused(reused: Reused) -> dict[str, Any]:
    return {
        "build_id": reused.build.id,
        "built_at": rfc3339(reused.built_at),
        "built_seconds": reused.built_seconds,
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
        reused=None if told["reused"] is None else ReusedResult.model_validate(told["reused"]),
        draft=told.get("draft", False),
        timeline=[PhaseSeconds(phase=phase, seconds=seconds) for phase, seconds in told.get("timeline", ())],
        bytes_fetched=told.get("bytes_fetched"),
        compiler_cache=_compiler_cache(told.get("compiler_cache")),
        as_written_seconds=None if told["reused"] else told.get("as_written_seconds"),
        saved_seconds=_saved(build, told),
    )


def _compiler_cache(told: Sequence[int] | None) -> CompilerCache | None:
    return None if told is None else CompilerCache(hits=told[0], misses=told[1])


def _saved(build: Build, told: Mapping[str, Any]) -> float | None:
    reused, estimate = told["reused"], told.get("as_written_seconds")
    instead = float(reused["built_seconds"]) if reused else estimate
    if instead is None or build.duration is None:
        return None
    return round(max(0.0, instead - build.duration), 3)


def _applied(told: Mapping[str, Any], language: Language) -> AppliedRule:
    rule = RULES.get(told["rule"])
    # A rule that an older version knew and this one does not is told by its name.
    reason = told["rule"] if rule is None else rule.sentence(language, told["facts"])
    return AppliedRule(rule=told["rule"], line=told["line"], reason=reason)
