"""Optimized Dockerfiles of the corpus: still Dockerfiles, done once, and told as a diff."""

from pathlib import Path, PurePosixPath

import pytest

from eulermaker.features.optimizer.service import analyze
from eulermaker.features.optimizer.surroundings import Surroundings
from eulermaker.formats.dockerfile import DockerfileError, parse

CORPUS = sorted((Path(__file__).parents[2] / "formats" / "corpus").rglob("*"))
SURROUNDINGS = Surroundings(
    files={PurePosixPath("requirements.txt"): b"flask\n"}, tenant="tenant", architecture="amd64"
)


def texts() -> dict[str, str]:
    """The corpus's Dockerfiles that an engine takes."""
    found: dict[str, str] = {}
    for path in CORPUS:
        if path.is_file():
            text = path.read_bytes().decode("utf-8", "surrogateescape")
            try:
                parse(text)
            except DockerfileError:
                continue
            found[path.name] = text
    return found


@pytest.mark.parametrize("text", texts().values(), ids=texts().keys())
def test_what_comes_out_can_be_built_and_is_left_alone_the_next_time(text: str) -> None:
    found = analyze(text, SURROUNDINGS)
    again = analyze(found.optimized, SURROUNDINGS)
    assert again.optimized == found.optimized
    assert bool(found.diff) == bool(found.applied)
    before, after = parse(text), parse(found.optimized)
    assert len(after.stages) == len(before.stages)
    assert [stage.base for stage in after.stages] == [stage.base for stage in before.stages]


def test_the_corpus_is_there() -> None:
    assert len(texts()) > 20
