"""A build's log on disk: what was written is read, whole, in order and by its number."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from eulermaker.features.builds.log import BLOCK, Line, LogReader, LogWriter, batch_frame, end_frame, frame

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ROOM = 1 << 30
TEXTS = st.lists(st.text(st.characters() | st.sampled_from('\n\r"\\\u2028\x00{}'), max_size=40), max_size=12)


def output(text: str) -> Line:
    return Line(text, NOW, "output", 2, 4, "builder")


def stored(text: str) -> str:
    """The text as a log keeps it: half a surrogate pair has no encoding."""
    return text.encode("utf-8", "replace").decode()


def told(data: bytes) -> list[tuple[int, str]]:
    """Number and text of each line."""
    assert not data or data.endswith(b"\n")
    frames = [json.loads(line) for line in data.split(b"\n")[:-1]]
    return [(frame["seq"], frame["data"]) for frame in frames]


def read_all(reader: LogReader, size: int = 1 << 20) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    while data := reader.read(size):
        found += told(data)
    return found


@contextmanager
def log_of(texts: list[str], *, at_once: bool = True) -> Iterator[Path]:
    """A log with those lines."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "log.ndjson"
        with LogWriter(path, max_bytes=ROOM) as writer:
            for group in [texts] if at_once else [[text] for text in texts]:
                assert writer.append(map(output, group)) == len(group)
            assert writer.seq == len(texts)
        yield path


@given(texts=TEXTS, size=st.integers(1, 200), at_once=st.booleans())
def test_what_was_written_is_read_in_order_whatever_the_size_of_the_reads(
    texts: list[str], size: int, at_once: bool
) -> None:
    with log_of(texts, at_once=at_once) as path, LogReader(path) as reader:
        assert read_all(reader, size) == [(n + 1, stored(text)) for n, text in enumerate(texts)]
        assert reader.seq == len(texts)


@given(texts=TEXTS)
def test_each_number_is_found(texts: list[str]) -> None:
    lines = [(n + 1, stored(text)) for n, text in enumerate(texts)]
    with log_of(texts) as path:
        for seq in range(-1, len(texts) + 1):
            with LogReader(path) as reader:
                reader.after(seq)
                assert reader.seq == max(0, seq)
                assert read_all(reader) == lines[max(0, seq) :]
        for count in range(len(texts) + 2):
            with LogReader(path) as reader:
                reader.tail(count)
                assert read_all(reader) == (lines[-count:] if count else [])


@settings(max_examples=20)
@given(lengths=st.lists(st.sampled_from([0, 1, BLOCK - 100, BLOCK - 80, BLOCK, 3 * BLOCK]), max_size=5))
def test_huge_lines_are_found_by_number_too(lengths: list[int]) -> None:
    texts = ["x" * length for length in lengths]
    with log_of(texts) as path:
        for seq in range(len(texts) + 1):
            with LogReader(path) as reader:
                reader.after(seq)
                assert read_all(reader, 1000) == [(n + 1, texts[n]) for n in range(seq, len(texts))]


@pytest.mark.parametrize("texts", [["a"], ["a", "构建 \n 二", ""], ["x" * 200, "y", 'z"}\n{"seq":9,']])
def test_a_death_at_any_byte_costs_only_the_line_that_was_not_shown(texts: list[str]) -> None:
    with log_of(texts) as path:
        whole = path.read_bytes()
        for size in range(len(whole) + 1):
            path.write_bytes(whole[:size])
            lines = [(n + 1, stored(texts[n])) for n in range(whole[:size].count(b"\n"))]
            _reads(path, lines)
            with LogWriter(path, max_bytes=ROOM) as writer:
                assert writer.seq == len(lines)
                writer.append([output("after the restart")])
            _reads(path, [*lines, (len(lines) + 1, "after the restart")])


def _reads(path: Path, lines: list[tuple[int, str]]) -> None:
    for seq in range(len(lines) + 1):
        with LogReader(path) as reader:
            reader.after(seq)
            assert read_all(reader) == lines[seq:]
    with LogReader(path) as reader:
        reader.tail(2)
        assert read_all(reader) == lines[-2:]


