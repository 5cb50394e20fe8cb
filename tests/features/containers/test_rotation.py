"""Where a followed log may have lost whole files."""

from eulermaker.engines.containers import LogLine
from eulermaker.engines.docker.describe import inspected
from eulermaker.features.containers.rotation import AROUND_A_LINE, READ_BEFORE, Skips

FILE = 1_000_000
#: So many empty lines are enough to have been overtaken.
ENOUGH = FILE // AROUND_A_LINE // READ_BEFORE + 1


def line(microseconds: int) -> LogLine:
    """A line written so long after the first."""
    return LogLine(
        f"2026-11-20T12:00:{microseconds // 10**6:02d}.{microseconds % 10**6:06d}000Z", "stdout", b""
    )


def lines(*, until_pause: int, pause: int, after: int) -> list[LogLine]:
    """Lines a microsecond apart, with a pause among them."""
    resumed = until_pause + pause
    return [line(n) for n in range(until_pause)] + [line(resumed + n) for n in range(after)]


def test_a_pause_in_which_a_file_could_be_written_is_looked_at_once() -> None:
    skips = Skips(FILE)
    told = lines(until_pause=ENOUGH, pause=10_000, after=50)
    assert skips.first(told) == ENOUGH
    assert told[ENOUGH - 1 : ENOUGH + 1] == [line(ENOUGH - 1), line(ENOUGH + 10_000)]
    # What is read anew from there on has the same pause, if nothing was lost.
    assert skips.first(told[ENOUGH - 10 :]) is None


def test_a_pause_between_two_batches_is_one_too() -> None:
    skips = Skips(FILE)
    told = lines(until_pause=ENOUGH, pause=10_000, after=50)
    assert skips.first(told[:ENOUGH]) is None
    assert skips.first(told[ENOUGH:]) == 0


def test_short_pauses_and_slow_containers_cost_nothing() -> None:
    # Nobody writes a megabyte in five milliseconds.
    assert Skips(FILE).first(lines(until_pause=ENOUGH, pause=5_000, after=50)) is None
    # A second between two lines is nothing where hardly anything was read.
    assert Skips(FILE).first([line(n * 10**6) for n in range(50)]) is None
    assert Skips(None).first(lines(until_pause=ENOUGH, pause=10_000, after=50)) is None


def test_the_size_of_a_file_is_what_the_container_was_created_with() -> None:
    sizes = {"10m": 10_000_000, "1k": 1000, "512": 512, "1.5mb": 1_500_000, "2G": 2 * 10**9, "": None}
    found = {written: _log_file_bytes({"max-size": written}) for written in sizes}
    assert found == sizes
    assert _log_file_bytes({}) is None


def _log_file_bytes(options: dict[str, str]) -> int | None:
    state = {"Status": "running", "StartedAt": "", "FinishedAt": "", "ExitCode": 0}
    told = {
        "Id": "a",
        "Name": "/a",
        "Image": "b",
        "Created": "2026-11-20T12:00:00Z",
        "State": state,
        "Config": {"Image": "b"},
        "HostConfig": {"LogConfig": {"Type": "json-file", "Config": options}},
        "NetworkSettings": {},
    }
    config = inspected(told).config
    assert config is not None
    return config.log_file_bytes
