"""The journal of events: numbered over restarts, bounded, and honest about what it no longer has."""

import json
from pathlib import Path

import anyio
import pytest

from eulermaker.features.containers.journal import Journal
from eulermaker.features.live.changes import Change
from eulermaker.kernel.ownership import OWNER

ID = "0123456789abcdef" * 4


def change(number: int, action: str = "start", **attributes: str) -> Change:
    """Something that happened."""
    return Change(action, ID, f"name-{number}", "image", number * 10**9, attributes)


def seqs(journal: Journal, after: int) -> list[int]:
    """The numbers that come after."""
    return [event.seq for event in journal.after(after, count=1000)]


def test_numbers_go_on_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    journal = Journal(path)
    for number in range(1, 6):
        journal.record(change(number))
    journal.close()
    path.write_bytes(path.read_bytes() + b'{"seq":6,"at_')

    again = Journal(path)
    assert (again.seq, again.last_ns) == (5, 5 * 10**9)
    again.record(change(6, **{OWNER: "user_1"}))
    assert seqs(again, 3) == [4, 5, 6]
    assert again.after(5, count=10)[0].labels == {OWNER: "user_1"}
    again.close()


def test_frames_are_as_documented(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "events.ndjson")
    journal.record(change(1, "die", exitCode="137"))
    journal.record(change(2, "health_status: healthy"))
    journal.record(Change("gap", "", "", "", 3 * 10**9, {}, origin="gap"))
    first, second, gap = (json.loads(event.frame) for event in journal.after(0, count=10))
    assert first == {
        "type": "container_event",
        "seq": 1,
        "event": "die",
        "container_id": "container_0123456789ab",
        "timestamp": "1970-01-01T00:00:01.000Z",
        "details": {"name": "name-1", "image": "image", "exit_code": 137},
    }
    assert (second["event"], second["details"]["health"]) == ("health_status", "healthy")
    assert gap == {"type": "gap", "seq": 3, "timestamp": "1970-01-01T00:00:03.000Z"}
    journal.close()


def test_it_is_bounded_and_tells_what_it_has_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    journal = Journal(path, max_events=10)
    for number in range(1, 100):
        journal.record(change(number))
    assert len(path.read_bytes().splitlines()) < 20
    told = journal.after(0, count=5)
    assert told[0].is_gap
    assert [event.seq for event in told] == [told[1].seq - 1, *range(told[1].seq, told[1].seq + 5)]
    assert journal.after(99, count=5) == []
    journal.close()


@pytest.mark.anyio
async def test_whoever_listens_is_woken(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "events.ndjson")
    bell = journal.listen()
    journal.record(change(1))
    with anyio.fail_after(1):
        await bell.wait()
    journal.close()
