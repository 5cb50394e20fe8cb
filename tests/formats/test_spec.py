import subprocess
from pathlib import Path
from textwrap import dedent
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eulermaker.formats.spec import Requirement, Source, SpecError, SpecReason, parse_spec

MINIMAL: Final = "Name: a\nVersion: 1\nRelease: 1%{?dist}\n"

HELLO: Final = dedent(
    """
    %global upstream 2.10
    %define    gnu_mirror https://ftp.gnu.org/gnu
    %{!?flavour: %global flavour plain}
    Name:           hello
    Version:        %{upstream}
    Release:        3%{?dist}
    Epoch:          1
    Summary:        Prints a greeting
    License:        GPL-3.0-or-later
    URL:            https://www.gnu.org/software/%{name}/
    Source0:        %{gnu_mirror}/%{name}/%{name}-%{version}.tar.gz
    Source:         https://example.invalid/get?id=7#/%{name}-%flavour.conf
    Patch1:         fix-%{version}.patch
    # BuildRequires: not-this-one
    BuildRequires:  gcc, make >= 4.0 gettext
    BuildRequires:  pkgconfig(glib-2.0) >= 2.50
    BuildRequires:  (python3 or python2 >= 2.7), %{?nothing}
    %if 0%{?fedora}
    BuildRequires:  only-there
    %else
    BuildRequires:  only-here = %{upstream}
    %endif
    ExclusiveArch:  x86_64 aarch64
    Requires:       not-a-build-requirement

    %description
    Name: a line of prose
    BuildRequires: more-prose

    %package devel
    Summary: d
    BuildArch: noarch
    BuildRequires: for-devel
    %description devel
    %package -n lib%{name}
    Summary: l
    %description -n libhello

    %build
    BuildRequires: not-here-either
    """
)


def test_a_spec_is_read() -> None:
    spec = parse_spec(HELLO)
    assert (spec.name, spec.version, spec.release, spec.epoch) == ("hello", "2.10", "3", "1")
    assert spec.sources == (
        Source(0, "https://ftp.gnu.org/gnu/hello/hello-2.10.tar.gz", "hello-2.10.tar.gz"),
        Source(1, "https://example.invalid/get?id=7#/hello-plain.conf", "hello-plain.conf"),
    )
    assert spec.patches == (Source(1, "fix-2.10.patch", "fix-2.10.patch"),)
    assert spec.packages == ("hello-devel", "libhello")
    assert (spec.build_arch, spec.exclusive_arch, spec.exclude_arch) == ((), ("x86_64", "aarch64"), ())
    assert spec.macros == {
        "upstream": "2.10",
        "gnu_mirror": "https://ftp.gnu.org/gnu",
        "flavour": "plain",
    }


def test_build_requirements_of_all_branches_are_gathered() -> None:
    found = parse_spec(HELLO).build_requires
    assert found[:5] == (
        Requirement("gcc", 16),
        Requirement("make", 16, ">= 4.0"),
        Requirement("gettext", 16),
        Requirement("pkgconfig(glib-2.0)", 17, ">= 2.50"),
        Requirement("(python3 or python2 >= 2.7)", 18),
    )
    assert found[5:] == (
        Requirement("only-there", 20, conditional=True),
        Requirement("only-here", 22, "= 2.10", conditional=True),
        Requirement("for-devel", 34),
    )
    assert str(found[1]) == "make >= 4.0"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", SpecReason.EMPTY),
        (" \n\t\n", SpecReason.EMPTY),
        ("\x7fELF\x00\x01", SpecReason.BINARY),
        ("Version: 1\nRelease: 1\n", SpecReason.MISSING_NAME),
        ("Name: a\nRelease: 1\n", SpecReason.MISSING_VERSION),
        ("Name: a\nVersion: %{?unset}\nRelease: 1\n", SpecReason.MISSING_VERSION),
        ("Name: a\nVersion: 1\n", SpecReason.MISSING_RELEASE),
        ("%description\nName: a\nVersion: 1\nRelease: 1\n", SpecReason.MISSING_NAME),
        ("# Name: a\nVersion: 1\nRelease: 1\n", SpecReason.MISSING_NAME),
        ("%package sub\nName: a\nVersion: 1\nRelease: 1\n", SpecReason.MISSING_NAME),
    ],
)
def test_specs_that_name_nothing_are_refused(text: str, reason: SpecReason) -> None:
    with pytest.raises(SpecError) as caught:
        parse_spec(text)
    assert caught.value.reason is reason
    assert str(caught.value).startswith(f"line {caught.value.line}: the spec ")


