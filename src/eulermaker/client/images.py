"""Images: what there is, and pulling more."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from eulermaker.client.models import Record, parse
from eulermaker.client.transport import Transport
from eulermaker.client.wire import Call, segment, segments

_POLL = 0.5  # seconds


class ImageSummary(Record):
    """An image in a list; `size` in bytes, shared layers included."""

    id: str
    tags: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()
    size: int
    created_at: datetime
    labels: Mapping[str, str] = {}


class ImagePage(Record):
    images: tuple[ImageSummary, ...]
    total: int
    limit: int
    offset: int


class HistoryStep(Record):
    """One step of how an image was made, and the bytes that it added."""

    id: str | None = None
    created_at: datetime
    created_by: str
    size: int
    comment: str = ""
    tags: tuple[str, ...] = ()


class ImageLayers(Record):
    """The layers of a file system, lowest first, by the digests of their contents."""

    layers: tuple[str, ...]


class ImageDetail(ImageSummary):
    """Everything about one image; `history` has the newest step first."""

    architecture: str
    os: str
    command: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()
    environment: Mapping[str, str] = {}
    working_dir: str = ""
    user: str = ""
    exposed_ports: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    rootfs: ImageLayers
    history: tuple[HistoryStep, ...] = ()


class PulledLayer(Record):
    """How far a layer's download is, in bytes; `total` is 0 until it is known."""

    id: str
    status: str
    current: int
    total: int


class PullFault(Record):
    """Why a pull failed."""

    code: str
    message: str


class Pull(Record):
    """A pull and how far it is; `status` is running, success, failed or cancelled."""

    id: str
    image: str
    status: str
    message: str
    current: int
    total: int
    layers: tuple[PulledLayer, ...] = ()
    image_id: str | None = None
    error: PullFault | None = None

    @property
    def finished(self) -> bool:
        return self.status != "running"


class RemovedImage(Record):
    """Names and images that are gone."""

    untagged: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()


class PrunedImages(Record):
    """What a prune removed, or would remove; `bytes` are those that no other image shares."""

    dry_run: bool
    images: tuple[str, ...]
    count: int
    bytes: int


class AnalyzedLayer(Record):
    """One layer, lowest first: bytes of its files, and how many it adds, replaces and removes."""

    digest: str
    created_by: str
    size: int
    added: int
    replaced: int
    removed: int
    wasted: int


class AnalyzedFile(Record):
    """A file that the image shows; `layer` counts from 0, the lowest."""

    path: str
    bytes: int
    layer: int


class WastedFile(AnalyzedFile):
    """A file that the image carries for nothing; `other` tells the layer or the path that makes it so."""

    kind: str
    other: int | str | None = None


class ImageAdvice(Record):
    """What to do about one kind of waste, and the bytes that it spares."""

    kind: str
    bytes: int
    message: str


class ImageAnalysis(Record):
    """An image taken apart; `efficiency` is the share of bytes that are of use."""

    id: str
    tags: tuple[str, ...] = ()
    size: int
    wasted: int
    efficiency: float
    layers: tuple[AnalyzedLayer, ...]
    largest: tuple[AnalyzedFile, ...]
    waste: tuple[WastedFile, ...]
    advice: tuple[ImageAdvice, ...]


class Images:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, *, name: str | None = None, limit: int = 20, offset: int = 0) -> ImagePage:
        """One page of images, the newest first."""
        params: dict[str, str | int] = {"limit": limit, "offset": offset}
        if name is not None:
            params["name"] = name
        return parse(ImagePage, self._transport.data(Call(method="GET", path="/images", params=params)))

    def iterate(self, *, name: str | None = None, page_size: int = 100) -> Iterator[ImageSummary]:
        """Every image, each once, page by page."""
        seen: set[str] = set()
        offset = 0
        while True:
            page = self.list(name=name, limit=page_size, offset=offset)
            for image in page.images:
                if image.id not in seen:
                    seen.add(image.id)
                    yield image
            offset += len(page.images)
            if not page.images or offset >= page.total:
                return

    def get(self, image: str) -> ImageDetail:
        """Everything about an image, which is named by its name or id."""
        return parse(ImageDetail, self._transport.data(Call(method="GET", path=_path(image))))

    def analyze(self, image: str) -> ImageAnalysis:
        """Takes an image apart: sizes by layer and file, waste, and what to do about it."""
        call = Call(method="GET", path=f"{_path(image)}/analysis")
        return parse(ImageAnalysis, self._transport.data(call))

    def remove(self, image: str, *, force: bool = False) -> RemovedImage:
        """Removes a name, and the image with its last one."""
        params = {"force": "true" if force else "false"}
        call = Call(method="DELETE", path=_path(image), params=params)
        return parse(RemovedImage, self._transport.data(call))

    def prune(self, *, unused: bool = False, dry_run: bool = False) -> PrunedImages:
        """Removes images without name and container; with `unused` those that only lack a container."""
        asked = {"all": unused, "dry_run": dry_run}
        params = {name: "true" if value else "false" for name, value in asked.items()}
        call = Call(method="POST", path="/images/prune", params=params)
        return parse(PrunedImages, self._transport.data(call))

    def pull(self, image: str) -> Pull:
        """Begins to pull an image, or joins the pull of it that runs."""
        call = Call(method="POST", path="/images/pull", json={"image": image})
        return parse(Pull, self._transport.data(call))

    def watch(self, pull_id: str) -> Iterator[Pull]:
        """How far a pull is, twice a second, until it has ended."""
        call = Call(method="GET", path=f"/images/pulls/{segment(pull_id)}")
        while True:
            pull = parse(Pull, self._transport.data(call))
            yield pull
            if pull.finished:
                return
            self._transport.retry.sleep(_POLL)

    def cancel(self, pull_id: str) -> Pull:
        """Ends a pull for everybody who waits for it."""
        call = Call(method="POST", path=f"/images/pulls/{segment(pull_id)}/cancel")
        return parse(Pull, self._transport.data(call))


def _path(image: str) -> str:
    return f"/images/{segments(image)}"
