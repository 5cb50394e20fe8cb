"""A build's context: what came is what the engine gets, and nothing else."""

import io
import tarfile
from collections.abc import AsyncIterator, Mapping
from functools import partial
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eulermaker.features.builds.faults import BUILD_NOT_FOUND, CONTEXT_TOO_LARGE
from eulermaker.features.builds.files import CHUNK, BuildFiles, ContextArchive
from eulermaker.features.builds.rules import context_path
from eulermaker.kernel.faults import Fault, InvalidFields

DOCKERFILE = "FROM scratch\nCOPY . /\n"
BUILD = "build_1"


def archived(
    root: Path, context: Mapping[str, bytes], *, dockerfile: str = DOCKERFILE
) -> tuple[str, tarfile.TarFile]:
    """The Dockerfile's name and the archive of a build with that context."""
    return anyio.run(partial(_archived, root, context, dockerfile))


async def _archived(root: Path, context: Mapping[str, bytes], dockerfile: str) -> tuple[str, tarfile.TarFile]:
    files = BuildFiles(root, max_context_bytes=1 << 30)
    await files.create(BUILD, dockerfile, {PurePosixPath(path): content for path, content in context.items()})
    archive = ContextArchive(files, BUILD, dockerfile)
    content = b"".join([block async for block in archive.stream()])
    return archive.dockerfile, tarfile.open(fileobj=io.BytesIO(content), mode="r:")


def contents(archive: tarfile.TarFile) -> dict[str, bytes]:
    found = {}
    for member in archive:
        if member.isfile():
            file = archive.extractfile(member)
            assert file is not None
            assert member.name not in found
            found[member.name] = file.read()
    return found


PARTS = st.text(
    st.characters(codec="utf-8", exclude_characters="/\\") | st.sampled_from("构é .!*#"),
    min_size=1,
    max_size=60,
)
PATHS = (
    st.lists(PARTS, min_size=1, max_size=5).map("/".join).filter(lambda path: context_path(path) is not None)
)
CONTEXTS = st.dictionaries(
    PATHS.map(lambda path: str(context_path(path))), st.binary(max_size=2000), max_size=8
)


def without_clashes(context: dict[str, bytes]) -> dict[str, bytes]:
    folders = {str(parent) for path in context for parent in PurePosixPath(path).parents}
    return {path: content for path, content in context.items() if path not in folders}


@settings(max_examples=50, deadline=None)
@given(CONTEXTS.map(without_clashes))
def test_every_file_arrives_under_its_name(context: dict[str, bytes]) -> None:
    context.pop(".dockerignore", None)
    with TemporaryDirectory() as root:
        name, archive = archived(Path(root), context)
        assert contents(archive) == {name: DOCKERFILE.encode(), **context}


def test_folders_come_before_their_files_and_modes_are_the_same_each_time(tmp_path: Path) -> None:
    context = {"src/deep/run.sh": b"#!/bin/sh\n", "src/a.c": b"int a;", "empty": b""}
    _, archive = archived(tmp_path, context)
    members = [(member.name, member.type, member.mode, member.mtime) for member in archive]
    folder, file = tarfile.DIRTYPE, tarfile.REGTYPE
    assert members == [
        ("Dockerfile", file, 0o644, 0),
        ("empty", file, 0o644, 0),
        ("src", folder, 0o755, 0),
        ("src/a.c", file, 0o644, 0),
        ("src/deep", folder, 0o755, 0),
        ("src/deep/run.sh", file, 0o755, 0),
    ]


@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 7])
def test_sizes_around_every_border_arrive_whole(size: int, tmp_path: Path) -> None:
    content = bytes(n % 251 for n in range(size))
    name, archive = archived(tmp_path, {"a": content, "z": b"last"})
    assert contents(archive) == {name: DOCKERFILE.encode(), "a": content, "z": b"last"}


