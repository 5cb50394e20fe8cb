"""Public shapes of the builds."""

import base64
import binascii
import re
from datetime import datetime
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    PlainSerializer,
    Tag,
    field_validator,
    model_validator,
)

from eulermaker.features.builds.rules import State, context_path, image_tag, names_binary
from eulermaker.features.optimizer.schemas import Level, Optimization
from eulermaker.kernel.clock import rfc3339
from eulermaker.kernel.faults import FieldError
from eulermaker.kernel.validation import Text, refusal

MAX_TEXT = 4 * 1024 * 1024
MAX_FILES = 10_000
MAX_ENTRIES = 200
_ARGUMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

Time = Annotated[datetime, PlainSerializer(rfc3339, return_type=str)]
ShortText = Annotated[Text, Field(max_length=4096)]
# Docker allows 255 characters, and counts the `docker.io/library/` that it puts in front.
ImageName = Annotated[str, Field(min_length=1, max_length=237)]


def _encodable(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise refusal(zh="含有不成对的代理字符", en="Unpaired surrogates have no encoding") from error
    return text


FileText = Annotated[str, AfterValidator(_encodable)]


class FileContent(BaseModel):
    """A context file whose encoding is told rather than guessed, and whether it can be run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    content: FileText
    encoding: Literal["text", "base64"] = "text"
    executable: bool | None = None


def _form(value: Any) -> str:
    return "[text]" if isinstance(value, str) else "[object]"


# Told apart here, so that an error names the file and not each member of a union.
ContextFile = Annotated[
    Annotated[FileText, Tag("[text]")] | Annotated[FileContent, Tag("[object]")], Discriminator(_form)
]


class Definition(BaseModel):
    """What is to be built: a Dockerfile, or a spec for which the Dockerfile is written."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dockerfile_content: Annotated[Text, Field(max_length=MAX_TEXT)] | None = None
    spec_content: Annotated[Text, Field(max_length=MAX_TEXT)] | None = None
    context_files: Annotated[dict[str, ContextFile], Field(max_length=MAX_FILES)] = {}
    base_image: ImageName | None = None

    @field_validator("base_image")
    @classmethod
    def _is_base(cls, value: str | None) -> str | None:
        return None if value is None else _reference(value)

    @model_validator(mode="after")
    def _has_one_definition(self) -> Self:
        if (self.dockerfile_content is None) == (self.spec_content is None):
            raise refusal(
                zh="必须且只能提供 dockerfile_content 或 spec_content 之一",
                en="Give either dockerfile_content or spec_content, and not both",
            )
        return self

    def executable_files(self) -> dict[PurePosixPath, bool]:
        """Which of the context files are programs, as far as the request tells."""
        told = {
            context_path(name): value.executable
            for name, value in self.context_files.items()
            if isinstance(value, FileContent)
        }
        return {
            path: executable
            for path, executable in told.items()
            if path is not None and executable is not None
        }

    def decoded_files(self) -> tuple[dict[PurePosixPath, bytes], list[FieldError]]:
        """The context files by path, and what is wrong with those that cannot be taken."""
        files: dict[PurePosixPath, bytes] = {}
        errors: list[FieldError] = []
        for name, value in self.context_files.items():
            path = context_path(name)
            if path is None:
                errors.append(
                    _file_error(
                        name,
                        zh="路径必须留在构建上下文之内，并且能作为文件名",
                        en="The path must stay inside the context, and be one that a file can have",
                    )
                )
                continue
            content = _decode(path, value)
            if content is None:
                errors.append(
                    _file_error(name, zh="内容不是有效的 base64", en="The content is not valid base64")
                )
            elif path in files:
                errors.append(_file_error(name, zh="路径重复", en="The path is given twice"))
            else:
                files[path] = content
        return files, errors


class AnalysisRequest(Definition):
    """A definition to look at."""


class NewBuild(Definition):
    """A build to create."""

    name: ImageName
    build_args: Annotated[dict[Text, ShortText], Field(max_length=MAX_ENTRIES)] = {}
    labels: Annotated[dict[Text, ShortText], Field(max_length=MAX_ENTRIES)] = {}
    target: Annotated[Text, Field(min_length=1, max_length=255)] | None = None
    cache_enabled: bool = True
    cache_from: Annotated[list[ImageName], Field(max_length=20)] = []
    optimize: Level = Level.SAFE
    timeout: Annotated[int, Field(ge=1, le=86_400)] | None = None
    execute: bool = False
    publish: Annotated[Text, Field(min_length=1, max_length=64)] | None = None

    @field_validator("name")
    @classmethod
    def _is_name(cls, value: str) -> str:
        return _reference(value)

    @field_validator("cache_from")
    @classmethod
    def _are_references(cls, value: list[str]) -> list[str]:
        for reference in value:
            if image_tag(reference) is None:
                raise refusal(
                    zh=f"{reference[:80]!r} 不是有效的镜像名称", en=f"{reference[:80]!r} is no image name"
                )
        return value

    @field_validator("build_args")
    @classmethod
    def _are_arguments(cls, value: dict[str, str]) -> dict[str, str]:
        for name in value:
            if not _ARGUMENT.fullmatch(name):
                raise refusal(
                    zh=f"{name[:80]!r} 不是有效的参数名，只能用字母、数字和下划线",
                    en=f"{name[:80]!r} is no argument name: use letters, digits and underscores",
                )
        return value

    @field_validator("labels")
    @classmethod
    def _are_labels(cls, value: dict[str, str]) -> dict[str, str]:
        if any(not name.strip() or len(name) > 255 for name in value):
            raise refusal(
                zh="标签名不能为空，且不超过 255 个字符", en="A label's name has 1 to 255 characters"
            )
        return value


def _reference(value: str) -> str:
    if image_tag(value) is None:
        raise refusal(
            zh="不是有效的镜像名称：只能用小写字母、数字及分隔符 . _ - /，可带 :标签",
            en="This is no image name: use lower-case letters, digits and the separators . _ - /, "
            "with an optional :tag",
        )
    return value


def _decode(path: PurePosixPath, value: str | FileContent) -> bytes | None:
    """The bytes of a file; None when they are said to be base64 and are not."""
    if isinstance(value, FileContent):
        return _unbase64(value.content) if value.encoding == "base64" else value.content.encode()
    # A plain string is text, unless the name tells that it cannot be and the string is base64.
    decoded = _unbase64(value) if names_binary(path) else None
    return value.encode() if decoded is None else decoded


def _unbase64(text: str) -> bytes | None:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return None


def _file_error(name: str, *, zh: str, en: str) -> FieldError:
    shown = name[:200].encode("utf-8", "replace").decode()
    return FieldError(f"context_files.{shown}", zh, en, ("body", "context_files", shown))


class Created(BaseModel):
    """A build that was just created."""

    id: str
    name: str
    status: State
    created_at: Time
    started_at: Time | None = None
    queue: "Queue | None" = None
    dockerfile_path: str
    context_path: str


class Queue(BaseModel):
    """Why a build waits, and behind how many others (1 is next)."""

    position: int
    reason: Literal["slots_taken", "engine_unavailable", "retry_delay", "starting"]


class Summary(BaseModel):
    """A build in a list."""

    id: str
    name: str
    status: State
    created_at: Time
    started_at: Time | None
    finished_at: Time | None
    duration: float | None
    image_id: str | None
    image_tag: str


class BuildList(BaseModel):
    """One page of builds."""

    builds: list[Summary]
    total: int
    limit: int
    offset: int


class BuiltImage(BaseModel):
    """The image that a build made; `size` in bytes."""

    id: str
    tag: str
    size: int | None
    layers: int | None


class Rpm(BaseModel):
    """What an RPM's header says; `size` is the installed size in bytes."""

    name: str
    epoch: int | None
    version: str
    release: str
    arch: str
    source: bool
    size: int
    requires: list[str]
    provides: list[str]


class ArtifactInfo(BaseModel):
    """A file that a build made."""

    name: str
    size: int
    path: str
    sha256: str
    rpm: Rpm | None


class Steps(BaseModel):
    """How many steps a build has, how many are done, and how many of those came from the cache."""

    total: int
    done: int
    cached: int


class BuildError(BaseModel):
    """Why a build ended without success."""

    code: str
    message: str


class PublicationInfo(BaseModel):
    """A repository that a build is published in, or will be; `publishing` until readers see it."""

    repository: str
    status: Literal["waiting", "publishing", "published", "refused"]
    error: BuildError | None


class Detail(BaseModel):
    """Everything about one build; `duration` in seconds."""

    id: str
    name: str
    status: State
    created_at: Time
    queued_at: Time | None
    started_at: Time | None
    finished_at: Time | None
    duration: float | None
    dockerfile_content: str
    spec_content: str | None
    build_args: dict[str, str]
    labels: dict[str, str]
    target: str | None
    cache_enabled: bool
    cache_from: list[str]
    optimize: Level
    timeout: int
    attempts: int
    queue: Queue | None
    steps: Steps | None
    optimization: Optimization | None
    image: BuiltImage | None
    artifacts: list[ArtifactInfo]
    publications: list[PublicationInfo]
    error: BuildError | None


class Executed(BaseModel):
    """A build whose execution was asked for: running, or waiting in the queue."""

    id: str
    status: State
    started_at: Time | None
    queue: Queue | None
    log_stream_url: str


class Cancelled(BaseModel):
    """A build that was cancelled."""

    id: str
    status: State
    cancelled_at: Time | None


class Logs(BaseModel):
    """Lines of a log; go on with `since_seq=next_seq`."""

    logs: list[str]
    next_seq: int


class Artifacts(BaseModel):
    """All artifacts of a build."""

    artifacts: list[ArtifactInfo]


class Uploaded(BaseModel):
    """A context file that was stored; `size` in bytes."""

    path: str
    size: int


class LogFrame(BaseModel):
    """One line of a followed log."""

    seq: int
    type: Literal["log"]
    timestamp: str
    data: str
    kind: Literal["step", "output", "status"]
    step: int | None = None
    steps: int | None = None
    stage: str | None = None
    cached: bool | None = None
    duration: float | None = None
