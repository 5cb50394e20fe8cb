"""Decisions about builds, tried on everything that hypothesis can think of."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby, pairwise
from pathlib import Path, PurePosixPath

import anyio
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from eulermaker.engines.docker.connection import Connection, EngineAnswer
from eulermaker.features.builds.rules import (
    MAX_PART,
    MAX_PATH,
    MAX_REFERENCE,
    State,
    Waiting,
    context_path,
    image_tag,
    line_up,
    names_binary,
    retry_delay,
    unique_names,
)
from tests.engines.conftest import HOST, context, stream
from tests.server import IMAGE

START = datetime(2026, 11, 20, tzinfo=UTC)
OWNERS = ["ann", "bo", "cy"]
QUEUES = st.lists(st.tuples(st.sampled_from(OWNERS), st.integers(0, 5)), max_size=15).map(
    lambda rows: [
        Waiting(f"build_{n}", owner, START + timedelta(seconds=at)) for n, (owner, at) in enumerate(rows)
    ]
)
SERVED = st.dictionaries(
    st.sampled_from(OWNERS), st.integers(0, 5).map(lambda at: START + timedelta(seconds=at))
)


def by_owner(queue: Sequence[Waiting], owner: str) -> list[str]:
    """The owner's builds as they came."""
    mine = [build for build in queue if build.owner == owner]
    return [build.id for build in sorted(mine, key=lambda build: (build.queued_at, build.id))]


@given(queue=QUEUES, served=SERVED)
def test_everybody_is_in_the_line_once_and_each_owners_builds_keep_their_order(
    queue: list[Waiting], served: dict[str, datetime]
) -> None:
    order = line_up(queue, served)
    assert sorted(order) == sorted(build.id for build in queue)
    for owner in OWNERS:
        mine = by_owner(queue, owner)
        assert [build for build in order if build in mine] == mine


@given(queue=QUEUES, served=SERVED)
def test_nobody_is_served_twice_while_another_waits(
    queue: list[Waiting], served: dict[str, datetime]
) -> None:
    owner_of = {build.id: build.owner for build in queue}
    order = [owner_of[build] for build in line_up(queue, served)]
    for end in range(len(order) + 1):
        given_ = {owner: order[:end].count(owner) for owner in OWNERS}
        left = {owner for owner in OWNERS if owner in order[end:]}
        for waiting in left:
            assert max(given_.values()) - given_[waiting] <= 1


@given(queue=QUEUES, served=SERVED)
def test_who_was_served_longest_ago_comes_first(queue: list[Waiting], served: dict[str, datetime]) -> None:
    owner_of = {build.id: build.owner for build in queue}
    waiting = {build.owner for build in queue}
    first = [owner_of[build] for build in line_up(queue, served)][: len(waiting)]
    assert set(first) == waiting
    long_ago = START - timedelta(days=1)
    for earlier, later in pairwise(first):
        assert served.get(earlier, long_ago) <= served.get(later, long_ago)


@given(queue=QUEUES, served=SERVED, seed=st.randoms())
def test_the_line_does_not_depend_on_how_it_was_read(
    queue: list[Waiting], served: dict[str, datetime], seed: object
) -> None:
    shuffled = sorted(queue, key=lambda build: hash((id(seed), build.id)))
    assert line_up(shuffled, served) == line_up(queue, served)


def test_states_that_are_the_end() -> None:
    terminal = {state for state in State if state.terminal}
    assert terminal == {State.SUCCESS, State.FAILED, State.CANCELLED, State.TIMEOUT}


def test_the_delay_doubles_up_to_half_a_minute() -> None:
    assert [retry_delay(n).total_seconds() for n in range(8)] == [1, 1, 2, 4, 8, 16, 30, 30]


PATHS = st.text(st.sampled_from("ab./\\ \x00\n~构") | st.characters(), max_size=20)


@given(PATHS)
@example("..")
@example("a/../../b")
@example("./../a")
@example("a/..")
@example("/etc/passwd")
@example("a\\..\\..\\b")
@example("\ud800")
@example("." * 300)
def test_no_path_leaves_the_context(path: str) -> None:
    plain = context_path(path)
    if plain is None:
        return
    root = Path("/context")
    assert Path(f"{root}/{path}").resolve().is_relative_to(root)
    assert (root / plain).resolve() == Path(f"{root}/{path}").resolve() != root
    assert context_path(str(plain)) == plain
    str(plain).encode()


@pytest.mark.parametrize(
    "path", ["a", "a/b.txt", ".dockerignore", "..a", "a..", "...", "名/文 件", "a" * MAX_PART]
)
def test_ordinary_paths_are_taken_as_they_are(path: str) -> None:
    assert context_path(path) == PurePosixPath(path)


@pytest.mark.parametrize("path", ["./a", "a//b", "a/./b"])
def test_paths_are_made_plain(path: str) -> None:
    assert str(context_path(path)) in ("a", "a/b")


