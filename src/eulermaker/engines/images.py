"""The port for images: what the features may ask of them, in the product's own nouns.

Every method may raise the faults `engine-unavailable` and `engine-refused`, and those named with it.
"""

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from eulermaker.kernel.faults import Entry, Kind, documented

IMAGE_NEEDED = Entry(
    "image-needed",
    Kind.CONFLICT,
    zh="镜像 {image} 还有其他名称，或有其他镜像基于它；请先删除它们，或使用 force",
    en="The image {image} has other names, or other images are built on it; remove those first, or use force",
    answers={"000": documented(409, "RESOURCE_CONFLICT")},
)
IMAGE_NOT_IN_REGISTRY = Entry(
    "image-not-in-registry",
    Kind.NOT_FOUND,
    zh="镜像仓库中没有 {image}，或需要登录；请检查名称和标签",
    en="The registry has no image {image}, or wants a login for it; check the name and the tag",
    answers={"000": documented(404, "RESOURCE_NOT_FOUND")},
)
REGISTRY_UNREACHABLE = Entry(
    "registry-unreachable",
    Kind.NOT_FOUND,
    zh="引擎上没有镜像 {image}，且无法访问其镜像仓库；请检查名称与网络，或先导入该镜像",
    en="The engine has no image {image}, and its registry cannot be reached; "
    "check the name and the network, or import the image",
    answers={"000": documented(404, "RESOURCE_NOT_FOUND")},
    retryable=True,
    retry_after=10,
)
PULL_BROKE = Entry(
    "image-pull-broke",
    Kind.UNAVAILABLE,
    zh="镜像 {image} 的拉取中途失败：镜像仓库中断，或没有适合本机平台的版本；请重试",
    en="The pull of {image} broke off: its registry went away, or has nothing for this platform; try again",
    answers={"000": documented(500, "DOCKER_ERROR")},
    retryable=True,
    retry_after=10,
)
ARCHIVE_REFUSED = Entry(
    "image-archive-refused",
    Kind.INVALID,
    zh="无法从该归档导入镜像：请发送完整的根文件系统 tar，或以 format=load 发送 docker save 的归档",
    en="No image can be made of this archive: send a whole tar of a root file system, "
    "or an archive of `docker save` with format=load",
    answers={"000": documented(400, "INVALID_REQUEST")},
)
CHANGES_REFUSED = Entry(
    "image-changes-refused",
    Kind.INVALID,
    zh="引擎拒绝了 changes：{reason}",
    en="The engine refused the changes: {reason}",
    answers={"000": documented(400, "INVALID_REQUEST")},
)

ENTRIES = (
    IMAGE_NEEDED,
    IMAGE_NOT_IN_REGISTRY,
    REGISTRY_UNREACHABLE,
    PULL_BROKE,
    ARCHIVE_REFUSED,
    CHANGES_REFUSED,
)


@dataclass(frozen=True, slots=True)
class ListedImage:
    """An image in the engine's list; `size` in bytes, shared layers included."""

    id: str
    tags: tuple[str, ...]
    digests: tuple[str, ...]
    size: int
    created_at: datetime
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class InspectedImage:
    """An image with everything that its configuration says; `layers` are the digests of its layers."""

    id: str
    tags: tuple[str, ...]
    digests: tuple[str, ...]
    size: int
    created_at: datetime
    labels: Mapping[str, str]
    architecture: str
    os: str
    author: str
    comment: str
    layers: tuple[str, ...]
    command: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    working_dir: str = ""
    user: str = ""
    ports: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HistoryStep:
    """One step of how an image was made, and the bytes that it added; `id` where the engine has one."""

    id: str | None
    created_at: datetime
    created_by: str
    size: int
    comment: str
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ImageUse:
    """What an image takes: `containers` use it, `own_bytes` are shared with no other image."""

    id: str
    tags: tuple[str, ...]
    containers: int
    own_bytes: int
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PullStep:
    """What a pull tells: of one layer, or of the whole when `layer` is None; bytes where they are known."""

    layer: str | None
    status: str
    current: int | None = None
    total: int | None = None


class Images(Protocol):
    """The images of one engine. A reference is a name, an id or the start of an id."""

    async def list(self) -> Sequence[ListedImage]:
        """All images that are no mere parts of others."""
        ...

    async def get(self, reference: str) -> InspectedImage | None:
        """One image; None when there is none."""
        ...

    async def history(self, reference: str) -> Sequence[HistoryStep]:
        """How it was made, newest step first; raises `image-not-found`."""
        ...

    async def use(self) -> Sequence[ImageUse]:
        """What each image takes and who needs it."""
        ...

    def pull(self, reference: str) -> AsyncGenerator[PullStep, None]:
        """Pull an image; closing the generator ends the engine's work on it.

        Raises `image-not-in-registry`, `registry-unreachable` and `image-pull-broke`.
        """
        ...

    async def tag(self, reference: str, *, repository: str, tag: str) -> None:
        """Give it one more name, which moves here if it was another image's; raises `image-not-found`."""
        ...

    async def remove(self, reference: str, *, force: bool) -> tuple[Sequence[str], Sequence[str]]:
        """Remove a name, and the image with its last one; tells the names and the ids that are gone.

        Raises `image-not-found`, and `image-needed` when containers or images need it.
        """
        ...

    async def make(
        self, archive: AsyncIterable[bytes], *, repository: str, tag: str, changes: Sequence[str]
    ) -> str:
        """Make an image of a root file system's tar; tells its id.

        Raises `image-archive-refused` and `image-changes-refused`.
        """
        ...

    async def load(self, archive: AsyncIterable[bytes]) -> Sequence[str]:
        """Load an archive of `save`; tells the names or ids in it. Raises `image-archive-refused`."""
        ...

    def save(self, reference: str) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """A tar stream with the image and its layers; raises `image-not-found`."""
        ...
