"""Image references: what Docker takes and refuses, and which of them name the same."""

import pytest

from eulermaker.formats.image_reference import ImageReference, names_image


@pytest.mark.parametrize(
    ("text", "whole", "registry"),
    [
        ("busybox", "busybox:latest", "docker.io"),
        ("busybox:1.36", "busybox:1.36", "docker.io"),
        ("docker.io/busybox", "busybox:latest", "docker.io"),
        ("docker.io/library/busybox", "busybox:latest", "docker.io"),
        ("index.docker.io/library/busybox", "busybox:latest", "docker.io"),
        ("library/busybox", "busybox:latest", "docker.io"),
        ("docker.io/eulermaker/rpm-builder", "eulermaker/rpm-builder:latest", "docker.io"),
        ("library/a/b", "library/a/b:latest", "docker.io"),
        ("localhost/a", "localhost/a:latest", "localhost"),
        ("localhost:5000/a/b:c", "localhost:5000/a/b:c", "localhost:5000"),
        ("Registry.example.org/a", "Registry.example.org/a:latest", "Registry.example.org"),
        (f"a/b:c@sha256:{'0' * 64}", f"a/b@sha256:{'0' * 64}", "docker.io"),
        ("a__b/c--d.e", "a__b/c--d.e:latest", "docker.io"),
    ],
)
def test_reference_is_told_in_full(text: str, whole: str, registry: str) -> None:
    reference = ImageReference.parse(text)
    assert reference is not None
    assert (str(reference), reference.registry) == (whole, registry)


@pytest.mark.parametrize(
    "text",
    [
        "", "A", "a/B", "a:", ":a", "a b", "a//b", "/a", "a/", "../a", "a/../b", "a:b:c", "-a", "a-", "a:.b",
        "a@sha256:0", "a@md5:" + "0" * 64, "sha256:" + "0" * 64, "0" * 64, "a\n", "a\x00", "ä", "a" * 300,
        "a:" + "b" * 129, "a..b", "a___b",
    ],
)  # fmt: skip
def test_what_docker_refuses_is_no_reference(text: str) -> None:
    assert ImageReference.parse(text) is None


@pytest.mark.parametrize("text", ["sha256:" + "0" * 64, "0" * 64, "0123456789ab", "sha256:0123", "busybox"])
def test_ids_name_images_too(text: str) -> None:
    assert names_image(text)


@pytest.mark.parametrize("text", ["", "sha256:", "sha256:xyz", "sha256:" + "0" * 65, "../containers/json"])
def test_what_names_no_image(text: str) -> None:
    assert not names_image(text)
