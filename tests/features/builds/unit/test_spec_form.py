"""How a spec is cut into phases."""

import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eulermaker.features.builds import spec_form
from eulermaker.features.builds.spec_build import parsed_spec
from eulermaker.features.builds.spec_form import RequiresLayer, compiled_spec, layers, stacked

SPEC = """\
%global flavour plain
Name: hello
Version: 2.10
Release: 1%{?dist}
Summary: Hello
License: MIT
%if 0%{?with_x}
BuildRequires: libx11-devel
%endif
BuildRequires: gcc, zlib-devel >= 1.2
Requires: %{name}-data = %{version}-%{release}

%description
Release: this is text.

%build
make

%changelog
* Mon Jan 05 2026 Somebody <s@example.org> - 2.10-1
- Release: 1
"""


def layer(text: str) -> RequiresLayer:
    found = RequiresLayer.of(text, parsed_spec(text))
    assert found is not None
    return found


def test_compiling_does_not_see_the_release_and_the_changelog() -> None:
    text = compiled_spec(SPEC)
    assert "Release: 0\n" in text
    assert "%changelog" not in text
    assert "Release: this is text.\n" in text
    later = SPEC.replace("Release: 1%{?dist}", "Release: 2").replace("- Release: 1", "- Release: 2\n- More")
    assert compiled_spec(later) == text
    assert compiled_spec(SPEC.replace("make", "make all")) != text


def test_a_layer_of_build_requires_depends_on_them_alone() -> None:
    wanted = layer(SPEC)
    assert wanted.names == ("libx11-devel", "gcc", "zlib-devel")
    assert "%if 0%{?with_x}\nBuildRequires: libx11-devel\n%endif\n" in wanted.spec
    for old, new in (
        ("Release: 1%{?dist}", "Release: 2"),
        ("Summary: Hello", "Summary: Good morning"),
        ("make", "make all"),
        ("Requires: %{name}-data", "Requires: other"),
    ):
        assert layer(SPEC.replace(old, new, 1)) == wanted
    assert layer(SPEC.replace("gcc,", "gcc, bison,")) != wanted


def test_a_condition_that_reaches_beyond_the_preamble_leaves_the_spec_as_it_is() -> None:
    text = SPEC.replace("%description", "%if 1\n%description").replace("%build", "%endif\n%build")
    assert RequiresLayer.of(text, parsed_spec(text)) is None


def test_layers_are_stacked_as_long_as_nothing_is_taken_away() -> None:
    first = layer(SPEC)
    second = layer(SPEC.replace("gcc,", "gcc, bison,"))
    assert stacked((), first) == (first,)
    assert stacked((first,), first) == (first,)
    assert stacked((first,), second) == (first, second)
    assert stacked((first, second), second) == (first, second)
    assert stacked((first, second), first) == (first,)
    assert stacked((first,) * spec_form.MAX_LAYERS, second) == (second,)


def test_layers_are_read_as_they_were_recorded() -> None:
    assert layers(None) == ()
    assert layers({"requires": [{"spec": "s", "names": ["a"], "wanted": ["a > 1"]}]}) == (
        RequiresLayer("s", ("a",), ("a > 1",)),
    )


@given(st.text(max_size=300))
def test_any_text_is_cut_without_an_error(text: str) -> None:
    cut = compiled_spec(text)
    assert "%changelog\n" not in cut
    assert len(cut) <= len(text) + 1


@pytest.mark.parametrize("name", ["rpm_phases.sh", "config.site"])
def test_the_scripts_are_shell(name: str) -> None:
    path = Path(spec_form.__file__).with_name(name)
    assert subprocess.run(["sh", "-n", str(path)], check=False).returncode == 0
    assert re.match(r"#", path.read_text())
