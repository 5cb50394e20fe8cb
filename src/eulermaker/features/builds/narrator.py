"""Tell a build's events as the lines of its log, in 000's style."""

import codecs
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from eulermaker.engines.port import (
    BuildEvent,
    ImageReady,
    StepFinished,
    StepOutput,
    StepStarted,
    WorkFinished,
)
from eulermaker.features.builds.log import Kind, Line
from eulermaker.features.builds.rules import mentioned_trees
from eulermaker.features.optimizer.timeline import Phase, Timeline

# A line that never ends must not be kept in memory until it does.
MAX_LINE = 64 * 1024
MAX_MENTIONS = 1000
_Decoder = codecs.getincrementaldecoder("utf-8")


@dataclass(slots=True)
class _Step:
    """A step that is being told; `rest` is the line that has not ended."""

    number: int
    total: int
    stage: str | None
    instruction: str
    decoder: codecs.IncrementalDecoder = field(default_factory=lambda: _Decoder("replace"))
    rest: str = ""


class Narrator:
    """Keeps what is needed to tell the next event: the open steps and their unfinished lines."""

    def __init__(self) -> None:
        self._steps: dict[str, _Step] = {}
        self._totals: dict[str | None, int] = {}
        self.done = 0
        self.cached = 0
        #: The `rpmbuild` trees that the output speaks of: rpmbuild tells where it wrote its packages.
        self.rpm_trees: dict[str, None] = {}
        #: Whether the output speaks of rpmbuild at all.
        self.rpmbuild = False
        self.timeline = Timeline()

    @property
    def total(self) -> int:
        """Steps of all stages seen so far."""
        return sum(self._totals.values())

    def instruction(self, key: str) -> tuple[int, int, str]:
        """Number, total and instruction of a step."""
        step = self._steps[key]
        return step.number, step.total, step.instruction

    def tell(self, event: BuildEvent) -> Iterator[Line]:
        """The lines that an event adds to the log."""
        match event:
            case StepStarted():
                step = _Step(event.number, event.total, event.stage, event.instruction)
                self._steps[event.key] = step
                self._totals[event.stage] = event.total
                self.timeline.started(event.key, event.instruction, event.at)
                for part in _instruction_lines(event):
                    yield _line(step, part, event.at, "step")
            case StepOutput():
                yield from self._output(event)
            case StepFinished():
                yield from self._finished(self._steps[event.key], event)
            case WorkFinished():
                self.timeline.spent(Phase(event.work.value), event.seconds)
            case ImageReady():
                # Told with its tags once the artifacts are safe, and the build is a success.
                return

    def unfinished(self, at: datetime) -> Iterator[Line]:
        """What open steps printed without ending the line; for when the build stops."""
        for step in self._steps.values():
            yield from self._flush(step, at)

    def _output(self, event: StepOutput) -> Iterator[Line]:
        step, at = self._steps[event.key], event.at
        *lines, rest = (step.rest + step.decoder.decode(event.data)).split("\n")
        pieces = [piece for line in lines for piece in _pieces(line.removesuffix("\r"))]
        # The return before a newline that is still to come belongs to the end of the line.
        while len(rest.removesuffix("\r")) > MAX_LINE:
            pieces.append(rest[:MAX_LINE])
            rest = rest[MAX_LINE:]
        step.rest = rest
        for piece in pieces:
            self._note_trees(piece)
            self.timeline.printed(event.key, piece, at)
            yield _line(step, piece, at, "output")

    def _note_trees(self, text: str) -> None:
        if "rpmbuild" not in text:
            return
        self.rpmbuild = True
        for path in mentioned_trees(text):
            if len(self.rpm_trees) < MAX_MENTIONS:
                self.rpm_trees[path] = None

    def _finished(self, step: _Step, event: StepFinished) -> Iterator[Line]:
        yield from self._flush(step, event.at)
        self.timeline.finished(event.key, event.at)
        self.done += 1
        self.cached += event.cached
        text = " ---> Using cache" if event.cached else f" ---> Done in {event.seconds:.1f} s"
        yield _line(step, text, event.at, "step", cached=event.cached, duration=event.seconds)

    def _flush(self, step: _Step, at: datetime) -> Iterator[Line]:
        text = step.rest + step.decoder.decode(b"", final=True)
        step.rest = ""
        if text:
            yield _line(step, text, at, "output")


def _line(
    step: _Step,
    text: str,
    at: datetime,
    kind: Kind,
    *,
    cached: bool | None = None,
    duration: float | None = None,
) -> Line:
    return Line(text, at, kind, step.number, step.total, step.stage, cached, duration)


def _instruction_lines(event: StepStarted) -> Iterator[str]:
    # Heredocs make an instruction of many lines; each becomes a line of the log.
    first, *rest = event.instruction.split("\n")
    yield f"Step {event.number}/{event.total} : {first}"
    yield from rest


def _pieces(text: str) -> Iterable[str]:
    if len(text) <= MAX_LINE:
        return (text,)
    return (text[at : at + MAX_LINE] for at in range(0, len(text), MAX_LINE))
