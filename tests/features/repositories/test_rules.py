"""Which version is newer, what stays, and what names repositories and files have."""

import re
import subprocess
from dataclasses import dataclass
from itertools import pairwise

import pytest

from eulermaker.features.repositories.rules import file_of, is_file, is_name, never_changes, superseded
from eulermaker.formats.rpm_version import Evr, compare, compare_versions

#: rpm's own tests (tests/rpmvercmp.at), and what they leave out.
VERSIONS = [
    ("1.0", "1.0"), ("1.0", "2.0"), ("2.0.1", "2.0.1a"), ("5.5p1", "5.5p2"), ("5.5p1", "5.5p10"),
    ("10xyz", "10.1xyz"), ("xyz10", "xyz10.1"), ("xyz.4", "8"), ("xyz.4", "2"), ("5.5p2", "5.6p1"),
    ("5.6p1", "6.5p1"), ("6.0.rc1", "6.0"), ("10b2", "10a1"), ("1.0aa", "1.0a"), ("10.0001", "10.0039"),
    ("4.999.9", "5.0"), ("20101121", "20101122"), ("2_0", "2.0"), ("a", "a+"), ("+a", "_a"), ("+", "_"),
    ("1.0~rc1", "1.0"), ("1.0~rc1", "1.0~rc2"), ("1.0~rc1~git123", "1.0~rc1"), ("1.0^", "1.0"),
    ("1.0^git1", "1.0"), ("1.0^git1", "1.0^git2"), ("1.0^git1", "1.01"), ("1.0^20160101", "1.0.1"),
    ("1.0^20160101^git1", "1.0^20160102"), ("1.0~rc1^git1", "1.0~rc1"), ("1.0^git1~pre", "1.0^git1"),
    ("1e.fc33", "1.fc33"), ("1g.fc33", "1.fc33"), ("0001", "1"), ("0", "00"), ("1.", "1"),
    ("1.a", "1.1"), ("99999999999999999999999", "100000000000000000000000"), ("1.0~", "1.0^"),
]  # fmt: skip


def _sign(order: int) -> int:
    return (order > 0) - (order < 0)


def test_versions_are_ordered_as_rpm_orders_them() -> None:
    pairs = VERSIONS + [(right, left) for left, right in VERSIONS]
    asked = "\n".join(f"print(rpm.vercmp('{left}', '{right}'))" for left, right in pairs)
    told = subprocess.run(
        ["rpm", "--eval", f"%{{lua: {asked} }}"], check=True, capture_output=True, text=True
    )
    # rpm's `print` puts nothing between them.
    theirs = [int(order) for order in re.findall("-?[01]", told.stdout)]
    assert {pair: _sign(compare_versions(*pair)) for pair in pairs} == dict(zip(pairs, theirs, strict=True))


def test_the_epoch_counts_most_and_the_release_least() -> None:
    rising = [Evr(None, "1", "1"), Evr(0, "1", "2"), Evr(None, "2", "1"), Evr(1, "0", "1")]
    assert all(compare(older, newer) < 0 for older, newer in pairwise(rising))
    assert compare(Evr(None, "1", "1"), Evr(0, "1", "1")) == 0


@dataclass(frozen=True)
class Package:
    """A package as far as versions go."""

    name: str
    version: str
    arch: str = "noarch"

    @property
    def evr(self) -> Evr:
        """Its version."""
        return Evr(None, self.version, "1")


def test_the_newest_versions_of_each_package_and_architecture_stay() -> None:
    many = [Package("a", f"1.{number}") for number in (9, 10, 2)]
    others = [Package("a", "1.0", "x86_64"), Package("b", "1.0")]
    assert superseded([*many, *others], keep=2) == [Package("a", "1.2")]
    assert superseded([*many, *others], keep=3) == []
    assert superseded([], keep=1) == []


@pytest.mark.parametrize("name", ["a", "stable", "openeuler-24.03", "a_b", "0", "a" * 64])
def test_names_of_repositories(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize(
    "name", ["", "A", "-a", "a-", "a/b", "..", ".", "a b", "a\n", "名", "a" * 65, "x.repo", "%2e", "a\0"]
)
def test_what_no_repository_is_called(name: str) -> None:
    assert not is_name(name)


@pytest.mark.parametrize(
    "file", ["", "..", ".hidden", "a/b", "a\\b", "a b", "a\n", "-rf", "名.rpm", "a" * 300]
)
def test_what_no_file_is_called(file: str) -> None:
    assert not is_file(file)


def test_a_package_is_called_after_its_header() -> None:
    header = {"name": "g++-x", "version": "1.0~rc1^git", "release": "3.oe2403", "arch": "x86_64"}
    assert file_of(header) == "g++-x-1.0~rc1^git-3.oe2403.x86_64.rpm"
    assert file_of({**header, "version": "../../etc"}) is None
    assert file_of({**header, "name": "x" * 300}) is None


def test_metadata_that_is_named_after_its_content_never_changes() -> None:
    assert never_changes("repodata", f"{'0' * 64}-primary.xml.gz")
    assert not never_changes("repodata", "repomd.xml")
    assert not never_changes("Packages", f"{'0' * 64}-x.rpm")
