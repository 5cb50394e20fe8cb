"""BuildKit's progress as build events."""

import base64
import binascii
import json
import re
from collections.abc import Iterator
from typing import Any

from eulermaker.engines.docker.wire import Vertex, WireError, read_status
from eulermaker.engines.port import (
    ENGINE_UNAVAILABLE,
    BuildEvent,
    BuildFailed,
    BuildFault,
    ImageReady,
    StepFinished,
    StepOutput,
    StepStarted,
    Work,
    WorkFinished,
)

# "[builder 2/5] RUN make"; BuildKit pads the numbers of long builds: "[builder  2/12] …".
_STEP = re.compile(
    r"\[(?:(?P<stage>\S+)\s+)?\s*(?P<number>\d+)/(?P<total>\d+)\] (?P<instruction>.*)", re.DOTALL
)
_WORK = (
    (re.compile(r"\[internal\] load (metadata|build definition|\.dockerignore)"), Work.METADATA),
    (re.compile(r"\[internal\] load (build context|remote build context)|copy /context /"), Work.CONTEXT),
    (re.compile(r"exporting to image"), Work.EXPORT),
)
_METADATA = re.compile(r"\[internal\] load metadata for (?P<image>\S+)")
# What `COPY --from` and `RUN --mount=from` take is not numbered.
_OTHER_IMAGE = re.compile(r"FROM (?P<image>\S+)")
# What `ADD` takes from elsewhere is named by its address.
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://")
_EXIT_CODE = re.compile(r"exit code: (\d+)")
_UNREADABLE = (ValueError, AttributeError, KeyError, TypeError, RecursionError, WireError, binascii.Error)
_CANCELED = "context canceled"
# BuildKit before 0.8 (Engine 20.10) repeats an empty message without end once more than 1 MiB of
# output had to wait: nothing is told any more, a failure neither. No message is empty otherwise.
_LOST_AFTER = 100
# BuildKit completes names; people write them without Docker's default registry.
_DEFAULT_REGISTRY = re.compile(r"docker\.io/(?:library/)?")