@pytest.mark.parametrize(
    "version",
    ["%(date +%Y%m%d)", "%{lua:print(1)}", "%{expand:%(id)}", "%{unknown}", "%[1 + 2]", "%{shrink: 1 }"],
)
def test_what_only_running_could_tell_stays_as_written(version: str) -> None:
    assert parse_spec(f"Name: a\nVersion: {version}\nRelease: 1\n").version == version


@pytest.mark.parametrize(
    ("head", "release", "result"),
    [
        ("", "1%{?dist}", "1"),
        ("%global dist .oe2403", "1%{?dist}", "1.oe2403"),
        ("%define x 2", "%{x}%x%{?x}%{?x:y}%{!?x:z}", "222y"),
        ("", "1%{?x:y}%{!?x:z%{version}}", "1z1"),
        ("%define later %{version}.%{name}", "%{later}", "1.a"),
        ("%global x 1\n%global now %{x}\n%global x 2", "%{now}", "1"),
        ("%define lines \\\n 5", "%{lines}", "5"),
        ("%define f() 1", "%{f x}", "%{f x}"),
        ("%define x 1\n%undefine x", "2%{?x}", "2"),
        ("%bcond_without docs", "1%{?with_docs:d}%{?with_tests:t}", "1d"),
        ("%if 1\n%global x 1\n%else\n%global x 2\n%endif", "%{x}", "1"),
        ("", "100%%", "100%"),
    ],
)
def test_macros(head: str, release: str, result: str) -> None:
    assert parse_spec(f"{head}\nName: a\nVersion: 1\nRelease: {release}\n").release == result


def test_a_macro_that_grows_without_bound_stays_as_written() -> None:
    bombs = "".join(f"%define m{i} %{{m{i + 1}}}%{{m{i + 1}}}\n" for i in range(40))
    assert parse_spec(f"{bombs}Name: a\nVersion: %{{m0}}\nRelease: 1\n").version == "%{m0}"
    assert parse_spec("%define x %{x}\nName: a\nVersion: %{x}\nRelease: 1\n").version == "%{x}"


def test_source_and_patch_lists_are_read() -> None:
    spec = parse_spec(
        MINIMAL + "Source: one\n%sourcelist\ntwo\nhttps://x.invalid/three\n%patchlist\np.patch\n"
    )
    assert [(source.number, source.filename) for source in spec.sources] == [
        (0, "one"),
        (1, "two"),
        (2, "three"),
    ]
    assert spec.patches == (Source(0, "p.patch", "p.patch"),)


def test_an_unclosed_brace_swallows_nothing() -> None:
    assert parse_spec("%global broken %{nope\n" + MINIMAL).name == "a"


def test_rpmspec_reads_the_same(tmp_path: Path) -> None:
    file = tmp_path / "hello.spec"
    file.write_text(HELLO.lstrip())
    form = "%{NAME}|%{VERSION}|%{RELEASE}\n"
    command = ["rpmspec", "-q", "--qf", form, "--target", "x86_64", "--undefine", "dist", str(file)]
    queried = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    spec = parse_spec(HELLO)
    names = (spec.name, *spec.packages)
    assert set(queried) == {f"{name}|{spec.version}|{spec.release}" for name in names}
    command = ["rpmspec", "-q", "--buildrequires", "--target", "x86_64", str(file)]
    required = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    assert set(required) == {str(each) for each in spec.build_requires} - {"only-there"}
    listed = subprocess.run(["rpmspec", "-P", str(file)], check=True, capture_output=True, text=True).stdout
    assert all(source.url in listed for source in (*spec.sources, *spec.patches))


# fmt: off
FRAGMENTS: Final = st.sampled_from([
    "Name: a\n", "Version: 1\n", "Release: 1\n", "%global ", "%define ", "x ", "%{", "%{?", "%{!?",
    "x", ":", "}", "%(", ")", "%[", "]", "%", "%%", "\\\n", "\n", "%if ", "%else\n", "%endif\n",
    "BuildRequires: ", "(", " or ", ",", ">= ", "1", "Source", "9", "%package ", "-n ",
    "%description\n", "%sourcelist\n", "/", "#", "\r\n", "é",
])
# fmt: on


@settings(deadline=None, max_examples=500)
@given(st.lists(FRAGMENTS, max_size=80).map("".join) | st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    for whole in (text, MINIMAL + text):
        refused_at = None
        try:
            spec = parse_spec(whole)
        except SpecError as error:
            refused_at = error.line
        if refused_at is not None:
            assert 1 <= refused_at <= whole.count("\n") + 1
            continue
        assert spec.name
        assert all(requirement.name for requirement in spec.build_requires)
