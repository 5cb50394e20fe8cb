"""The Dockerfile that the product writes for a spec."""

import re
import subprocess
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eulermaker.features.builds.spec_build import dockerfile_for, parsed_spec, spec_file
from eulermaker.formats.spec import SpecReason
from eulermaker.kernel.faults import InvalidFields

SPEC = "Name: hello\nVersion: 2.10\nRelease: 1\nBuildRequires: gcc make zlib-devel >= 1.2\n"


def test_what_is_needed_is_installed_before_the_sources_come() -> None:
    lines = dockerfile_for(parsed_spec(SPEC), base="base/image:1").splitlines()
    assert lines[0] == "FROM base/image:1"
    order = [
        next(at for at, line in enumerate(lines) if wanted in line)
        for wanted in ("COPY hello.spec", "dnf builddep", "COPY . SOURCES/", "rpmbuild -ba")
    ]
    assert order == sorted(order)


def test_debian_gets_debians_names() -> None:
    text = dockerfile_for(parsed_spec(SPEC), base="b")
    assert re.search(r"apt-get install .* rpm gcc make zlib1?g?-dev;", text)
    assert "rpm -q --whatprovides gcc make zlib-devel " in text


@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Z"]), min_size=1, max_size=20))
def test_no_requirement_becomes_a_command(requirement: str) -> None:
    """Whatever a spec asks for: what the shell sees are words, and the Dockerfile keeps its lines."""
    plain = dockerfile_for(parsed_spec(SPEC), base="b")
    text = dockerfile_for(parsed_spec(f"{SPEC}BuildRequires: {requirement}\n"), base="b")
    assert text.count("\n") == plain.count("\n")
    added = set(text.split()) - set(plain.split())
    assert all(re.fullmatch(r"[A-Za-z0-9+._-]+;?", word) for word in added)


@pytest.mark.parametrize("requires", ["gcc", "'", "$(touch /tmp/x)", "a;reboot", "pkgconfig(zlib)", "`id`"])
def test_the_commands_are_shell(requires: str) -> None:
    text = dockerfile_for(parsed_spec(f"{SPEC}BuildRequires: {requires}\n"), base="b")
    commands = re.findall(r"^RUN ((?:.*\\\n)*.*)$", text, re.MULTILINE)
    assert commands
    for command in commands:
        checked = subprocess.run(
            ["sh", "-n", "-c", command.replace("\\\n", "")], capture_output=True, check=False
        )
        assert checked.stderr == b""


@pytest.mark.parametrize(
    ("name", "file"), [("hello", "hello.spec"), ("libstdc++", "libstdc++.spec"), ("../../x", "package.spec")]
)
def test_the_spec_file_is_named_after_the_package_where_that_is_a_name(name: str, file: str) -> None:
    spec = parsed_spec(SPEC.replace("hello", name))
    assert spec_file(spec) == PurePosixPath(file)


MISSING = {
    SpecReason.EMPTY: "",
    SpecReason.BINARY: "Name: a\x00b\n",
    SpecReason.MISSING_NAME: "Version: 1\nRelease: 1\n",
    SpecReason.MISSING_VERSION: "Name: a\nRelease: 1\n",
    SpecReason.MISSING_RELEASE: "Name: a\nVersion: 1\n",
}


@pytest.mark.parametrize("reason", SpecReason)
def test_what_is_missing_is_told_in_both_languages(reason: SpecReason) -> None:
    with pytest.raises(InvalidFields) as fault:
        parsed_spec(MISSING[reason])
    [error] = fault.value.errors
    assert error.field == "spec_content"
    assert re.search(r"[\u4e00-\u9fff]", error.zh)
    assert re.match(r"line \d+: ", error.en)