class BuildKitProgress:
    """Reads the lines of one `POST /build?version=2` answer."""

    def __init__(self) -> None:
        self._steps: dict[str, Vertex] = {}
        self._finished: set[str] = set()
        self._failure: BuildFailed | None = None
        self._image: str | None = None
        self._empty = 0

    def read(self, line: bytes) -> Iterator[BuildEvent]:
        """The events that a line tells; raises BuildFailed when it is the final error."""
        if not line.strip():
            return
        try:
            yield from self._message(json.loads(line))
        except _UNREADABLE as error:
            raise BuildFailed(BuildFault.BUILDER, f"unreadable progress: {error}") from error

    def end(self) -> Iterator[BuildEvent]:
        """The last event; raises `engine-unavailable` when the stream ended without a result."""
        if self._image is None:
            raise ENGINE_UNAVAILABLE()
        yield ImageReady(self._image)

    def _message(self, message: dict[str, Any]) -> Iterator[BuildEvent]:
        if detail := message.get("errorDetail"):
            raise self._cause(str(detail.get("message") or message.get("error")))
        match message.get("id"):
            case "moby.buildkit.trace":
                yield from self._trace(base64.b64decode(message["aux"]))
            case "moby.image.id":
                self._image = str(message["aux"]["ID"])

    def _trace(self, status: bytes) -> Iterator[BuildEvent]:
        self._empty = 0 if status else self._empty + 1
        if self._empty > _LOST_AFTER:
            raise BuildFailed(BuildFault.OUTPUT, "a step prints faster than the engine can tell")
        vertexes, logs = read_status(status)
        # Cached steps all begin and end at the same moment: the end is told under its own step.
        told: list[list[StepStarted | StepOutput | StepFinished]] = [
            [*self._started(vertex), *(self._ended(vertex) if vertex.cached else ())] for vertex in vertexes
        ]
        told += (
            [StepOutput(entry.vertex, entry.data, entry.at)] for entry in logs if entry.vertex in self._steps
        )
        told += ([end] for vertex in vertexes for end in self._ended(vertex))
        yield from (work for vertex in vertexes for work in self._worked(vertex))
        # One message may tell of several steps: each thing at its time, and a step's own in order.
        for events in sorted(filter(None, told), key=lambda events: events[0].at):
            yield from events

    def _started(self, vertex: Vertex) -> Iterator[StepStarted]:
        step = _STEP.match(vertex.name)
        if not step or vertex.started is None or vertex.digest in self._steps:
            return
        self._steps[vertex.digest] = vertex
        yield StepStarted(
            key=vertex.digest,
            number=int(step["number"]),
            total=int(step["total"]),
            stage=step["stage"],
            instruction=_as_written(step["instruction"]),
            at=vertex.started,
        )

    def _ended(self, vertex: Vertex) -> Iterator[StepFinished]:
        if vertex.error:
            self._note_failure(vertex)
        elif vertex.completed and vertex.digest in self._steps and vertex.digest not in self._finished:
            self._finished.add(vertex.digest)
            started = vertex.started or self._steps[vertex.digest].started
            seconds = (vertex.completed - started).total_seconds() if started else 0.0
            yield StepFinished(vertex.digest, vertex.cached, max(0.0, seconds), vertex.completed)

    def _worked(self, vertex: Vertex) -> Iterator[WorkFinished]:
        if vertex.started and vertex.completed and vertex.digest not in self._finished:
            for pattern, work in _WORK:
                if pattern.match(vertex.name):
                    self._finished.add(vertex.digest)
                    yield WorkFinished(work, max(0.0, (vertex.completed - vertex.started).total_seconds()))

    def _note_failure(self, vertex: Vertex) -> None:
        # Steps that run beside the failing one end with "context canceled": they are not the cause.
        if self._failure is not None or _CANCELED in vertex.error:
            return
        step = _STEP.match(vertex.name)
        if other := _OTHER_IMAGE.fullmatch(vertex.name):
            name = _DEFAULT_REGISTRY.sub("", other["image"], count=1)
            self._failure = BuildFailed(BuildFault.BASE_IMAGE, vertex.error, image=name)
        elif _ADDRESS.match(vertex.name):
            self._failure = BuildFailed(BuildFault.SOURCE, vertex.error, source=vertex.name)
        elif metadata := _METADATA.match(vertex.name):
            image = _DEFAULT_REGISTRY.sub("", metadata["image"], count=1)
            self._failure = BuildFailed(BuildFault.BASE_IMAGE, vertex.error, image=image)
        elif step and step["instruction"].startswith("FROM "):
            # Its description could be had, but not its layers.
            image = _as_written(step["instruction"]).removeprefix("FROM ")
            self._failure = BuildFailed(BuildFault.BASE_IMAGE, vertex.error, image=image)
        elif step:
            code = _EXIT_CODE.search(vertex.error)
            self._failure = BuildFailed(
                BuildFault.STEP, vertex.error, step=vertex.digest, exit_code=int(code[1]) if code else None
            )

    def _cause(self, message: str) -> Exception:
        if self._failure is not None:
            return self._failure
        if _CANCELED in message:
            # We did not cancel, or nobody would be reading: the engine is going away.
            return ENGINE_UNAVAILABLE()
        # Nothing ran and no node failed: the definition itself was refused.
        return BuildFailed(BuildFault.BUILDER if self._steps else BuildFault.DOCKERFILE, message)


def _as_written(instruction: str) -> str:
    """The instruction with the base image named as in the Dockerfile: `FROM busybox:latest`."""
    keyword, _, rest = instruction.partition(" ")
    if keyword != "FROM":
        return instruction
    return f"FROM {_DEFAULT_REGISTRY.sub('', rest, count=1).partition('@')[0]}"
