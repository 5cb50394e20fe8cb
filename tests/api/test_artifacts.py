"""What a build leaves behind: listed, downloaded whole and in parts, and described where it is an RPM."""

import gzip
import hashlib
import io
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.api import engine
from tests.api.answers import data_of, done, refusal_of
from tests.server import IMAGE, ServerProcess, build, finished, log_lines

BUILDS = "/api/v1/builds"
BASE = "eulermaker/rpm-builder:latest"
SIZE = 700_001
SPEC = """\
Name:           tiny
Epoch:          2
Version:        1.4
Release:        3%{?dist}
Summary:        A package of one file
License:        MIT
BuildArch:      noarch
Source0:        message.txt
Requires:       bash >= 4
Provides:       tiny-virtual = 7

%description
A package of one file.

%install
mkdir -p %{buildroot}/usr/share/tiny
cp %{SOURCE0} %{buildroot}/usr/share/tiny/message.txt

%files
/usr/share/tiny/message.txt
"""


@pytest.fixture(scope="module")
def made(shared_server: ServerProcess) -> Iterator[dict[str, Any]]:
    """A finished build with a large artifact, an empty one, and two of the same name."""
    dockerfile = (
        f"FROM {IMAGE}\n"
        "RUN mkdir -p /output/a /output/b && touch /output/empty && echo one > /output/a/same"
        f" && echo two > /output/b/same && head -c {SIZE} /dev/urandom > /output/large.bin\n"
    )
    with shared_server.signed_in() as client:
        yield finished(client, build(client, dockerfile, name="made"))


@pytest.fixture(scope="module")
def large(shared_server: ServerProcess, made: dict[str, Any]) -> bytes:
    """The content of the large artifact."""
    with shared_server.signed_in() as client:
        content = client.get(f"{BUILDS}/{made['id']}/artifacts/large.bin").content
    assert len(content) == SIZE
    return content


def test_list_is_the_details(admin: httpx.Client, made: dict[str, Any], large: bytes) -> None:
    listed = data_of(admin.get(f"{BUILDS}/{made['id']}/artifacts"))
    assert listed == {"artifacts": made["artifacts"]}
    assert [(a["name"], a["path"], a["size"]) for a in made["artifacts"]] == [
        ("b/same", "/output/b/same", 4),
        ("empty", "/output/empty", 0),
        ("large.bin", "/output/large.bin", SIZE),
        ("same", "/output/a/same", 4),
    ]
    assert made["artifacts"][2]["sha256"] == hashlib.sha256(large).hexdigest()
    assert admin.get(f"{BUILDS}/{made['id']}/artifacts/b/same").text == "two\n"
    assert admin.get(f"{BUILDS}/{made['id']}/artifacts/empty").content == b""


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-99", 0, 100),
        ("bytes=300000-600000", 300_000, 600_001),
        ("bytes=700000-", 700_000, SIZE),
        ("bytes=-5", SIZE - 5, SIZE),
        (f"bytes=-{SIZE * 2}", 0, SIZE),
        (f"bytes=699999-{10**17}", 699_999, SIZE),
    ],
)
def test_range_gives_exactly_those_bytes(
    admin: httpx.Client, made: dict[str, Any], large: bytes, wanted: str, start: int, end: int
) -> None:
    answer = _large(admin, made, Range=wanted)
    assert answer.status_code == 206
    assert answer.headers["Content-Range"] == f"bytes {start}-{end - 1}/{SIZE}"
    assert answer.headers["Content-Length"] == str(end - start)
    assert answer.content == large[start:end]


@pytest.mark.parametrize(
    "wanted", ["bytes=5-2", "bytes=-", "bytes=a-b", "lines=1-2", "bytes=0-1,5-6", f"bytes={'9' * 5000}-"]
)
def test_senseless_range_is_ignored(
    admin: httpx.Client, made: dict[str, Any], large: bytes, wanted: str
) -> None:
    answer = _large(admin, made, Range=wanted)
    assert (answer.status_code, answer.content) == (200, large)
    assert answer.headers["Accept-Ranges"] == "bytes"