@pytest.mark.parametrize(
    "path", ["", ".", "/", "a/", "/a", "../a", "a/../b", "a\x00b", "a\nb", "构" * 86, "a/" * 600 + "a", "\\a"]
)
def test_what_no_file_can_have_or_what_leaves_is_refused(path: str) -> None:
    assert context_path(path) is None


@given(st.lists(st.text(st.sampled_from("ab"), min_size=MAX_PART, max_size=MAX_PART), min_size=4, max_size=5))
def test_a_path_that_is_taken_can_be_made(parts: list[str]) -> None:
    path = "/".join(parts)
    assert (context_path(path) is None) == (len(path) > MAX_PATH)


NAMES = [
    "a", "A", "a/b", "Foo/bar", "foo.com/Bar", "foo.com/bar", "FOO.com/bar", "-foo/bar", "foo-/bar",
    "foo-.com/bar", "-foo.com/a", "localhost/a", "localhost:5000/a", "a:1", "a:", "a:-1", "a:.x", "a:_x",
    "a__b", "a___b", "a_b", "a..b", "a.b", "a--b", "a---b", "-a", "a-", "a.", "a/", "/a", "a//b", "ä",
    "a:" + "x" * 128, "a:" + "x" * 129, "a" * 237, "a" * 238, "a" * 256, "0" * 64, "a b", "a\n", "a@b",
    "a:1:2", "host:port/a", "1.2.3.4:80/a", "Host:80/a", "HOST/a", "library/a", "docker.io/a", "a.b/c",
    "foo:80/bar:tag", "[::1]:5000/a", "a%b", "UPPER", "name:TAG", "e-1_2.3", "scratch",
    "a@sha256:" + "0" * 64,
]  # fmt: skip


def test_the_engine_agrees_on_every_name() -> None:
    """Asked by builds that fail before they make an image: names are checked first."""
    accepted = {name: image_tag(name) is not None for name in NAMES}
    assert accepted == anyio.run(_engines_opinion)


async def _engines_opinion() -> dict[str, bool]:
    http = Connection(HOST)
    try:
        return {name: await _is_accepted(http, name) for name in NAMES}
    finally:
        await http.close()


async def _is_accepted(http: Connection, name: str) -> bool:
    tar = stream(context({"Dockerfile": f"FROM {IMAGE}\nCOPY missing /\n"}))
    # A trailing newline would be lost on the way; the engine is asked about what we would send.
    query = {"version": "1", "t": name if ":" in name.rpartition("/")[2] else f"{name}:latest"}
    try:
        async with http.request("POST", "/build", query=query, stream=tar) as answer:
            assert b"errorDetail" in await answer.read()
    except EngineAnswer as error:
        refusal = error.message
    else:
        return True
    assert any(told in refusal for told in ("reference", "repository name", "digest")), refusal
    return False


@given(st.from_regex(r"\A[a-z0-9._/:-]{1,40}\Z"))
def test_a_tag_is_whole_and_stays_what_it_is(name: str) -> None:
    tag = image_tag(name)
    if tag is not None:
        assert tag in (name, f"{name}:latest")
        assert image_tag(tag) == tag


@given(st.integers(1, 300), st.integers(0, 128))
def test_a_tag_fits_where_it_is_stored(length: int, tag_length: int) -> None:
    name = "a" * length + (":" + "t" * tag_length if tag_length else "")
    tag = image_tag(name)
    assert (tag is not None) == (len(name) <= MAX_REFERENCE)
    assert tag is None or len(tag) <= 255


def test_a_name_that_reads_as_a_digest_is_refused() -> None:
    assert image_tag("sha256:" + "0" * 64) is None
    assert image_tag("sha256") is None


def test_archives_are_known_by_their_names() -> None:
    assert names_binary(PurePosixPath("a/hello-2.10.TAR.GZ"))
    assert names_binary(PurePosixPath("x.src.rpm"))
    assert not names_binary(PurePosixPath("a.tar/hello.c"))


@given(
    st.lists(
        st.lists(st.sampled_from(["a", "b", "output"]), min_size=1, max_size=5).map("/".join), unique=True
    )
)
@example(["output/a/b", "output/a/output/b", "output/b"])
def test_every_artifact_has_a_name_of_its_own_that_ends_its_path(paths: list[str]) -> None:
    rooted = [f"/{path}" for path in paths]
    names = unique_names(rooted)
    assert set(names) == set(rooted)
    assert len(set(names.values())) == len(names)
    for path, name in names.items():
        assert path.endswith(f"/{name}")


@given(st.lists(st.text(st.sampled_from("abc"), min_size=1), unique=True, max_size=6))
def test_a_base_name_that_is_unique_is_the_name(bases: list[str]) -> None:
    paths = [f"/output/{n}/{base}" for n, base in enumerate(bases)]
    assert unique_names(paths) == dict(zip(paths, bases, strict=True))
    assert [key for key, _ in groupby(unique_names(paths))] == list(unique_names(paths))
