"""Specs built in phases: what did not change is not done again, and the packages are the same."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api import engine
from tests.server import finished, log_lines, own_name

MAKEFILE = """\
all: tiny
tiny: main.o part.o
\t$(CC) -o tiny main.o part.o
install:
\tinstall -D -m 755 tiny $(DESTDIR)/usr/bin/tiny
\tinstall -D -m 640 tiny.conf $(DESTDIR)/etc/tiny.conf
\tln -s tiny $(DESTDIR)/usr/bin/tiny-link
"""
SPEC = """\
Name: {name}
Version: 1.0
Release: {release}
Summary: A tiny program
License: MIT
Source0: Makefile
Source1: main.c
Source2: part.c
Source3: tiny.conf
BuildRequires: gcc, make{requires}

%description
A tiny program.

%prep
%setup -q -c -T
cp -p %{{SOURCE0}} %{{SOURCE1}} %{{SOURCE2}} %{{SOURCE3}} .

%build
{build}make

%install
make install DESTDIR=%{{buildroot}}

%files
/usr/bin/tiny
/usr/bin/tiny-link
%config(noreplace) /etc/tiny.conf

%changelog
* Mon Jan 05 2026 Somebody <s@example.org> - 1.0-{release}
- Release {release}
"""
FILES = {
    "Makefile": MAKEFILE,
    "main.c": "int part(void);\nint main(void) { return part(); }\n",
    "part.c": "int part(void) { return 0; }\n",
    "tiny.conf": "x = 1\n",
}


def spec(name: str, *, release: int = 1, build: str = "", requires: str = "") -> str:
    return SPEC.format(name=name, release=release, build=build, requires=requires)


class Packages:
    """Builds of one package, and what they made."""

    def __init__(self, client: httpx.Client, folder: Path) -> None:
        self._client = client
        self._folder = folder
        self.name = own_name("tiny")

    def built(self, text: str, *, optimize: str, **files: str) -> tuple[dict[str, Any], list[str]]:
        """The detail and the log of a build that succeeded and did not fall back."""
        body = {
            "name": self.name,
            "spec_content": text,
            "context_files": {**FILES, **{name.replace("_", "."): text for name, text in files.items()}},
            "optimize": optimize,
            "execute": True,
        }
        made = self._client.post("/api/v1/builds", json=body).raise_for_status().json()["data"]
        found = finished(self._client, made["id"], seconds=300)
        lines = log_lines(self._client, made["id"])
        assert found["status"] == "success", lines
        assert found["optimization"]["fallback"] is None
        return found, lines

    def payload(self, found: dict[str, Any]) -> dict[str, tuple[list[str], list[str]]]:
        """Of each package: its files with all that rpm keeps of them but their times, and its requires."""
        told = {}
        for artifact in found["artifacts"]:
            if artifact["rpm"]["source"]:
                continue
            file = self._folder / f"{found['id']}-{artifact['name']}"
            content = self._client.get(f"/api/v1/builds/{found['id']}/artifacts/{artifact['name']}").content
            file.write_bytes(content)
            dump = [line.split() for line in engine.rpm_query(file, ["--dump"]).splitlines()]
            files = [" ".join(field for at, field in enumerate(line) if at != 2) for line in dump]
            told[artifact["name"]] = (files, artifact["rpm"]["requires"])
        assert told
        return told


@pytest.fixture
def packages(admin: httpx.Client, tmp_path: Path) -> Packages:
    return Packages(admin, tmp_path)


def said(lines: list[str], words: str) -> bool:
    return any(words in line for line in lines)


def test_a_new_release_is_packaged_without_compiling(packages: Packages) -> None:
    name = packages.name
    first, lines = packages.built(spec(name), optimize="safe")
    assert {each["rule"] for each in first["optimization"]["applied"]} == {
        "spec-requires-apart",
        "spec-phases",
    }
    assert said(lines, "compiled already: packaging")
    phases = {each["phase"] for each in first["optimization"]["timeline"]}
    assert {"pull", "prep", "compile", "package", "export"} <= phases
    second, lines = packages.built(spec(name, release=2), optimize="safe")
    # What the compiling said is not said again: that layer is from the cache.
    assert not any(line.startswith(("cc ", "gcc ")) for line in lines)
    written, _ = packages.built(spec(name, release=2), optimize="off")
    assert packages.payload(second) == packages.payload(written)
    sources = [
        sorted(each["name"] for each in one["artifacts"] if each["rpm"]["source"])
        for one in (second, written)
    ]
    assert sources[0] == sources[1] != []
    assert not second["optimization"]["draft"]
    # What compiling took the first time is what it would have taken again.
    told = {each["phase"]: each["seconds"] for each in first["optimization"]["timeline"]}
    assert first["optimization"]["as_written_seconds"] is None
    assert second["optimization"]["as_written_seconds"] >= told["compile"]
    assert second["optimization"]["saved_seconds"] >= 0


def test_what_compiling_takes_from_the_release_is_compiled_anew(packages: Packages) -> None:
    for use in ("echo 'x = %{release}' > tiny.conf\n", 'echo "x = $RPM_PACKAGE_RELEASE" > tiny.conf\n'):
        for release in (1, 2):
            text = spec(packages.name, release=release, build=use)
            found, lines = packages.built(text, optimize="safe")
            assert not said(lines, "compiled already")
        written, _ = packages.built(text, optimize="off")
        assert packages.payload(found) == packages.payload(written)


def test_a_draft_compiles_what_changed(packages: Packages) -> None:
    name = packages.name
    first, lines = packages.built(spec(name), optimize="max")
    assert first["optimization"]["draft"]
    assert not said(lines, "kept build tree")
    changed = {"part_c": "int part(void) { return 3; }\n"}
    second, lines = packages.built(spec(name), optimize="max", **changed)
    assert said(lines, "kept build tree: 1 changed, 0 removed")
    assert "spec-kept-tree" in {each["rule"] for each in second["optimization"]["applied"]}
    compiled = [line for line in lines if line.startswith("cc ")]
    assert [line.split()[-1] for line in compiled] == ["part.c", "part.o"]
    written, _ = packages.built(spec(name), optimize="off", **changed)
    assert packages.payload(second) == packages.payload(written)


def test_a_kept_tree_that_does_not_build_is_left(packages: Packages) -> None:
    name = packages.name
    # Compiling twice in the same tree is what this spec does not bear.
    once = "test ! -e once\ntouch once\n"
    packages.built(spec(name, build=once), optimize="max")
    found, lines = packages.built(spec(name, build=once, release=2), optimize="max")
    assert said(lines, "building from the start")
    written, _ = packages.built(spec(name, build=once, release=2), optimize="off")
    assert packages.payload(found) == packages.payload(written)


def test_a_kept_tree_is_its_owners(
    packages: Packages, people: dict[str, httpx.Client], tmp_path: Path
) -> None:
    packages.built(spec(packages.name), optimize="max")
    other = Packages(people["foreigner"], tmp_path)
    other.name = own_name("tiny")
    _, lines = other.built(spec(packages.name, release=2), optimize="max")
    assert not said(lines, "kept build tree")
