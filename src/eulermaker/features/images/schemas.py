"""Public shapes of the images."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from eulermaker.features.images.anatomy import WasteKind
from eulermaker.features.images.pulls import PullState
from eulermaker.formats.image_reference import ImageReference
from eulermaker.kernel.clock import Time
from eulermaker.kernel.ownership import ShownLabels
from eulermaker.kernel.validation import refusal

#: A name, a tag and a digest at their longest.
MAX_REFERENCE = 512
ReferenceText = Annotated[str, Field(min_length=1, max_length=MAX_REFERENCE)]


def _checked(text: str) -> str:
    if ImageReference.parse(text) is None:
        raise refusal(
            zh="不是有效的镜像名称，应为 [仓库地址/]名称[:标签]",
            en="This is no image name: it is [registry/]name[:tag], in lower case",
        )
    return text


class NewPull(BaseModel):
    """An image to pull, `latest` where no tag is given."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    image: ReferenceText

    @field_validator("image")
    @classmethod
    def _is_reference(cls, value: str) -> str:
        return _checked(value)


class NewTag(BaseModel):
    """One more name for an image."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tag: ReferenceText

    @field_validator("tag")
    @classmethod
    def _is_name(cls, value: str) -> str:
        if "@" in value:
            raise refusal(zh="名称不能带摘要", en="A name to give has no digest")
        return _checked(value)


class Summary(BaseModel):
    """An image in a list; `size` in bytes, shared layers included."""

    id: str
    tags: list[str]
    digests: list[str]
    size: int
    created_at: Time
    labels: ShownLabels


class ImageList(BaseModel):
    """One page of images."""

    images: list[Summary]
    total: int
    limit: int
    offset: int


class HistoryStep(BaseModel):
    """One step of how an image was made, and the bytes that it added."""

    id: str | None
    created_at: Time
    created_by: str
    size: int
    comment: str
    tags: list[str]


class History(BaseModel):
    """How an image was made, newest step first."""

    history: list[HistoryStep]


class RootFS(BaseModel):
    """The layers of an image's file system, lowest first, by the digests of their contents."""

    type: str = "layers"
    layers: list[str]


class Detail(Summary):
    """Everything about one image."""

    architecture: str
    os: str
    author: str
    comment: str
    command: list[str]
    entrypoint: list[str]
    environment: dict[str, str]
    working_dir: str
    user: str
    exposed_ports: list[str]
    volumes: list[str]
    rootfs: RootFS
    history: list[HistoryStep]


class PulledLayer(BaseModel):
    """How far a layer's download is, in bytes; `total` is 0 until it is known."""

    id: str
    status: str
    current: int
    total: int


class PullError(BaseModel):
    """Why a pull failed."""

    code: str
    message: str


class PullInfo(BaseModel):
    """A pull and how far it is: `current` of `total` bytes, as far as those are known."""

    id: str
    image: str
    status: PullState
    message: str
    current: int
    total: int
    layers: list[PulledLayer]
    created_at: Time
    finished_at: Time | None
    image_id: str | None
    error: PullError | None


class PullList(BaseModel):
    """The pulls that run and those that ended lately, newest first."""

    pulls: list[PullInfo]


class Removed(BaseModel):
    """Names and images that are gone."""

    untagged: list[str]
    deleted: list[str]


class Pruned(BaseModel):
    """What a prune removed, or would remove; `bytes` are those that no other image shares."""

    dry_run: bool
    images: list[str]
    count: int
    bytes: int


class Tagged(BaseModel):
    """A name that was given."""

    id: str
    tag: str


class ImportedImage(BaseModel):
    """An image that was imported."""

    id: str
    tags: list[str]


class Imported(BaseModel):
    """The images of an archive."""

    images: list[ImportedImage]


class AnalyzedLayer(BaseModel):
    """One layer, lowest first: bytes of its files, and how many it adds, replaces and removes."""

    digest: str
    created_by: str
    size: int
    added: int
    replaced: int
    removed: int
    wasted: int


class AnalyzedFile(BaseModel):
    """A file that the image shows; `layer` counts from 0, the lowest."""

    path: str
    bytes: int
    layer: int


class WastedFile(AnalyzedFile):
    """A file that the image carries for nothing.

    `other` is the layer that replaces or removes it, or the path of a file with the same contents.
    """

    kind: WasteKind
    other: int | str | None


class Advice(BaseModel):
    """What to do about one kind of waste, and the bytes that it spares."""

    kind: WasteKind
    bytes: int
    message: str


class Analysis(BaseModel):
    """An image taken apart; bytes are those of files, before compression.

    `efficiency` is the share of bytes that are of use. The largest files and the most wasteful ones
    are listed; `advice` counts all.
    """

    id: str
    tags: list[str]
    size: int
    wasted: int
    efficiency: float
    layers: list[AnalyzedLayer]
    largest: list[AnalyzedFile]
    waste: list[WastedFile]
    advice: list[Advice]