@pytest.mark.parametrize("wanted", [f"bytes={SIZE}-", "bytes=-0", "bytes=999999999-"])
def test_range_outside_the_file_is_refused(admin: httpx.Client, made: dict[str, Any], wanted: str) -> None:
    error = refusal_of(_large(admin, made, Range=wanted), 400, "INVALID_REQUEST", "range-not-satisfiable")
    assert str(SIZE) in error["message"]
    empty = admin.get(f"{BUILDS}/{made['id']}/artifacts/empty", headers={"Range": "bytes=0-"})
    refusal_of(empty, 400, "INVALID_REQUEST", "range-not-satisfiable")


def test_etag_spares_a_second_download_and_guards_a_resumed_one(
    admin: httpx.Client, made: dict[str, Any], large: bytes
) -> None:
    etag = f'"{hashlib.sha256(large).hexdigest()}"'
    assert _large(admin, made).headers["ETag"] == etag
    for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        answer = _large(admin, made, **{"If-None-Match": known})
        assert (answer.status_code, answer.content, answer.headers["ETag"]) == (304, b"", etag)
    assert _large(admin, made, **{"If-None-Match": '"other"'}).status_code == 200
    resumed = _large(admin, made, **{"Range": "bytes=10-19", "If-Range": etag})
    assert (resumed.status_code, resumed.content) == (206, large[10:20])
    changed = _large(admin, made, **{"Range": "bytes=10-19", "If-Range": '"other"'})
    assert (changed.status_code, changed.content) == (200, large)


@pytest.mark.parametrize(
    "what", ["artifacts/large.bin", "artifacts/empty", "artifacts.tar.gz", "artifacts/none"]
)
def test_head_tells_what_get_would_without_the_content(
    admin: httpx.Client, made: dict[str, Any], what: str
) -> None:
    told = admin.head(f"{BUILDS}/{made['id']}/{what}")
    got = admin.get(f"{BUILDS}/{made['id']}/{what}")
    assert told.status_code == got.status_code
    assert told.content == b""
    # The archive's length is known when it is made; an error is dated and counted anew.
    for name in ("Content-Type", "Content-Disposition", "ETag", "Accept-Ranges", "X-Error-Code"):
        assert told.headers.get(name) == got.headers.get(name)
    if "ETag" in got.headers:
        assert told.headers["Content-Length"] == got.headers["Content-Length"]


def test_archive_holds_every_artifact(admin: httpx.Client, made: dict[str, Any], large: bytes) -> None:
    answer = admin.get(f"{BUILDS}/{made['id']}/artifacts.tar.gz")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/gzip"
    assert f'filename="{made["id"]}.tar.gz"' in answer.headers["Content-Disposition"]
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(answer.content))) as archive:
        found = {member.name: _content(archive, member) for member in archive}
    assert found == {"b/same": b"two\n", "empty": b"", "large.bin": large, "same": b"one\n"}


def test_archive_of_nothing_is_empty(admin: httpx.Client) -> None:
    identifier = build(admin, f"FROM {IMAGE}\n", execute=False)
    answer = admin.get(f"{BUILDS}/{identifier}/artifacts.tar.gz")
    with tarfile.open(fileobj=io.BytesIO(answer.content), mode="r:gz") as archive:
        assert archive.getnames() == []


def test_odd_names_stay_downloadable_and_out_of_the_headers(admin: httpx.Client) -> None:
    dockerfile = (
        f"FROM {IMAGE}\nRUN mkdir /output && cd /output"
        r""" && echo 1 > "$(printf 'line\r\nX-Evil: 1')" && echo 2 > "$(printf 'latin-\377')" """
        r"""&& echo 3 > '中文 "名".txt' && echo 4 > original && ln original hard && ln -s original soft"""
        "\n"
    )
    found = finished(admin, build(admin, dockerfile, name="odd"))
    assert found["status"] == "success", found["error"]
    told = {}
    for artifact in found["artifacts"]:
        answer = admin.get(f"{BUILDS}/{found['id']}/artifacts/{quote(artifact['name'], safe='')}")
        assert answer.status_code == 200
        assert "X-Evil" not in answer.headers
        assert answer.headers["Content-Disposition"].startswith('attachment; filename="')
        told[artifact["name"]] = answer.text
    assert told == {
        r"line\x0d\x0aX-Evil: 1": "1\n",
        r"latin-\xff": "2\n",
        '中文 "名".txt': "3\n",
        "original": "4\n",
        "hard": "4\n",
    }
    encoded = quote('中文 "名".txt', safe="")
    chinese = admin.get(f"{BUILDS}/{found['id']}/artifacts/{encoded}")
    assert chinese.headers["Content-Disposition"].endswith(f"filename*=UTF-8''{encoded}")


def test_deep_paths_of_one_name_stay_apart(admin: httpx.Client) -> None:
    dockerfile = (
        f"FROM {IMAGE}\nRUN d=$(printf 'd%.0s' $(seq 200)); mkdir -p /output/$d/$d/$d /output/x/$d/$d"
        " && echo 0 > /output/f && echo 1 > /output/$d/f && echo 2 > /output/$d/$d/f"
        " && echo 3 > /output/$d/$d/$d/f && echo 4 > /output/x/$d/$d/f\n"
    )
    found = finished(admin, build(admin, dockerfile, name="deep"))
    assert found["status"] == "success", found["error"]
    names = [artifact["name"] for artifact in found["artifacts"]]
    assert all(len(name) <= 512 for name in names)
    contents = {admin.get(f"{BUILDS}/{found['id']}/artifacts/{name}").text for name in names}
    assert contents == {f"{n}\n" for n in range(5)}


def test_spec_becomes_packages_described_as_rpm_does(admin: httpx.Client, tmp_path: Path) -> None:
    body = {
        "name": "tiny",
        "spec_content": SPEC,
        "context_files": {"message.txt": "hello\n"},
        "execute": True,
    }
    identifier = data_of(admin.post(BUILDS, json=body), 201, message="Build created")["id"]
    found = finished(admin, identifier)
    assert found["status"] == "success", log_lines(admin, identifier)[-20:]
    assert found["spec_content"] == SPEC
    assert found["dockerfile_content"].startswith(f"FROM {BASE}\n")
    packages = {artifact["rpm"]["arch"]: artifact for artifact in found["artifacts"]}
    assert set(packages) == {"noarch", "src"}
    assert len(found["artifacts"]) == 2
    assert [packages[arch]["rpm"]["source"] for arch in ("noarch", "src")] == [False, True]
    for artifact in packages.values():
        file = tmp_path / artifact["name"]
        file.write_bytes(admin.get(f"{BUILDS}/{identifier}/artifacts/{file.name}").content)
        assert artifact["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
        assert artifact["size"] == file.stat().st_size
        _agrees_with_rpm(artifact["rpm"], file)
    rpm = packages["noarch"]["rpm"]
    assert "bash >= 4" in rpm["requires"]
    assert {"tiny-virtual = 7", f"tiny = 2:1.4-{rpm['release']}"} <= set(rpm["provides"])


@pytest.mark.usefixtures("any_database")  # about the image; seconds of processor
def test_rpms_are_found_wherever_rpmbuild_put_them(admin: httpx.Client) -> None:
    dockerfile = (
        f"FROM {BASE}\nCOPY tiny.spec message.txt /src/\n"
        "RUN rpmbuild -ba -D '_topdir /opt/x/rpmbuild' -D '_sourcedir /src' /src/tiny.spec\n"
    )
    files = {"tiny.spec": SPEC, "message.txt": "hello\n"}
    found = finished(admin, build(admin, dockerfile, name="elsewhere", context_files=files))
    assert found["status"] == "success", log_lines(admin, found["id"])[-20:]
    assert {Path(artifact["path"]).parent.parts[:5] for artifact in found["artifacts"]} == {
        ("/", "opt", "x", "rpmbuild", "RPMS"),
        ("/", "opt", "x", "rpmbuild", "SRPMS"),
    }
    # By name alone, where neither the Dockerfile nor the log says anything: the whole image is read.
    hidden = f"FROM {BASE}\nCOPY {{}} /\nENV BUILDER=rpmbuild\n"
    package = next(a for a in found["artifacts"] if not a["rpm"]["source"])
    content = admin.get(f"{BUILDS}/{found['id']}/artifacts/{package['name']}").content
    identifier = build(admin, hidden.format("tree/"), name="hidden", execute=False)
    path = f"tree/srv/deep/rpmbuild/RPMS/noarch/{package['name']}"
    data_of(admin.put(f"{BUILDS}/{identifier}/context/{path}", content=content), message="File uploaded")
    admin.post(f"{BUILDS}/{identifier}/execute")
    (copied,) = finished(admin, identifier)["artifacts"]
    assert copied["path"] == f"/{path.removeprefix('tree/')}"
    assert copied["rpm"] == package["rpm"]


@pytest.mark.usefixtures("any_database")  # about the image; seconds of processor
def test_silent_steps_packages_are_found_in_every_tree_cached_or_not(admin: httpx.Client) -> None:
    script = (
        "#!/bin/sh\nset -e\nrpmbuild -ba -D '_sourcedir /src' /src/tiny.spec\n"
        "mkdir -p /srv/second/rpmbuild/RPMS\n"
        "cp /root/rpmbuild/RPMS/noarch/*.rpm /srv/second/rpmbuild/RPMS/second.rpm\n"
    )
    files = {"tiny.spec": SPEC, "message.txt": "hello\n", "pack": script}
    dockerfile = f"FROM {BASE}\nCOPY . /src/\nRUN /src/pack >/dev/null 2>&1\n"
    for cached in (False, True):
        found = finished(
            admin, build(admin, dockerfile, name="silent", context_files=files, cache_enabled=cached)
        )
        assert found["status"] == "success", log_lines(admin, found["id"])[-20:]
        paths = {artifact["path"].rpartition("/")[0] for artifact in found["artifacts"]}
        assert paths == {
            "/root/rpmbuild/RPMS/noarch",
            "/root/rpmbuild/SRPMS",
            "/srv/second/rpmbuild/RPMS",
        }


@pytest.mark.parametrize("path", ["/output", "/root/rpmbuild"])
def test_file_in_the_place_of_a_folder_is_no_artifact_and_no_failure(admin: httpx.Client, path: str) -> None:
    dockerfile = f"FROM {IMAGE}\nRUN mkdir -p /root && echo no folder > {path}\n"
    found = finished(admin, build(admin, dockerfile, name="no-folder"))
    assert (found["status"], found["attempts"], found["artifacts"]) == ("success", 1, [])


def test_file_that_only_looks_like_a_package_is_still_an_artifact(admin: httpx.Client) -> None:
    dockerfile = f"FROM {IMAGE}\nRUN mkdir /output && echo no > /output/fake.rpm\n"
    (artifact,) = finished(admin, build(admin, dockerfile, name="fake"))["artifacts"]
    assert (artifact["name"], artifact["rpm"]) == ("fake.rpm", None)


def test_deleted_builds_artifacts_are_gone(shared_server: ServerProcess, admin: httpx.Client) -> None:
    found = finished(admin, build(admin, f"FROM {IMAGE}\nRUN mkdir /output && echo x > /output/x\n"))
    done(admin.delete(f"{BUILDS}/{found['id']}"), "Build deleted")
    answer = admin.get(f"{BUILDS}/{found['id']}/artifacts/x")
    refusal_of(answer, 404, "RESOURCE_NOT_FOUND", "build-not-found")
    assert not list(shared_server.data_dir.glob(f"builds/{found['id']}*"))


def _large(client: httpx.Client, made: dict[str, Any], **headers: str) -> httpx.Response:
    return client.get(f"{BUILDS}/{made['id']}/artifacts/large.bin", headers=headers)


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(member)
    assert file is not None
    return file.read()


def _agrees_with_rpm(told: dict[str, Any], file: Path) -> None:
    """Compare what we tell of a package with what rpm tells."""
    fields = "%{NAME}|%{EPOCH}|%{VERSION}|%{RELEASE}|%{SIZE}\n"
    name, epoch, version, release, size = engine.rpm_query(file, ["--qf", fields]).strip().split("|")
    assert (told["name"], str(told["epoch"]), told["version"], told["release"], str(told["size"])) == (
        name,
        epoch,
        version,
        release,
        size,
    )
    for relation in ("requires", "provides"):
        lines = engine.rpm_query(file, [f"--{relation}"]).splitlines()
        # rpm's own features are no packages that anyone could be asked for.
        expected = [line.strip() for line in lines if line.strip() and not line.startswith("rpmlib(")]
        assert sorted(told[relation]) == sorted(expected)
