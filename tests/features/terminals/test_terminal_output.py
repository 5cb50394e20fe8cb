"""The output of a terminal, piece by piece: kept, framed, paced, recorded."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eulermaker.features.terminals.recording import Recordings
from eulermaker.features.terminals.rules import HIGH_WATER, overdue, pauses
from eulermaker.features.terminals.schemas import Dimensions
from eulermaker.features.terminals.scrollback import Scrollback
from eulermaker.features.terminals.session import Unframed
from eulermaker.features.terminals.viewer import Viewer
from eulermaker.features.terminals.wire import HEAD, BinaryFraming, JsonFraming
from eulermaker.kernel.call import Principal, Role
from eulermaker.kernel.clock import utc_now
from eulermaker.kernel.settings import Terminals

PIECES = st.lists(st.binary(min_size=1, max_size=40), max_size=40)
OWNER = Principal("user_1", "somebody", "tenant_1", Role.USER, "session_1")


@given(PIECES, st.integers(1, 100))
def test_what_is_kept_is_the_end_of_what_was_added(pieces: list[bytes], capacity: int) -> None:
    """Whatever the pieces: the newest bytes, under their numbers in the whole."""
    scrollback = Scrollback(capacity)
    for piece in pieces:
        scrollback.add(piece)
    whole = b"".join(pieces)
    assert (scrollback.start, scrollback.end) == (max(0, len(whole) - capacity), len(whole))
    assert scrollback.read(scrollback.start, capacity) == whole[-capacity:]
    middle = (scrollback.start + scrollback.end) // 2
    assert scrollback.read(middle, 3) == whole[middle : middle + 3]


@given(
    st.text(st.characters(codec="utf-8"), max_size=50),
    st.lists(st.integers(1, 5), min_size=300, max_size=300),
)
def test_json_frames_hold_whole_characters(text: str, sizes: list[int]) -> None:
    """However the bytes are cut, and every `seq` is a place to resume at."""
    data, framing, seq, shown = text.encode(), JsonFraming(), 0, ""
    for size in sizes:
        piece = data[seq : seq + size]
        if not piece:
            break
        seq += len(piece)
        message = framing.output(piece, seq=seq)
        if message is not None:
            frame = json.loads(message["text"])
            shown += frame["data"]
            assert data[: frame["seq"]].decode() == shown
    assert framing.rest(seq=seq) is None
    assert shown == data.decode()


def test_half_a_character_at_the_end_is_told() -> None:
    """Replaced, since nothing will make it whole."""
    framing = JsonFraming()
    assert framing.output(b"\xe6\xb1", seq=2) is None
    rest = framing.rest(seq=2)
    assert rest is not None
    assert json.loads(rest["text"]) == {"type": "output", "data": "\ufffd", "seq": 2}


def test_binary_frames_are_the_bytes_behind_their_number() -> None:
    """One byte of type, eight of `seq`."""
    message = BinaryFraming().output(b"\xff\x00", seq=300)
    assert message is not None
    assert message["bytes"] == b"\x01" + (300).to_bytes(8) + b"\xff\x00"
    assert HEAD.size == 9


@given(PIECES, st.integers(1, 20))
def test_the_engines_headers_are_taken_out(pieces: list[bytes], size: int) -> None:
    """However the stream is cut."""
    framed = b"".join(bytes([1, 0, 0, 0]) + len(piece).to_bytes(4) + piece for piece in pieces)
    unframed = Unframed()
    cut = [framed[at : at + size] for at in range(0, len(framed), size)]
    assert b"".join(unframed(part) for part in cut) == b"".join(pieces)


def test_reading_stops_and_goes_on_at_different_debts() -> None:
    """Between the two it stays as it was."""
    assert not pauses(100, paused=False, high=100, low=10)
    assert pauses(101, paused=False, high=100, low=10)
    assert pauses(11, paused=True, high=100, low=10)
    assert not pauses(10, paused=True, high=100, low=10)


@pytest.mark.anyio
async def test_a_viewer_owes_what_it_has_not_acknowledged() -> None:
    """While its own input is in the way, only what it was not sent."""
    viewer = Viewer(position=1000, interactive=True, acknowledges=True)
    assert viewer.room == HIGH_WATER
    viewer.sent += 500
    assert (viewer.reached, viewer.room) == (1000, HIGH_WATER - 500)
    viewer.acknowledge(1200)
    viewer.acknowledge(1100)
    assert viewer.reached == 1200
    viewer.acknowledge(10**9)
    assert viewer.reached == 1500
    viewer.sent += 70
    viewer.typing = True
    assert (viewer.reached, viewer.surely_reached) == (1570, 1500)
    silent = Viewer(position=0, interactive=True, acknowledges=False)
    silent.sent += 10
    assert (silent.reached, silent.surely_reached) == (10, 10)


@pytest.mark.parametrize(
    ("age", "idle", "alone", "reason"),
    [
        (99, 9, None, None),
        (99, 9, 4, None),
        (100, 0, None, "expired"),
        (50, 10, None, "idle"),
        (50, 0, 5, "abandoned"),
    ],
)
def test_when_a_terminal_is_overdue(age: float, idle: float, alone: float | None, reason: str | None) -> None:
    """At each limit, not before."""
    limits = Terminals(total_seconds=100, idle_seconds=10, resume_seconds=5)
    assert overdue(age=age, idle=idle, alone=alone, limits=limits) == reason


@pytest.mark.anyio
async def test_recordings_are_bounded_found_and_removed(tmp_path: Path) -> None:
    """A full one says so; half a character is not written; after their days they go."""
    recordings = Recordings(tmp_path / "recordings", max_bytes=2000, max_total_bytes=3000, days=1)
    recording = await recordings.start(
        "terminal_session_1", header={"command": "sh"}, dimensions=Dimensions(), owner=OWNER, at=utc_now()
    )
    await recording.output("汉".encode()[:1])
    await recording.output("汉".encode()[1:])
    for _ in range(1000):
        await recording.output(b"x" * 10)
    await recording.flush()
    kept = await recordings.find("terminal_session_1")
    assert kept is not None
    assert (kept.user, kept.tenant) == ("user_1", "tenant_1")
    header, first, *_, last = [json.loads(line) for line in kept.path.read_text().splitlines()]
    assert header["version"] == 2
    assert first[1:] == ["o", "汉"]
    assert last[1:] == ["m", "recording is full"]
    assert kept.path.stat().st_size < 2100
    assert await recordings.find("../recordings/terminal_session_1") is None
    assert kept.size == kept.path.stat().st_size
    await recordings.sweep(utc_now())
    assert kept.path.exists()
    older = kept.path.with_name("terminal_session_0.cast")
    older.write_bytes(b"x" * 2000)
    os.utime(older, (0, utc_now().timestamp() - 60))
    await recordings.sweep(utc_now())
    assert kept.path.exists()
    assert not older.exists()
    older.touch()
    assert await recordings.find("terminal_session_0") is None
    await recordings.sweep(utc_now().replace(year=utc_now().year + 1))
    assert await recordings.find("terminal_session_1") is None


@pytest.mark.anyio
async def test_a_disk_that_refuses_ends_the_recording_only(tmp_path: Path) -> None:
    """The terminal never hears of it."""
    (tmp_path / "recordings").write_text("a file where the directory should be")
    recordings = Recordings(tmp_path / "recordings", max_bytes=2000, max_total_bytes=3000, days=1)
    recording = await recordings.start(
        "terminal_session_1", header={}, dimensions=Dimensions(), owner=OWNER, at=utc_now()
    )
    await recording.output(b"still here")
    await recording.flush()
    assert (tmp_path / "recordings").is_file()
