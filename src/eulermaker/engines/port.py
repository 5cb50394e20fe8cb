"""The port of a container engine: what the features may ask, in the product's own nouns.

Every method may raise the faults `engine-unavailable` (nothing answers) and `engine-refused`.
"""

from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Callable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from eulermaker.kernel.faults import Entry, Kind, documented

ENGINE_UNAVAILABLE = Entry(
    "engine-unavailable",
    Kind.UNAVAILABLE,
    zh="容器引擎没有响应，请确认 Docker 正在运行后重试",
    en="The container engine does not answer; check that Docker runs, then try again",
    answers={"000": documented(500, "DOCKER_ERROR")},
    retryable=True,
    retry_after=2,
)
ENGINE_REFUSED = Entry(
    "engine-refused",
    Kind.INTERNAL,
    zh="容器引擎拒绝了操作，请查看服务日志了解原因",
    en="The container engine refused the operation; the server's log tells why",
    answers={"000": documented(500, "DOCKER_ERROR")},
)
ENGINE_INCOMPATIBLE = Entry(
    "engine-incompatible",
    Kind.UNAVAILABLE,
    zh="容器引擎的 API 版本 {minimum}–{maximum} 不受支持，请升级",
    en="The container engine speaks API {minimum}–{maximum}, which is not supported; upgrade it",
    answers={"000": documented(500, "DOCKER_ERROR")},
)

ENTRIES = (ENGINE_UNAVAILABLE, ENGINE_REFUSED, ENGINE_INCOMPATIBLE)


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """Which engine answers: its version, the negotiated API version and its builder."""

    version: str
    api_version: str
    platform: str
    buildkit: bool


@dataclass(frozen=True, slots=True)
class Image:
    """An image on the engine; `size` in bytes."""

    id: str
    tags: tuple[str, ...]
    size: int
    layers: int
    labels: Mapping[str, str]
    working_dir: str
    environment: tuple[str, ...]
    user: str = ""


@dataclass(frozen=True, slots=True)
class ImageBuild:
    """What to build; `reference` names the build when it is cancelled.

    `patient` asks for a builder that lets a step wait until its output was read. `session` names where
    the context is served, if it is.
    """

    reference: str
    dockerfile: str
    tags: tuple[str, ...]
    build_args: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    target: str | None = None
    use_cache: bool = True
    cache_from: tuple[str, ...] = ()
    patient: bool = False
    session: str | None = None


@dataclass(frozen=True, slots=True)
class ContextEntry:
    """A file or a directory of a build's context; `mode` holds its permissions."""

    path: str
    mode: int
    size: int = 0
    directory: bool = False


class ServedContext(Protocol):
    """A context that is handed over file by file, with a Dockerfile that is none of its files."""

    @property
    def entries(self) -> Sequence[ContextEntry]:
        """Files and directories, each directory told itself."""
        ...

    @property
    def dockerfile_entry(self) -> ContextEntry:
        """The Dockerfile."""
        ...

    @property
    def dockerfile_content(self) -> bytes:
        """What the Dockerfile says."""
        ...

    def read(self, entry: ContextEntry) -> Iterator[bytes]:
        """The content of one of the entries, in pieces."""
        ...


@dataclass(frozen=True, slots=True)
class StepStarted:
    """A step of the Dockerfile begins; `number` of `total` within its stage."""

    key: str
    number: int
    total: int
    stage: str | None
    instruction: str
    at: datetime


@dataclass(frozen=True, slots=True)
class StepOutput:
    """Bytes that a step printed, cut anywhere."""

    key: str
    data: bytes
    at: datetime


@dataclass(frozen=True, slots=True)
class StepFinished:
    """A step ended well; `seconds` it took."""

    key: str
    cached: bool
    seconds: float
    at: datetime


class Work(StrEnum):
    """What the engine does beside the steps."""

    METADATA = "metadata"
    CONTEXT = "context"
    EXPORT = "export"


