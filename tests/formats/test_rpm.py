"""Against packages that the real rpmbuild makes and the real rpm reads."""

import io
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eulermaker.formats.rpm import RpmError, RpmHeader, RpmReason, read_rpm

SPECS = {
    "tiny": """
        Name: tiny
        Epoch: 3
        Version: 1.2~rc1
        Release: 1.el9
        Summary: A tiny package — with a dash
        License: MIT AND BSD
        BuildRequires: bash >= 4
        Requires: bash >= 4, (coreutils or busybox), plain
        Requires: libx.so.6(X_2.34)(64bit)
        Conflicts: huge < 2
        Provides: shiny = 2
        %description
        Tiny.
        %package sub
        Summary: A part
        BuildArch: noarch
        Requires: tiny = 3:%{version}-%{release}
        %description sub
        Part.
        %install
        mkdir -p %{buildroot}/opt
        printf 0123456789 > %{buildroot}/opt/ten-bytes
        %files
        /opt/ten-bytes
        %files sub
        """,
    "plain": """
        Name: plain
        Version: 7
        Release: 1
        Summary: No epoch, no requirement
        License: Public Domain
        BuildArch: noarch
        %description
        Plain.
        %files
        """,
}


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    top = tmp_path_factory.mktemp("rpmbuild")
    for name, text in SPECS.items():
        spec = top / f"{name}.spec"
        spec.write_text(dedent(text).lstrip())
        command = ["rpmbuild", "-ba", "--nodeps", "--define", f"_topdir {top}", str(spec)]
        subprocess.run(command, check=True, capture_output=True)
    return {file.name.rsplit(".", 2)[0] + "." + file.suffixes[-2][1:]: file for file in top.rglob("*.rpm")}


def queried(file: Path, form: str) -> str:
    command = ["rpm", "-qp", "--nosignature", "--qf", form, str(file)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def read(file: Path) -> RpmHeader:
    with file.open("rb") as stream:
        return read_rpm(stream)


def capabilities(file: Path, tag: str) -> Iterator[str]:
    known = queried(file, f"[%{{{tag}}}\n]").splitlines()
    return (capability for capability in known if not capability.startswith("rpmlib("))


def test_rpmbuild_made_every_package(packages: dict[str, Path]) -> None:
    assert len(packages) == 5


def test_headers_read_as_rpm_reads_them(packages: dict[str, Path]) -> None:
    form = "%{NAME}|%{EPOCH}|%{VERSION}|%{RELEASE}|%{LONGSIZE}|%{SUMMARY}|%{LICENSE}|%{SOURCERPM}"
    for file in packages.values():
        header = read(file)
        name, epoch, version, release, size, summary, license_, source_rpm = queried(file, form).split("|")
        assert (header.name, header.version, header.release) == (name, version, release)
        assert header.epoch == (None if epoch == "(none)" else int(epoch))
        assert (header.size, header.summary, header.license) == (int(size), summary, license_)
        assert header.source is (source_rpm == "(none)")
        assert header.requires == tuple(dict.fromkeys(capabilities(file, "REQUIRENEVRS")))
        assert header.provides == tuple(dict.fromkeys(capabilities(file, "PROVIDENEVRS")))
        if not header.source:
            assert header.nevra == queried(file, "%{NEVRA}")


def test_what_a_package_asks_for(packages: dict[str, Path]) -> None:
    by_name = {(header.name, header.source): header for header in map(read, packages.values())}
    tiny, source, sub = by_name["tiny", False], by_name["tiny", True], by_name["tiny-sub", False]
    assert tiny.size == 10
    assert set(tiny.requires) == {
        "bash >= 4",
        "(coreutils or busybox)",
        "plain",
        "libx.so.6(X_2.34)(64bit)",
    }
    assert "shiny = 2" in tiny.provides
    assert "tiny = 3:1.2~rc1-1.el9" in tiny.provides
    assert (source.arch, source.nevra) == ("src", "tiny-3:1.2~rc1-1.el9.src")
    assert source.requires == ("bash >= 4",)
    assert (sub.arch, sub.nevra) == ("noarch", "tiny-sub-3:1.2~rc1-1.el9.noarch")
    assert by_name["plain", False].nevra == "plain-7-1.noarch"


def test_a_stream_is_read_from_its_start(packages: dict[str, Path]) -> None:
    stream = io.BytesIO(next(iter(packages.values())).read_bytes())
    stream.seek(17)
    assert read_rpm(stream) == read(next(iter(packages.values())))


def test_every_truncation_is_told(packages: dict[str, Path]) -> None:
    data = packages["plain-7-1.noarch"].read_bytes()
    header_end = data.index(b"\x8e\xad\xe8\x01", data.index(b"\x8e\xad\xe8\x01") + 1)
    for size in (*range(4, 120), *range(header_end - 20, header_end + 200)):
        with pytest.raises(RpmError) as caught:
            read_rpm(io.BytesIO(data[:size]))
        assert caught.value.reason is RpmReason.TRUNCATED


LEAD = b"\xed\xab\xee\xdb" + bytes(92)
MAGIC = b"\x8e\xad\xe8\x01" + bytes(4)
EMPTY_HEADER = MAGIC + struct.pack(">II", 0, 0)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"PK\x03\x04" + bytes(200), RpmReason.NOT_AN_RPM),
        (LEAD + bytes(16), RpmReason.MALFORMED),
        (LEAD + MAGIC + struct.pack(">II", 1, 64 * 1024 * 1024 + 1), RpmReason.TOO_LARGE),
        (LEAD + MAGIC + struct.pack(">II", 0x10000, 1), RpmReason.TOO_LARGE),
        (LEAD + EMPTY_HEADER + MAGIC + struct.pack(">II", 1, 2**32 - 1), RpmReason.TOO_LARGE),
        (LEAD + EMPTY_HEADER * 2, RpmReason.MISSING_TAG),
        (
            LEAD + EMPTY_HEADER + MAGIC + struct.pack(">IIIIII", 1, 2, 1000, 6, 9, 1) + b"a\0",
            RpmReason.MALFORMED,
        ),
        (
            LEAD + EMPTY_HEADER + MAGIC + struct.pack(">IIIIII", 1, 2, 1000, 4, 0, 1) + b"a\0",
            RpmReason.MALFORMED,
        ),
    ],
)
def test_bad_files_are_refused(data: bytes, reason: RpmReason) -> None:
    with pytest.raises(RpmError) as caught:
        read_rpm(io.BytesIO(data))
    assert caught.value.reason is reason
    assert str(caught.value)


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_damaged_headers_are_read_or_refused(packages: dict[str, Path], data: st.DataObject) -> None:
    content = bytearray(packages["plain-7-1.noarch"].read_bytes()[:8192])
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        header = read_rpm(io.BytesIO(bytes(content)))
    except RpmError:
        return
    assert header.nevra


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_refused(tail: bytes) -> None:
    for data in (tail, LEAD + tail, LEAD + EMPTY_HEADER + tail):
        with pytest.raises(RpmError):
            read_rpm(io.BytesIO(data))