@given(texts=st.lists(st.text(max_size=10), min_size=1, max_size=4), cut=st.data())
def test_a_follower_sees_a_line_only_when_it_is_whole(texts: list[str], cut: st.DataObject) -> None:
    with log_of(texts) as source, TemporaryDirectory() as folder:
        whole, path = source.read_bytes(), Path(folder) / "log"
        path.touch()
        with LogReader(path) as reader, path.open("ab", buffering=0) as file:
            seen: list[tuple[int, str]] = []
            at = 0
            while at < len(whole):
                step = cut.draw(st.integers(1, len(whole) - at))
                file.write(whole[at : at + step])
                at += step
                seen += read_all(reader, 16)
                assert len(seen) == whole[:at].count(b"\n") == reader.seq
        assert seen == [(n + 1, stored(text)) for n, text in enumerate(texts)]


def test_a_reader_may_come_before_the_log(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with LogReader(path) as reader:
        reader.after(0)
        assert reader.read() == b""
        with LogWriter(path, max_bytes=ROOM) as writer:
            writer.append([output("first")])
        assert read_all(reader) == [(1, "first")]


@pytest.mark.parametrize("there", [0, 1, 3])
def test_a_number_that_no_line_has_yet_miscounts_nothing(there: int, tmp_path: Path) -> None:
    path = tmp_path / "log"
    with LogReader(path) as before, LogWriter(path, max_bytes=ROOM) as writer, LogReader(path) as reader:
        writer.append([output("early")] * there)
        for follower in (before, reader):
            follower.after(10)
        writer.append([output("late")] * 2)
        for follower in (before, reader):
            lines = read_all(follower)
            assert not lines or lines[-1][0] == follower.seq


def test_a_number_whose_line_is_torn_is_followed_from_a_lines_start(tmp_path: Path) -> None:
    path = tmp_path / "log"
    whole = frame(1, output("first")).encode()
    path.write_bytes(whole + frame(2, output("second")).encode()[:20])
    with LogReader(path) as reader:
        reader.after(2)
        with LogWriter(path, max_bytes=ROOM) as writer:
            writer.append([output("second, after the restart"), output("third")])
        assert [text for _, text in read_all(reader)][-1] == "third"


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        LogWriter(tmp_path / "log", max_bytes=ROOM).__exit__(None, None, None)
    finally:
        os.umask(before)
    assert (tmp_path / "log").stat().st_mode & 0o777 == 0o600


def test_a_full_log_takes_no_more_output_but_how_the_build_ends(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with LogWriter(path, max_bytes=1000) as writer:
        kept = sum(writer.append([output("x" * 50)]) for _ in range(100))
        assert 0 < kept < 10
        assert writer.full
        assert writer.append([output("lost"), Line("Build failed", NOW, "status")]) == 1
        assert writer.seq == kept + 1
    with LogWriter(path, max_bytes=1000) as again, LogReader(path) as reader:
        assert again.full
        assert [seq for seq, _ in read_all(reader)] == list(range(1, kept + 2))


@given(text=st.text(), stage=st.none() | st.text(min_size=1), cached=st.booleans(), seconds=st.floats(0, 1e6))
@example(text="\ud800", stage=None, cached=True, seconds=0)
def test_a_frame_is_one_line_of_json(text: str, stage: str | None, cached: bool, seconds: float) -> None:
    line = Line(text, NOW, "step", 2, 4, stage, cached, seconds)
    written = frame(7, line)
    assert written.count("\n") == 1
    assert json.loads(written) == {
        "seq": 7,
        "type": "log",
        "timestamp": "2026-11-20T12:00:00.000Z",
        "data": text,
        "kind": "step",
        "step": 2,
        "steps": 4,
        "stage": stage,
        "cached": cached,
        "duration": pytest.approx(seconds, abs=0.001),
    }


def test_a_line_outside_of_steps_has_no_step() -> None:
    assert json.loads(frame(1, Line("queued", NOW, "status"))) == {
        "seq": 1,
        "type": "log",
        "timestamp": "2026-11-20T12:00:00.000Z",
        "data": "queued",
        "kind": "status",
    }
    assert json.loads(end_frame(9, "success")) == {"seq": 9, "type": "end", "status": "success"}


@given(texts=TEXTS.filter(bool))
def test_many_lines_make_one_frame(texts: list[str]) -> None:
    with log_of(texts) as path, LogReader(path) as reader:
        batch = json.loads(batch_frame(reader.read(1 << 20)))
    assert batch["type"] == "logs"
    assert [line["data"] for line in batch["lines"]] == [stored(text) for text in texts]
