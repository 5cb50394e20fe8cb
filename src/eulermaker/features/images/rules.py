"""Decisions about images: pure, without engine or clock."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from eulermaker.engines.images import ImageUse, ListedImage
from eulermaker.formats.image_reference import ImageReference

RESERVED = ("eulermaker/", "eulermaker-build-")


@dataclass(frozen=True, slots=True)
class Filter:
    """Which images are wanted: a part of a name, with or without names, labels (`key` or `key=value`)."""

    name: str | None = None
    dangling: bool | None = None
    labels: tuple[str, ...] = ()

    def wants(self, image: ListedImage) -> bool:
        """Whether the image is among them."""
        if self.dangling is not None and self.dangling == bool(image.tags):
            return False
        if self.name is not None and not any(self.name in tag for tag in image.tags):
            return False
        return all(_labelled(image.labels, label) for label in self.labels)


def _labelled(labels: Mapping[str, str], wanted: str) -> bool:
    key, equals, value = wanted.partition("=")
    return key in labels and (not equals or labels[key] == value)


def reserved(reference: ImageReference) -> bool:
    """Whether the name is one that the product keeps for its own images."""
    return reference.name.startswith(RESERVED)


def prunable(images: Iterable[ImageUse], *, unused: bool, labels: Sequence[str] = ()) -> Sequence[ImageUse]:
    """The images that a prune removes: those without a name and a container.

    With `unused` those with names as well, but never the product's own; with `labels` (`key` or
    `key=value`) those alone that have all of them.
    """
    return [
        image
        for image in images
        if image.containers == 0
        and (not image.tags or (unused and not _is_ours(image.tags)))
        and all(_labelled(image.labels, label) for label in labels)
    ]


def _is_ours(tags: Iterable[str]) -> bool:
    references = (ImageReference.parse(tag) for tag in tags)
    return any(reference is not None and reserved(reference) for reference in references)
