"""What an image consists of, and the bytes that it carries for nothing: pure decisions on its layers."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from heapq import nlargest

from eulermaker.formats.image_archive import File, Layer

LARGEST = 50
MOST_WASTE = 100


class WasteKind(StrEnum):
    """Why bytes are carried for nothing."""

    #: A later layer has another file at the same path.
    REPLACED = "replaced"
    #: A later layer deletes the file, which stays in the layer below.
    REMOVED = "removed"
    #: What a package manager has fetched, or can fetch again.
    PACKAGE_CACHE = "package-cache"
    #: What lies in a folder for temporary files.
    TEMPORARY = "temporary"
    #: What was logged while the image was made.
    LOG = "log"
    #: The same contents lie at another path, too.
    DUPLICATE = "duplicate"


#: Folders whose files no container needs, without a leading slash.
FOLDERS: tuple[tuple[str, WasteKind], ...] = (
    ("var/cache/apt/", WasteKind.PACKAGE_CACHE),
    ("var/lib/apt/lists/", WasteKind.PACKAGE_CACHE),
    ("var/cache/dnf/", WasteKind.PACKAGE_CACHE),
    ("var/cache/yum/", WasteKind.PACKAGE_CACHE),
    ("var/cache/libdnf5/", WasteKind.PACKAGE_CACHE),
    ("var/cache/apk/", WasteKind.PACKAGE_CACHE),
    ("root/.cache/", WasteKind.PACKAGE_CACHE),
    ("root/.npm/", WasteKind.PACKAGE_CACHE),
    ("tmp/", WasteKind.TEMPORARY),
    ("var/tmp/", WasteKind.TEMPORARY),
    ("var/log/", WasteKind.LOG),
)


@dataclass(frozen=True, slots=True)
class Waste:
    """Bytes for nothing: the file, the layer that carries it, and what makes it needless.

    `other` is the layer that replaces or removes the file, or the path of its duplicate.
    """

    kind: WasteKind
    path: str
    bytes: int
    layer: int
    other: int | str | None = None


@dataclass(frozen=True, slots=True)
class LayerSize:
    """One layer: the bytes of its files, how many it adds, replaces and removes, and its needless bytes."""

    digest: str
    created_by: str
    size: int
    added: int
    replaced: int
    removed: int
    wasted: int


@dataclass(frozen=True, slots=True)
class PlacedFile:
    """A file that the image shows, and the layer that carries it."""

    path: str
    bytes: int
    layer: int


@dataclass(frozen=True, slots=True)
class Anatomy:
    """An image taken apart; bytes are those of files, without the overhead of archives."""

    size: int
    wasted: int
    layers: Sequence[LayerSize]
    #: The largest files that the image shows.
    largest: Sequence[PlacedFile]
    #: The needless files that cost most.
    waste: Sequence[Waste]
    by_kind: dict[WasteKind, int]


def dissect(layers: Sequence[Layer]) -> Anatomy:
    """Lay the layers on each other and tell what each is good for; no byte counts as waste twice."""
    pile = _Pile()
    changes = [pile.lay(layer) for layer in layers]
    waste = [*pile.waste, *_needless(pile.shown)]
    wasted: dict[int, int] = defaultdict(int)
    by_kind: dict[WasteKind, int] = defaultdict(int)
    for each in waste:
        wasted[each.layer] += each.bytes
        by_kind[each.kind] += each.bytes
    return Anatomy(
        size=sum(_size(layer) for layer in layers),
        wasted=sum(wasted.values()),
        layers=[
            LayerSize(layer.digest, layer.created_by, _size(layer), *change, wasted[index])
            for index, (layer, change) in enumerate(zip(layers, changes, strict=True))
        ],
        largest=nlargest(
            LARGEST,
            (PlacedFile(path, file.size, layer) for path, (file, layer) in pile.shown.items() if file.size),
            key=lambda placed: placed.bytes,
        ),
        waste=nlargest(MOST_WASTE, waste, key=lambda each: each.bytes),
        by_kind=dict(by_kind),
    )


class _Pile:
    """The file system as it looks on top of the layers laid so far."""

    def __init__(self) -> None:
        self.shown: dict[str, tuple[File, int]] = {}
        self.waste: list[Waste] = []
        self._height = 0

    def lay(self, layer: Layer) -> tuple[int, int, int]:
        """Put one more layer on top; tells how many files it adds, replaces and removes."""
        removed = self._remove(layer)
        replaced = 0
        for path, file in layer.files.items():
            replaced += self._lose(path, WasteKind.REPLACED)
            self.shown[path] = (file, self._height)
        self._height += 1
        return len(layer.files) - replaced, replaced, removed

    def _remove(self, layer: Layer) -> int:
        if not layer.removed and not layer.emptied:
            return 0
        gone = [
            path
            for path in self.shown
            if path in layer.removed or any(p in layer.removed or p in layer.emptied for p in _folders(path))
        ]
        return sum(self._lose(path, WasteKind.REMOVED) for path in gone)

    def _lose(self, path: str, kind: WasteKind) -> bool:
        lost = self.shown.pop(path, None)
        if lost is None:
            return False
        file, layer = lost
        if file.size:
            self.waste.append(Waste(kind, path, file.size, layer, self._height))
        return True


def _needless(shown: dict[str, tuple[File, int]]) -> Iterator[Waste]:
    first: dict[tuple[int, bytes], str] = {}
    for path, (file, layer) in sorted(shown.items()):
        kind = next((kind for folder, kind in FOLDERS if path.startswith(folder)), None)
        if kind is not None:
            if file.size:
                yield Waste(kind, path, file.size, layer)
        elif file.digest is not None:
            known = first.setdefault((file.size, file.digest), path)
            if known != path:
                yield Waste(WasteKind.DUPLICATE, path, file.size, layer, known)


def _folders(path: str) -> Iterator[str]:
    """The folders that a path lies in, nearest first, the root as `.`."""
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path
    yield "."


def _size(layer: Layer) -> int:
    return sum(file.size for file in layer.files.values())