def test_long_and_foreign_names_are_read_back(tmp_path: Path) -> None:
    context = {
        "构建/" + "目录/" * 30 + "文件 é.txt": b"1",
        "/".join(["d" * 100] * 9): b"2",
        "n" * 255: b"3",
    }
    name, archive = archived(tmp_path, context)
    assert contents(archive) == {name: DOCKERFILE.encode(), **context}


def test_dockerignore_is_honoured(tmp_path: Path) -> None:
    context = {
        ".dockerignore": b"*.log\nbuild/\n!build/keep\n# comment\n**/*.tmp\n",
        "a.log": b"",
        "deep/a.log": b"kept: the pattern is for the root",
        "build/x": b"",
        "build/keep": b"kept",
        "deep/er/x.tmp": b"",
    }
    _, archive = archived(tmp_path, context)
    assert set(contents(archive)) == {"Dockerfile", ".dockerignore", "deep/a.log", "build/keep"}


def test_the_dockerfile_comes_along_even_when_all_is_ignored(tmp_path: Path) -> None:
    name, archive = archived(tmp_path, {".dockerignore": b"*\n", "Dockerfile": DOCKERFILE.encode(), "a": b""})
    assert contents(archive) == {name: DOCKERFILE.encode()}


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        ({}, "Dockerfile"),
        ({"Dockerfile": DOCKERFILE.encode()}, "Dockerfile"),
        ({"Dockerfile": b"FROM other\n"}, ".eulermaker.Dockerfile"),
        ({"Dockerfile": b"x", ".eulermaker.Dockerfile": b"y"}, ".eulermaker..eulermaker.Dockerfile"),
        ({"dockerfile": b"FROM other\n"}, "Dockerfile"),
    ],
)
def test_the_contexts_own_dockerfile_is_left_alone(
    context: dict[str, bytes], expected: str, tmp_path: Path
) -> None:
    name, archive = archived(tmp_path, context)
    assert name == expected
    assert contents(archive) == {name: DOCKERFILE.encode(), **context}


def test_a_dockerfile_keeps_its_line_ends(tmp_path: Path) -> None:
    name, archive = archived(tmp_path, {}, dockerfile="FROM scratch\r\n# é\r\n")
    assert contents(archive)[name] == "FROM scratch\r\n# é\r\n".encode()


