"""What an analysis finds: a rule, a place, and the edits that would follow it."""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from eulermaker.formats.dockerfile import Dockerfile, Instruction, Stage
from eulermaker.kernel.faults import Language


class Severity(StrEnum):
    """How much a finding matters."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Rule:
    """A named rule; its sentences say what is so and what to do, with facts in braces.

    `safe` promises that following the rule changes nothing in what is built but its cost.
    """

    slug: str
    severity: Severity
    safe: bool
    zh: str
    en: str

    def sentence(self, language: Language, facts: Mapping[str, Any]) -> str:
        """The sentence with its facts."""
        return (self.zh if language == "zh" else self.en).format(**facts)


@dataclass(frozen=True, slots=True)
class Edit:
    """Put `text` in the place of what stands from `start` to `end`, counted in the whole Dockerfile."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that says something of the instruction at `line` (1-based); without edits it only tells."""

    rule: Rule
    line: int
    facts: Mapping[str, Any] = field(default_factory=dict)
    edits: tuple[Edit, ...] = ()


@dataclass(frozen=True, slots=True)
class Placed:
    """An instruction, the stage that it belongs to, and where its text begins."""

    instruction: Instruction
    stage: Stage
    start: int

    @property
    def end(self) -> int:
        """Where its text ends, its line break included."""
        return self.start + len(self.instruction.raw)


def placed(dockerfile: Dockerfile) -> Iterator[Placed]:
    """The instructions of the stages with their places, FROM itself left out."""
    stages = {id(each): stage for stage in dockerfile.stages for each in stage.instructions}
    start = 0
    for node in dockerfile.nodes:
        if isinstance(node, Instruction) and id(node) in stages:
            yield Placed(node, stages[id(node)], start)
        start += len(node.raw)


def edited(text: str, edits: Iterable[Edit]) -> str:
    """The text with the edits made; of two that overlap, the first counts."""
    pieces: list[str] = []
    at = 0
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        if edit.start < at:
            continue
        pieces += text[at : edit.start], edit.text
        at = edit.end
    return "".join([*pieces, text[at:]])


def diff(before: str, after: str) -> str:
    """What changed, as a unified diff; empty where nothing did."""
    lines = difflib.unified_diff(
        before.splitlines(keepends=True),
        after.splitlines(keepends=True),
        fromfile="Dockerfile",
        tofile="Dockerfile (optimized)",
    )
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )
