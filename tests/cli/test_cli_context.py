"""What is read from the disk into a build."""

import os
from pathlib import Path

import pytest

from eulermaker.cli.dockerignore import Ignore
from eulermaker.cli.exits import Complaint
from eulermaker.cli.spec import package_name, source_names
from eulermaker.cli.submission import read_submission

SPEC = """\
%global upstream %{name}-%{version}
%define loop %{loop}
Name:           hello
Version:        2.10
Release:        1%{?dist}
URL:            https://www.gnu.org/software/hello
Source0:        https://ftp.gnu.org/gnu/hello/%{upstream}.tar.gz
Source1: %{url}/extra/%{name}.conf
source2:        https://host/download?id=7#/renamed-%{VERSION}.tgz
Source3:        plain%name.txt
Source4:        %{loop}.txt
Patch0:         fix-%{?nothing}build.patch
Patch1:         fix-%{?nothing}build.patch
# Source9: commented.tar.gz
%description
Says hello.
"""


def test_the_sources_of_a_spec() -> None:
    assert source_names(SPEC) == (
        "hello-2.10.tar.gz",
        "hello.conf",
        "renamed-2.10.tgz",
        "plainhello.txt",
        "%{loop}.txt",
        "fix-build.patch",
    )


def test_the_name_of_a_package() -> None:
    assert package_name(SPEC) == "hello"
    assert package_name("%global prefix gcc\nName: %{prefix}-libs\n") == "gcc-libs"
    assert package_name("Version: 1\n") is None


@pytest.mark.parametrize(
    ("rules", "ignored", "kept"),
    [
        ("*.log", ["a.log"], ["sub/a.log", "a.logs"]),
        ("**/*.log", ["a.log", "x/y/a.log"], ["a.txt"]),
        ("node_modules", ["node_modules", "node_modules/a/b"], ["sub/node_modules", "node_modules2"]),
        ("/build/", ["build", "build/x"], ["src/build"]),
        ("a?c", ["abc"], ["ac", "a/c"]),
        ("[ab].txt", ["a.txt", "b.txt"], ["c.txt"]),
        ("[!ab].txt", ["c.txt"], ["a.txt"]),
        ("*\n!keep/this", ["x", "keep/that"], ["keep/this", "keep/this/file"]),
        ("*.md\n!README.md\nREADME.md", ["README.md", "a.md"], []),
        ("# a comment\n\n  spaced.txt  ", ["spaced.txt"], ["# a comment"]),
        ("a/**/z", ["a/z", "a/b/c/z"], ["z"]),
        ("\\*.txt", ["*.txt"], ["a.txt"]),
        ("!", [], ["anything"]),
    ],
)
def test_dockerignore(rules: str, ignored: list[str], kept: list[str]) -> None:
    ignore = Ignore.parse(rules)
    assert [path for path in ignored if not ignore(path)] == []
    assert [path for path in kept if ignore(path)] == []


def folder(root: Path, **files: str) -> Path:
    for name, content in {"Dockerfile": "FROM scratch\n", **files}.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    return root


def paths(root: Path) -> list[str]:
    return [each.path for each in read_submission(root, name=None).files]


def test_a_folder_with_all_its_files(tmp_path: Path) -> None:
    root = folder(tmp_path / "My Project_1", **{"src/main.c": "int main;", ".hidden": "x"})
    submission = read_submission(root, name=None)
    assert submission.name == "my-project-1"
    assert submission.dockerfile == "FROM scratch\n"
    assert [each.path for each in submission.files] == [".hidden", "Dockerfile", "src/main.c"]


def test_what_dockerignore_names_stays_out(tmp_path: Path) -> None:
    root = folder(
        tmp_path / "p",
        **{
            ".dockerignore": "**/*.o\nvendor\n!vendor/keep",
            "a.o": "",
            "b/c.o": "",
            "vendor/x": "",
            "vendor/keep": "",
        },
    )
    assert paths(root) == [".dockerignore", "Dockerfile", "vendor/keep"]