@dataclass(frozen=True, slots=True)
class WorkFinished:
    """The engine has done something that is no step; `seconds` it took."""

    work: Work
    seconds: float


@dataclass(frozen=True, slots=True)
class ImageReady:
    """The build succeeded and left this image."""

    image: str


BuildEvent = StepStarted | StepOutput | StepFinished | WorkFinished | ImageReady


class BuildFault(StrEnum):
    """Why the engine ended a build without an image."""

    STEP = "step"
    BASE_IMAGE = "base_image"
    DOCKERFILE = "dockerfile"
    BUILDER = "builder"
    OUTPUT = "output"
    SOURCE = "source"


class BuildFailed(Exception):
    """The build ended without an image: the engine's own words, and whose fault it was.

    STEP: a step of the user's failed (`step` is its key, `exit_code` where it ran a command);
    BASE_IMAGE: `image` could not be had; DOCKERFILE: the definition was refused; BUILDER: the
    builder itself broke, and the same build may succeed later; OUTPUT: it printed faster than the
    builder can tell, and can be built again with `patient`; SOURCE: what a step takes from elsewhere
    (`source` is its address) could not be had.
    """

    def __init__(
        self,
        fault: BuildFault,
        message: str,
        *,
        step: str | None = None,
        exit_code: int | None = None,
        image: str | None = None,
        source: str | None = None,
    ) -> None:
        super().__init__(message)
        self.fault = fault
        self.step = step
        self.exit_code = exit_code
        self.image = image
        self.source = source


class Files(Protocol):
    """The files of an image, without running anything in it."""

    def archive(self, path: str) -> AbstractAsyncContextManager[AsyncIterator[bytes] | None]:
        """A tar stream of a file or a directory; None when the path does not exist.

        A path that ends in `/.` is followed when it is a link, and does not exist when it is a file.
        """
        ...

    def everything(self) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """A tar stream of the whole file system."""
        ...


class Engine(Protocol):
    """A container engine."""

    async def info(self) -> EngineInfo:
        """Which engine answers."""
        ...

    async def ping(self) -> None:
        """Return when the engine answers."""
        ...

    def serving(self, context: ServedContext) -> AbstractAsyncContextManager[str]:
        """Serve a context to one build (BuildKit); tells the name of the session for that."""
        ...

    def build(
        self, build: ImageBuild, context: AsyncIterable[bytes] | None
    ) -> AsyncGenerator[BuildEvent, None]:
        """Build an image from a tar stream, or with None from what the build's session serves.

        Ends after ImageReady; raises BuildFailed when the engine says no, and the fault
        `engine-unavailable` when the engine is lost on the way. Closing the generator lets go of
        the engine; `cancel_build` makes sure that its work stops.
        """
        ...

    async def cancel_build(self, reference: str) -> None:
        """Stop the engine's work on a build; nothing happens when there is none."""
        ...

    async def image(self, reference: str) -> Image | None:
        """The image with that id or tag; None when there is none."""
        ...

    async def images_tagged(self, repository: str) -> Mapping[str, str]:
        """Image ids by tag (`repository:tag`) of one repository."""
        ...

    async def add_tag(self, image: str, *, tag: str) -> None:
        """Give the image one more tag, which moves here if another image had it."""
        ...

    async def remove_tag(self, tag: str) -> None:
        """Remove the tag, and the image with its last one; nothing happens when there is none."""
        ...

    def files_of(self, image: str, *, labels: Mapping[str, str]) -> AbstractAsyncContextManager[Files]:
        """Look into an image through a container that is never started and always removed."""
        ...

    async def remove_containers(
        self, *, labels: Mapping[str, str], spare: Callable[[Mapping[str, str]], bool] = ...
    ) -> int:
        """Remove the containers that carry all of the labels; tells how many there were.

        Those whose labels `spare` says yes to stay: none, unless it is given.
        """
        ...

    async def close(self) -> None:
        """Let go of every connection."""
        ...
