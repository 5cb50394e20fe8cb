"""Logs: the engine's frames become lines wherever they are cut, and known lines are known again."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from eulermaker.engines.containers import LogLine
from eulermaker.engines.docker.output import PIECE, MultiplexedLog, TerminalLog
from eulermaker.features.containers.logs import REMEMBERED, Position
from eulermaker.features.containers.notation import engine_moment


def stamp(number: int) -> str:
    """A moment of the engine's."""
    return f"2026-11-20T11:{number // 60_000 % 60:02}:{number // 1000 % 60:02}.{number % 1000:03}000000Z"


def line(number: int, text: str | None = None) -> LogLine:
    """A numbered line."""
    return LogLine(stamp(number), "stdout", (text or f"line {number}").encode())


def frame(stream: int, data: bytes) -> bytes:
    """One frame of the engine's."""
    return bytes([stream, 0, 0, 0]) + len(data).to_bytes(4) + data


def cut(data: bytes, chance: random.Random) -> list[bytes]:
    """The bytes in pieces."""
    ends = sorted(chance.randrange(len(data) + 1) for _ in range(20))
    return [data[a:b] for a, b in zip([0, *ends], [*ends, len(data)], strict=True)]


@given(
    st.lists(
        st.tuples(st.booleans(), st.text(st.characters(codec="utf-8", exclude_characters="\n"))), max_size=20
    ),
    st.randoms(),
)
def test_frames_cut_anywhere_are_the_same_lines(
    written: list[tuple[bool, str]], chance: random.Random
) -> None:
    lines = [
        LogLine(stamp(n), "stderr" if error else "stdout", text.encode())
        for n, (error, text) in enumerate(written)
    ]
    data = b"".join(
        frame(2 if one.stream == "stderr" else 1, f"{one.at} ".encode() + one.text + b"\n") for one in lines
    )
    log = MultiplexedLog()
    assert [one for piece in cut(data, chance) for one in log.read(piece)] == lines
    assert not log.end()


def test_a_long_line_comes_whole_without_the_times_inside_it() -> None:
    text = "长".encode() * PIECE
    pieces = [text[i : i + PIECE] for i in range(0, len(text), PIECE)]
    at = f"{stamp(1)} ".encode()
    framed = b"".join(frame(1, at + piece) for piece in [*pieces[:-1], pieces[-1] + b"\n"])
    assert MultiplexedLog().read(framed) == [LogLine(stamp(1), "stdout", text)]
    assert TerminalLog().read(at + at.join(pieces) + b"\r\n") == [LogLine(stamp(1), "stdout", text)]


def test_a_last_line_without_an_end_is_told_at_the_end() -> None:
    log = MultiplexedLog()
    assert not log.read(frame(1, f"{stamp(1)} prompt> ".encode()))
    assert log.end() == [LogLine(stamp(1), "stdout", b"prompt> ")]


def test_lines_that_come_again_are_dropped_and_new_ones_kept() -> None:
    position = Position(None)
    position.take([line(n) for n in range(1, 1001)])
    position.reopen()
    again = [line(n) for n in range(600, 1101)]
    since = position.since
    assert since is not None
    lines, gap = position.take([one for one in again if not before(one, since)])
    assert (lines, gap) == ([line(n) for n in range(1001, 1101)], False)
    assert position.take([line(1101)]) == ([line(1101)], False)


def test_lines_cut_off_by_rotation_are_told_as_a_gap() -> None:
    position = Position(None)
    position.take([line(n) for n in range(1, 11)])
    position.reopen()
    assert position.take([line(n) for n in range(20, 25)]) == ([line(n) for n in range(20, 25)], True)
    position.reopen()
    # Much is gone, and nothing that was not seen.
    assert position.take([line(24), line(25)]) == ([line(25)], False)


def test_the_same_text_at_the_same_time_counts_as_often_as_it_was_written() -> None:
    position = Position(None)
    position.take([line(1, "x"), line(2, "x"), line(2, "x")])
    position.reopen()
    lines, gap = position.take([line(1, "x"), line(2, "x"), line(2, "x"), line(2, "x")])
    assert (lines, gap) == ([line(2, "x")], False)


def test_a_file_that_the_engine_begins_anew_is_told_once() -> None:
    position = Position(None)
    whole = [line(n) for n in range(3 * REMEMBERED)]
    assert position.take(whole) == (whole, False)
    assert position.take(whole[REMEMBERED:]) == ([], False)
    assert position.take([line(3 * REMEMBERED)]) == ([line(3 * REMEMBERED)], False)


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 3 * REMEMBERED), st.integers(0, 50), st.randoms())
def test_whatever_the_cut_nothing_is_lost_or_doubled(seen: int, more: int, chance: random.Random) -> None:
    # Several lines share a moment, as with a coarse clock.
    written = [LogLine(stamp(n // chance.choice((1, 1, 3))), "stdout", b"%d" % n) for n in range(seen + more)]
    written.sort(key=lambda one: one.at)
    position = Position(None)
    position.take(written[:seen])
    position.reopen()
    since = position.since
    assert since is not None
    lines, gap = position.take([one for one in written if not before(one, since)])
    assert (list(lines), gap) == (written[seen:], False)


def before(one: LogLine, since: str) -> bool:
    """Whether the engine leaves the line out for that `since`."""
    return engine_moment(one.at) < since
