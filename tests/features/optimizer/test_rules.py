"""Each rule: what it speaks of, and what it is silent about."""

from pathlib import PurePosixPath

import pytest

from eulermaker.features.optimizer.rules import RULES
from eulermaker.features.optimizer.service import spec_findings
from eulermaker.formats.spec import parse_spec
from tests.features.optimizer.dockerfiles import analysis, slugs

#: rule → a Dockerfile that it speaks of, and one that it has nothing to say of.
TABLE: dict[str, tuple[str, str]] = {
    "package-cache": ("RUN dnf install -y gcc", "RUN make"),
    "dependencies-late": ("WORKDIR /s\nCOPY . .\nRUN pip install -e .", "COPY a a\nRUN pip install -e ."),
    "add-for-copy": ("ADD a /b", "ADD a.tar.gz /b"),
    "changed-after-copy": ("COPY a /b\nRUN chown -R x /b", "COPY --chown=x a /b\nRUN make"),
    "index-apart": ("RUN apt-get update", "RUN apt-get update && apt-get install -y x"),
    "install-asks": ("RUN dnf install gcc", "RUN dnf install -y gcc"),
    "recommends": ("RUN apt-get install -y x", "RUN apt-get install -y --no-install-recommends x"),
    "pipe-hides-failure": ("RUN curl x | sh", "RUN set -o pipefail; curl x | sh"),
    "sudo": ("RUN sudo make", "RUN make"),
    "cd-alone": ("RUN cd /x", "RUN cd /x && make"),
    "secret-in-image": ("ENV DB_PASSWORD=x", "ARG DB_PASSWORD"),
    "maintainer": ("MAINTAINER me", "LABEL maintainer=me"),
    "relative-workdir": ("WORKDIR src", "WORKDIR /src"),
    "overridden": ("CMD a\nCMD b", "CMD a"),
    "runs-apart": ("RUN a\nRUN b\nRUN c", "RUN a\nRUN b\nENV x=1\nRUN c"),
}
WHOLE: dict[str, tuple[str, str]] = {
    "base-unpinned": ("FROM openeuler/openeuler:latest\n", "FROM openeuler/openeuler:24.03\n"),
    "stage-unused": (
        "FROM base:1 AS a\nFROM base:1 AS b\n",
        "FROM base:1 AS a\nFROM base:1 AS c\nFROM a\nCOPY --from=1 x x\n",
    ),
}
#: rule → a line of a spec that it speaks of, and one that it has nothing to say of.
SPECS: dict[str, tuple[str, str]] = {
    "spec-source-missing": ("Source0: gone.tar.gz", "Source0: there.tar.gz"),
    "spec-serial-make": ("make", "make %{?_smp_mflags}"),
    "spec-obsolete-tag": ("BuildRoot: /tmp/x", "URL: https://example.org"),
}
#: They need to know the context.
WITH_FILES = {"dependencies-first", "no-dockerignore"}
#: What the Dockerfile that is written for a spec does: tests/api/test_spec_phases.py builds with them.
IN_PHASES = {"spec-requires-apart", "spec-phases", "spec-kept-tree"}


def test_every_rule_is_tried() -> None:
    assert TABLE.keys() | WHOLE.keys() | WITH_FILES | SPECS.keys() | IN_PHASES == RULES.keys()


@pytest.mark.parametrize("rule", TABLE)
def test_a_rule_speaks_of_what_it_means_and_nothing_else(rule: str) -> None:
    wrong, right = TABLE[rule]
    assert rule in slugs(f"FROM base:1\n{wrong}\n")
    assert rule not in slugs(f"FROM base:1\n{right}\n")


@pytest.mark.parametrize("rule", WHOLE)
def test_a_rule_speaks_of_stages(rule: str) -> None:
    wrong, right = WHOLE[rule]
    assert rule in slugs(wrong)
    assert rule not in slugs(right)


@pytest.mark.parametrize("rule", SPECS)
def test_a_rule_speaks_of_specs(rule: str) -> None:
    wrong, right = (spec_slugs(f"Name: a\nVersion: 1\nRelease: 1\n{line}\n") for line in SPECS[rule])
    assert wrong == [(4, rule)]
    assert right == []


def test_a_source_named_by_an_unknown_macro_may_be_any_file() -> None:
    text = "Name: a\nVersion: 1\nRelease: 1\nSource0: %{unknown}.tar.gz\n"
    assert spec_slugs(text) == []


def spec_slugs(text: str) -> list[tuple[int, str]]:
    """The rules that say something of a spec whose context has one archive, by line."""
    found = spec_findings(text, parse_spec(text), {PurePosixPath("there.tar.gz")})
    return [(finding.line, finding.rule.slug) for finding in found]


def test_a_context_with_what_nobody_needs_wants_a_dockerignore() -> None:
    text = "FROM base:1\nCOPY . .\n"
    assert "no-dockerignore" in slugs(text, files={".git/HEAD": ""})
    assert "no-dockerignore" not in slugs(text, files={".git/HEAD": "", ".dockerignore": ".git"})
    assert "no-dockerignore" not in slugs(text, files={"main.c": ""})


def test_the_line_is_the_instructions_and_both_languages_have_their_facts() -> None:
    found = analysis("FROM base:1\n\n# x\nENV DB_PASSWORD=x\n").findings
    assert [finding.line for finding in found] == [4]
    for rule in RULES.values():
        assert rule.zh != rule.en
        assert set(_fields(rule.zh)) == set(_fields(rule.en))


def _fields(sentence: str) -> list[str]:
    return [part.split("}")[0] for part in sentence.split("{")[1:]]
