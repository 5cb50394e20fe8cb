"""The classic builder's progress as build events, for engines without BuildKit."""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from eulermaker.engines.port import (
    ENGINE_UNAVAILABLE,
    BuildEvent,
    BuildFailed,
    BuildFault,
    ImageReady,
    StepFinished,
    StepOutput,
    StepStarted,
)
from eulermaker.kernel.clock import Clock

_STEP = re.compile(r"Step (?P<number>\d+)/(?P<total>\d+) : (?P<instruction>.*)", re.DOTALL)
_CACHED = " ---> Using cache\n"
_RUNNING = re.compile(r" ---> Running in ([0-9a-f]{12})\n")
_REMOVED = "Removing intermediate container "
# What the builder says between the steps' own output.
_SAID = re.compile(
    r" ---> [0-9a-f]{12}\n|Successfully (built|tagged) \S+\n|Removing intermediate container \S+\n"
)


class ClassicProgress:
    """Reads the lines of one `POST /build?version=1` answer: a text, step by step."""

    def __init__(self, clock: Clock, *, labels: int = 0) -> None:
        self._clock = clock
        self._labels = labels
        self._step: StepStarted | None = None
        self._cached = False
        self._heading = False
        #: What the step runs in: until it is removed, whatever comes is what the step prints.
        self._container: str | None = None
        self._image: str | None = None

    def read(self, line: bytes) -> Iterator[BuildEvent]:
        """The events that a line tells; raises BuildFailed when it is the final error."""
        if not line.strip():
            return
        try:
            yield from self._message(json.loads(line), self._clock())
        except (ValueError, AttributeError, TypeError, RecursionError) as error:
            raise BuildFailed(BuildFault.BUILDER, f"unreadable progress: {error}") from error

    def end(self) -> Iterator[BuildEvent]:
        """The last events; raises `engine-unavailable` when the stream ended without a result."""
        yield from self._finish(self._clock())
        if self._image is None:
            raise ENGINE_UNAVAILABLE()
        yield ImageReady(self._image)

    def _message(self, message: dict[str, Any], now: datetime) -> Iterator[BuildEvent]:
        if detail := message.get("errorDetail"):
            raise self._cause(detail)
        if isinstance(aux := message.get("aux"), dict) and "ID" in aux:
            self._image = str(aux["ID"])
        if text := message.get("stream"):
            yield from self._text(str(text), now)

    def _text(self, text: str, now: datetime) -> Iterator[BuildEvent]:
        if self._step and self._container is not None:
            if text == f"{_REMOVED}{self._container}\n":
                self._container = None
            else:
                yield StepOutput(self._step.key, text.encode(errors="replace"), now)
        elif step := _STEP.match(text):
            yield from self._finish(now)
            # Each stage ends with an image; only the last one's is the build's.
            self._image = None
            number, total = int(step["number"]), int(step["total"]) - self._labels
            if number > total:
                # The engine makes a step of each label that came with the request: none of the Dockerfile's.
                return
            self._step = StepStarted(
                key=step["number"],
                number=number,
                total=total,
                stage=None,
                instruction=step["instruction"].strip(),
                at=now,
            )
            yield self._step
            self._heading = not text.endswith("\n")
        elif self._heading and text == "\n":
            # The step's heading and the end of its line come one after the other.
            self._heading = False
        elif text == _CACHED:
            self._cached = True
        elif running := _RUNNING.fullmatch(text):
            self._container = running[1]
        elif self._step and not _SAID.fullmatch(text):
            yield StepOutput(self._step.key, text.encode(errors="replace"), now)

    def _finish(self, now: datetime) -> Iterator[BuildEvent]:
        if self._step is not None:
            seconds = (now - self._step.at).total_seconds()
            yield StepFinished(self._step.key, self._cached, seconds, now)
        self._step, self._cached, self._container = None, False, None

    def _cause(self, detail: dict[str, Any]) -> BuildFailed:
        message = str(detail.get("message"))
        step = self._step
        if step is None:
            return BuildFailed(BuildFault.DOCKERFILE, message)
        keyword, *words = step.instruction.split()
        if keyword.upper() == "FROM":
            image = next((word for word in words if not word.startswith("--")), None)
            return BuildFailed(BuildFault.BASE_IMAGE, message, image=image)
        return BuildFailed(BuildFault.STEP, message, step=step.key, exit_code=detail.get("code"))
