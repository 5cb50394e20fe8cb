"""Which images a prune takes, and whose names are the product's own."""

from eulermaker.engines.images import ImageUse
from eulermaker.features.images.rules import prunable, reserved
from eulermaker.formats.image_reference import ImageReference


def test_prune_takes_what_nobody_needs() -> None:
    nameless = ImageUse("1", (), 0, 10, {})
    nameless_used = ImageUse("2", (), 1, 10, {})
    named = ImageUse("3", ("a:1", "b:2"), 0, 10, {"kind": "x"})
    named_used = ImageUse("4", ("c:1",), 2, 10, {})
    base = ImageUse("5", ("eulermaker/rpm-builder:latest",), 0, 10, {})
    built = ImageUse("6", ("mine:latest", "eulermaker-build-0a1b:build_1"), 0, 10, {})
    everything = [nameless, nameless_used, named, named_used, base, built]

    assert prunable(everything, unused=False) == [nameless]
    assert prunable(everything, unused=True) == [nameless, named]
    assert prunable(everything, unused=True, labels=["kind=x"]) == [named]
    assert prunable(everything, unused=True, labels=["kind=y"]) == []


def test_reserved_names_are_seen_through_every_spelling() -> None:
    for name in (
        "eulermaker/x",
        "docker.io/eulermaker/x",
        "library/eulermaker-build-1",
        "eulermaker-build-1:t",
    ):
        reference = ImageReference.parse(name)
        assert reference is not None
        assert reserved(reference), name
    for name in ("eulermaker", "my/eulermaker/x", "localhost:5000/eulermaker/x", "eulermaker-builder"):
        reference = ImageReference.parse(name)
        assert reference is not None
        assert not reserved(reference), name
