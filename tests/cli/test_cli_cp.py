"""What `cp` writes of an archive that a container sent: all of it below the target, or nothing more."""

import io
import tarfile
from pathlib import Path

import pytest

from eulermaker.cli.cp import unpack
from eulermaker.cli.exits import Complaint

Member = tuple[str, bytes, str, int]


def archive(*members: Member) -> tarfile.TarFile:
    """A stream of members: name, type, content or link, mode."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as made:
        for name, kind, content, mode in members:
            info = tarfile.TarInfo(name)
            info.type, info.mode = kind, mode
            data = content.encode() if kind == tarfile.REGTYPE else b""
            info.linkname = "" if data else content
            info.size = len(data)
            made.addfile(info, io.BytesIO(data))
    buffer.seek(0)
    return tarfile.open(fileobj=buffer, mode="r|*")


def folder(name: str) -> Member:
    return name, tarfile.DIRTYPE, "", 0o755


def test_a_folder_arrives_with_its_links_and_programs(tmp_path: Path) -> None:
    members = (
        folder("etc"),
        ("etc/run", tarfile.REGTYPE, "#!/bin/sh", 0o4777),
        ("etc/link", tarfile.SYMTYPE, "/usr/bin/env", 0o777),
        ("etc/again", tarfile.LNKTYPE, "etc/run", 0o755),
        ("etc/pipe", tarfile.FIFOTYPE, "", 0o644),
    )
    with archive(*members) as sent:
        unpack(sent, tmp_path)
    assert (tmp_path / "etc/run").stat().st_mode & 0o7777 == 0o755
    assert (tmp_path / "etc/link").readlink() == Path("/usr/bin/env")
    assert (tmp_path / "etc/again").read_text() == "#!/bin/sh"
    assert not (tmp_path / "etc/pipe").exists()


def test_a_target_that_is_not_there_is_the_new_name(tmp_path: Path) -> None:
    with archive(folder("etc"), ("etc/a", tarfile.REGTYPE, "a", 0o644)) as sent:
        unpack(sent, tmp_path / "copy")
    assert (tmp_path / "copy/a").read_text() == "a"


@pytest.mark.parametrize(
    "members",
    [
        pytest.param([("../evil", tarfile.REGTYPE, "x", 0o644)], id="above"),
        pytest.param(
            [("out", tarfile.SYMTYPE, "..", 0o777), ("out/evil", tarfile.REGTYPE, "x", 0o644)],
            id="through a link",
        ),
        pytest.param(
            [("evil", tarfile.SYMTYPE, "../evil", 0o777), ("evil", tarfile.REGTYPE, "x", 0o644)],
            id="onto a link",
        ),
        pytest.param([("evil", tarfile.LNKTYPE, "../secret", 0o644)], id="another name for a file outside"),
        pytest.param([("out/../../evil", tarfile.SYMTYPE, "x", 0o777)], id="a link above"),
    ],
)
def test_nothing_is_written_outside(tmp_path: Path, members: list[Member]) -> None:
    target = tmp_path / "target"
    target.mkdir()
    (tmp_path / "secret").write_text("secret")
    with archive(*members) as sent, pytest.raises(Complaint, match="target"):
        unpack(sent, target)
    assert not (tmp_path / "evil").exists()
    assert (tmp_path / "secret").read_text() == "secret"


def test_a_leading_slash_means_the_target(tmp_path: Path) -> None:
    with archive(("/a", tarfile.REGTYPE, "a", 0o644)) as sent:
        unpack(sent, tmp_path)
    assert (tmp_path / "a").read_text() == "a"
