"""What the rest of the program may ask of the optimizer: findings, and the same build for less."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from eulermaker.features.optimizer.findings import Finding, diff, edited
from eulermaker.features.optimizer.rules import ALL, specs
from eulermaker.features.optimizer.surroundings import Surroundings
from eulermaker.formats.dockerfile import Dockerfile, DockerfileError, parse
from eulermaker.formats.spec import Spec

#: Rewriting reads command lines of a Unix shell; with another escape they are another shell's.
_UNIX_ESCAPE = "\\"


@dataclass(frozen=True, slots=True)
class Analysis:
    """What was found in a Dockerfile, each with the diff that it proposes, and the whole optimized."""

    text: str
    findings: tuple[Finding, ...]
    optimized: str
    applied: tuple[Finding, ...]

    @property
    def diff(self) -> str:
        """What the optimization changes, as a unified diff."""
        return diff(self.text, self.optimized)

    def proposal(self, finding: Finding) -> str:
        """The diff that one finding proposes; empty where it only tells."""
        return diff(self.text, edited(self.text, finding.edits))


def analyze(text: str, surroundings: Surroundings) -> Analysis:
    """Everything the rules find in a Dockerfile; raises DockerfileError where an engine refuses it."""
    dockerfile = parse(text)
    findings = tuple(finding for find in ALL for finding in find(dockerfile, surroundings))
    optimized, applied = _optimized(dockerfile, surroundings)
    return Analysis(
        text=text,
        findings=tuple(sorted(findings, key=lambda finding: (finding.line, finding.rule.slug))),
        optimized=optimized,
        applied=applied,
    )


def spec_findings(text: str, spec: Spec, files: Collection[PurePosixPath] | None) -> tuple[Finding, ...]:
    """What the rules find in a spec, in its lines; `files` are the context's where they are known."""
    return tuple(sorted(specs.find(text, spec, files), key=lambda finding: finding.line))


def _optimized(dockerfile: Dockerfile, surroundings: Surroundings) -> tuple[str, tuple[Finding, ...]]:
    """The Dockerfile with all safe edits made, a subject at a time: each reads what the last one wrote."""
    applied: list[Finding] = []
    if dockerfile.escape != _UNIX_ESCAPE:
        return str(dockerfile), ()
    for find in ALL:
        safe = [each for each in find(dockerfile, surroundings) if each.rule.safe and each.edits]
        rewritten = _parsed(edited(str(dockerfile), [edit for each in safe for edit in each.edits]))
        # What an engine would refuse is worse than what is slow: it stays as it was.
        if rewritten is not None:
            dockerfile = rewritten
            applied += safe
    return str(dockerfile), tuple(applied)


def _parsed(text: str) -> Dockerfile | None:
    try:
        return parse(text)
    except DockerfileError:
        return None


def facts_of(finding: Finding) -> Mapping[str, object]:
    """The facts of a finding as JSON can carry them."""
    return {
        name: value if isinstance(value, int | str) else str(value) for name, value in finding.facts.items()
    }