async def body(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def torn(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk
    raise ConnectionResetError


@pytest.fixture
async def files(tmp_path: Path) -> BuildFiles:
    """The files of one build that may have a context of 100 bytes."""
    made = BuildFiles(tmp_path, max_context_bytes=100)
    await made.create(BUILD, DOCKERFILE, {PurePosixPath("there"): b"x" * 40})
    return made


async def upload(files: BuildFiles, path: str, content: AsyncIterator[bytes]) -> int:
    async with files.upload(BUILD, PurePosixPath(path), content) as received:
        await received.place()
        return received.size


def kept(files: BuildFiles) -> set[str]:
    return {
        path.relative_to(files.of(BUILD)).as_posix() for path in files.of(BUILD).rglob("*") if path.is_file()
    }


@pytest.mark.anyio
async def test_an_upload_is_there_whole(files: BuildFiles) -> None:
    assert await upload(files, "a/b.tar", body(b"abc", b"", b"def")) == 6
    assert (files.context(BUILD) / "a/b.tar").read_bytes() == b"abcdef"
    assert await upload(files, "a/b.tar", body(b"new")) == 3
    assert (files.context(BUILD) / "a/b.tar").read_bytes() == b"new"
    assert kept(files) == {"Dockerfile", "context/there", "context/a/b.tar"}


@pytest.mark.anyio
async def test_a_cut_off_upload_leaves_nothing(files: BuildFiles) -> None:
    before = kept(files)
    with pytest.raises(ConnectionResetError):
        await upload(files, "a", torn(b"half"))
    assert kept(files) == before


@pytest.mark.anyio
async def test_the_bound_is_for_the_whole_context(files: BuildFiles) -> None:
    before = kept(files)
    with pytest.raises(Fault) as fault:
        await upload(files, "a", body(b"x" * 30, b"x" * 31))
    assert fault.value.entry is CONTEXT_TOO_LARGE
    assert fault.value.facts["limit"] == 100
    assert kept(files) == before
    assert await upload(files, "a", body(b"x" * 60)) == 60
    # What is replaced does not count.
    assert await upload(files, "there", body(b"y" * 40)) == 40


@pytest.mark.anyio
@pytest.mark.parametrize("path", ["there/below", "folder"])
async def test_a_path_in_the_way_is_a_refused_field(path: str, files: BuildFiles) -> None:
    await upload(files, "folder/file", body(b""))
    before = kept(files)
    with pytest.raises(InvalidFields) as fault:
        await upload(files, path, body(b"x"))
    assert [error.field for error in fault.value.errors] == [f"context_files.{path}"]
    assert kept(files) == before


@pytest.mark.anyio
async def test_a_start_forgets_what_was_cut_off(files: BuildFiles) -> None:
    (files.of(BUILD) / "upload-7f.part").write_bytes(b"half")
    await files.create("build_gone", DOCKERFILE, {})
    await files.forget_half_made({BUILD})
    assert kept(files) == {"Dockerfile", "context/there"}
    assert not files.of("build_gone").exists()
    await files.remove(BUILD)
    await files.remove(BUILD)
    assert not files.of(BUILD).exists()


async def _deleted_while(root: Path, placing: bool) -> None:
    files = BuildFiles(root, max_context_bytes=1 << 20)
    await files.create(BUILD, DOCKERFILE, {})

    async def body() -> AsyncIterator[bytes]:
        yield b"x"
        if not placing:
            await files.remove(BUILD)

    async with files.upload(BUILD, PurePosixPath("new/folder/file"), body()) as upload:
        if placing:
            await files.remove(BUILD)
        await upload.place()


@pytest.mark.parametrize("placing", [True, False], ids=["before it is placed", "while it comes"])
def test_a_file_of_a_build_that_is_deleted_meanwhile_leaves_nothing(tmp_path: Path, placing: bool) -> None:
    with pytest.raises(Fault) as fault:
        anyio.run(_deleted_while, tmp_path, placing)
    assert fault.value.entry is BUILD_NOT_FOUND
    assert list(tmp_path.iterdir()) == []


def test_the_context_of_a_deleted_build_is_empty(tmp_path: Path) -> None:
    assert BuildFiles(tmp_path, max_context_bytes=1).context_paths(BUILD) == []
    (tmp_path / BUILD).mkdir()
    (tmp_path / BUILD / "context").write_text("no folder")
    with pytest.raises(NotADirectoryError):
        BuildFiles(tmp_path, max_context_bytes=1).context_paths(BUILD)


def test_what_a_death_left_of_a_removal_goes_with_the_next_start_or_removal(tmp_path: Path) -> None:
    files = BuildFiles(tmp_path, max_context_bytes=1 << 20)
    (tmp_path / f"{BUILD}.gone" / "context").mkdir(parents=True)
    anyio.run(files.create, BUILD, DOCKERFILE, {})
    anyio.run(files.remove, BUILD)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / f"{BUILD}.gone" / "context").mkdir(parents=True)
    anyio.run(files.forget_half_made, {BUILD})
    assert list(tmp_path.iterdir()) == []


async def _two_at_once(root: Path) -> None:
    files = BuildFiles(root, max_context_bytes=100)
    await files.create(BUILD, DOCKERFILE, {})
    async with (
        files.upload(BUILD, PurePosixPath("a"), body(b"x" * 60)) as first,
        files.upload(BUILD, PurePosixPath("b"), body(b"x" * 60)) as second,
    ):
        await first.place()
        await second.place()


def test_files_that_come_at_once_share_the_room(tmp_path: Path) -> None:
    with pytest.raises(Fault) as fault:
        anyio.run(_two_at_once, tmp_path)
    assert fault.value.entry is CONTEXT_TOO_LARGE
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["Dockerfile", "a"]
