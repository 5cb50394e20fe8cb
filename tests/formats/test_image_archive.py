"""Archives of `docker save`, in both layouts, and those that hold no image."""

import io
import json
import os
import tarfile
from collections.abc import Mapping
from typing import Any

import pytest

from eulermaker.formats.image_archive import (
    MIN_COMPARED,
    File,
    ImageArchiveError,
    TooManyFilesError,
    read_image_archive,
)

LOW = {"etc/": None, "etc/name": b"low", "big": b"x" * MIN_COMPARED, "etc/same": b"same"}
HIGH = {"etc/.wh.name": b"", "var/.wh..wh..opq": b"", "copy": b"x" * MIN_COMPARED}
STEPS = [
    {"created_by": "ADD low"},
    {"created_by": "ENV nothing", "empty_layer": True},
    {"created_by": "RUN high"},
]


def tar(members: Mapping[str, bytes | None], links: Mapping[str, str] | None = None) -> bytes:
    """A tar; None makes a folder."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name.rstrip("/"))
            info.type = tarfile.DIRTYPE if content is None else tarfile.REGTYPE
            info.size = len(content or b"")
            archive.addfile(info, io.BytesIO(content or b""))
        for name, target in (links or {}).items():
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, target
            archive.addfile(link)
    return buffer.getvalue()


def saved(layers: Mapping[str, bytes], order: list[str], **links: str) -> bytes:
    """An archive of `docker save`, its manifest last."""
    config = {
        "rootfs": {"diff_ids": [f"sha256:{number}" for number, _ in enumerate(order)]},
        "history": STEPS,
    }
    manifest: list[dict[str, Any]] = [{"Config": "config.json", "Layers": order}]
    documents = {"config.json": json.dumps(config).encode(), "manifest.json": json.dumps(manifest).encode()}
    return tar({**layers, **documents}, links)


def test_layers_come_in_the_order_of_the_manifest() -> None:
    archive = saved({"b/layer.tar": tar(HIGH), "a/layer.tar": tar(LOW)}, ["a/layer.tar", "b/layer.tar"])
    low, high = read_image_archive(io.BytesIO(archive), max_files=100)
    assert (low.digest, low.created_by) == ("sha256:0", "ADD low")
    assert (high.digest, high.created_by) == ("sha256:1", "RUN high")
    assert low.files["etc/name"] == File(3)
    assert set(low.files) == {"etc/name", "big", "etc/same"}
    assert low.files["big"].digest is not None
    assert low.files["big"] == high.files["copy"]
    assert high.removed == {"etc/name"}
    assert high.emptied == {"var"}


def test_an_oci_layout_holds_the_same() -> None:
    blobs = {"blobs/sha256/a": tar(LOW), "blobs/sha256/b": tar(HIGH)}
    marks = {"oci-layout": b'{"imageLayoutVersion": "1.0.0"}', "VERSION": b"1.0"}
    archive = saved({**marks, **blobs}, list(blobs))
    low, high = read_image_archive(io.BytesIO(archive), max_files=100)
    assert set(low.files) == {"etc/name", "big", "etc/same"}
    assert high.removed == {"etc/name"}


def test_a_layer_that_is_there_twice_is_a_link_to_itself() -> None:
    archive = saved(
        {"a/layer.tar": tar(LOW)}, ["a/layer.tar", "b/layer.tar"], **{"b/layer.tar": "../a/layer.tar"}
    )
    low, again = read_image_archive(io.BytesIO(archive), max_files=100)
    assert low.files == again.files


def test_what_is_no_file_takes_no_room_but_its_place() -> None:
    archive = saved({"a/layer.tar": tar({}, {"bin": "usr/bin"}), "b/layer.tar": tar({})}, ["a/layer.tar"])
    [layer] = read_image_archive(io.BytesIO(archive), max_files=100)
    assert layer.files == {"bin": File(0)}


def test_more_files_than_wanted_are_refused() -> None:
    archive = saved({"a/layer.tar": tar(LOW)}, ["a/layer.tar"])
    with pytest.raises(TooManyFilesError):
        read_image_archive(io.BytesIO(archive), max_files=3)


@pytest.mark.parametrize(
    "archive",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(os.urandom(4096), id="noise"),
        pytest.param(tar({"hello": b"world"}), id="no manifest"),
        pytest.param(tar({"manifest.json": b"{"}), id="no JSON"),
        pytest.param(tar({"manifest.json": b"[]"}), id="no image"),
        pytest.param(saved({}, ["a/layer.tar"]), id="a layer is missing"),
        pytest.param(saved({"a/layer.tar": os.urandom(2048)}, ["a/layer.tar"]), id="a layer is no tar"),
        pytest.param(saved({"a/layer.tar": tar(LOW)}, ["a/layer.tar"])[:4096], id="cut off"),
    ],
)
def test_what_is_no_image_is_refused(archive: bytes) -> None:
    with pytest.raises(ImageArchiveError):
        read_image_archive(io.BytesIO(archive), max_files=100)