def test_a_symbolic_link_inside_the_folder_is_sent_as_what_it_points_to(tmp_path: Path) -> None:
    root = folder(tmp_path / "p", real="content")
    (root / "link").symlink_to("real")
    assert paths(root) == ["Dockerfile", "link", "real"]


@pytest.mark.parametrize("target", ["/etc/hostname", "../outside", "/etc"])
def test_a_symbolic_link_that_leaves_the_folder_is_refused(tmp_path: Path, target: str) -> None:
    root = folder(tmp_path / "p")
    (tmp_path / "outside").write_text("secret")
    (root / "link").symlink_to(target)
    with pytest.raises(Complaint, match="link is a symbolic link that leaves"):
        read_submission(root, name=None)
    (root / ".dockerignore").write_text("link")
    assert paths(root) == [".dockerignore", "Dockerfile"]


def test_a_link_to_a_folder_and_a_pipe_are_refused(tmp_path: Path) -> None:
    linked = folder(tmp_path / "linked", **{"real/file": ""})
    (linked / "link").symlink_to("real")
    with pytest.raises(Complaint, match="link to a folder"):
        read_submission(linked, name=None)
    piped = folder(tmp_path / "piped")
    os.mkfifo(piped / "pipe")
    with pytest.raises(Complaint, match="neither a file nor a folder"):
        read_submission(piped, name=None)


def test_a_spec_with_the_sources_beside_it(tmp_path: Path) -> None:
    (tmp_path / "SPECS").mkdir()
    (tmp_path / "SOURCES").mkdir()
    spec = tmp_path / "SPECS" / "hello.spec"
    spec.write_text(SPEC)
    (spec.parent / "hello-2.10.tar.gz").write_bytes(b"beside")
    (tmp_path / "SOURCES" / "hello-2.10.tar.gz").write_bytes(b"in rpmbuild's tree")
    (tmp_path / "SOURCES" / "fix-build.patch").write_text("--- a")
    (spec.parent / "unrelated.txt").write_text("")
    submission = read_submission(spec, name=None)
    assert (submission.name, submission.dockerfile, submission.spec) == ("hello", None, SPEC)
    found = {each.path: each.file.read_bytes() for each in submission.files}
    assert found == {"hello-2.10.tar.gz": b"beside", "fix-build.patch": b"--- a"}
    assert submission.missing == ("hello.conf", "renamed-2.10.tgz", "plainhello.txt", "%{loop}.txt")


def test_a_source_can_not_name_a_file_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("")
    (tmp_path / "in").mkdir()
    spec = tmp_path / "in" / "x.spec"
    spec.write_text("Name: x\nSource0: ../secret\nSource1: ..\n")
    assert read_submission(spec, name=None).files == ()


def test_small_files_go_with_the_request_and_large_ones_after_it(tmp_path: Path) -> None:
    root = folder(tmp_path / "p", **{f"small{number}": "x" for number in range(50)})
    (root / "large").write_bytes(b"x" * 5_000_000)
    (root / "huge").write_bytes(b"x" * 6_000_000)
    submission = read_submission(root, name=None)
    assert len(submission.inline()) == 51
    assert [each.path for each in submission.uploads()] == ["huge", "large"]


def test_input_that_can_not_be_used(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("")
    (tmp_path / "latin.spec").write_bytes(b"Name: caf\xe9\n")
    (tmp_path / "nameless.spec").write_text("Version: 1\n")
    expected = {
        "nowhere": "no file or folder",
        "empty": "no Dockerfile",
        "notes.txt": r"neither a \.spec file nor",
        "latin.spec": "not UTF-8",
        "nameless.spec": "has no Name",
    }
    for name, complaint in expected.items():
        with pytest.raises(Complaint, match=complaint):
            read_submission(tmp_path / name, name=None)


def test_programs_stay_programs(tmp_path: Path) -> None:
    for name, mode in (("Dockerfile", 0o644), ("run", 0o755), ("data", 0o600), ("script.sh", 0o640)):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(mode)
    read = read_submission(tmp_path, name=None)
    assert [each.path for each in read.files if each.executable] == ["run"]
