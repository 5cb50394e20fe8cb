"""Events told as lines: nothing that a step printed is lost, whatever the pieces it came in."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from eulermaker.engines.port import BuildEvent, ImageReady, StepFinished, StepOutput, StepStarted
from eulermaker.features.builds.log import Line
from eulermaker.features.builds.narrator import MAX_LINE, Narrator

NOW = datetime(2026, 11, 20, tzinfo=UTC)
START = StepStarted("k", 2, 4, "builder", "RUN make", NOW)
END = StepFinished("k", False, 1.25, NOW)


def tell(*events: BuildEvent) -> list[Line]:
    narrator = Narrator()
    return [line for event in events for line in narrator.tell(event)]


def printed(*pieces: bytes) -> list[str]:
    """The lines of a step that printed these pieces."""
    lines = tell(START, *(StepOutput("k", piece, NOW) for piece in pieces), END)
    return [line.text for line in lines if line.kind == "output"]


def cut(data: bytes, cuts: list[int]) -> list[bytes]:
    ends = [0, *sorted(at % (len(data) + 1) for at in cuts), len(data)]
    return [data[start:end] for start, end in pairwise(ends)]


@given(
    text=st.text(st.characters(codec="utf-8") | st.sampled_from("\n\r构é🐳")),
    cuts=st.lists(st.integers(0, 200)),
)
@example(text="🐳\r\n构\n", cuts=list(range(12)))
def test_utf8_cut_anywhere_is_the_same_text(text: str, cuts: list[int]) -> None:
    *whole, rest = text.split("\n")
    expected = [line.removesuffix("\r") for line in whole] + ([rest] if rest else [])
    assert printed(*cut(text.encode(), cuts)) == expected


@given(data=st.binary(max_size=60), cuts=st.lists(st.integers(0, 60)))
def test_bytes_that_are_no_text_are_marked_and_cost_nothing_else(data: bytes, cuts: list[int]) -> None:
    assert printed(*cut(data, cuts)) == printed(data)
    assert "".join(printed(data + b"\nend\n")).endswith("end")


@settings(max_examples=10)
@given(cuts=st.lists(st.integers(0, 1 << 20), max_size=20), end=st.sampled_from([b"", b"\n"]))
def test_a_megabyte_without_a_newline_comes_in_bounded_lines(cuts: list[int], end: bytes) -> None:
    data = bytes(97 + n % 26 for n in range(1 << 20))
    lines = printed(*cut(data + end, cuts))
    assert "".join(lines) == data.decode()
    assert max(map(len, lines)) <= MAX_LINE
    assert len(lines) <= len(data) // MAX_LINE + 1 + len(cuts)


def test_an_endless_line_is_told_while_it_comes() -> None:
    narrator = Narrator()
    list(narrator.tell(START))
    told = sum(len(list(narrator.tell(StepOutput("k", b"x" * MAX_LINE, NOW)))) for _ in range(10))
    assert told == 9


def test_progress_bars_stay_one_line() -> None:
    assert printed(b"10%\r20%\r", b"100%\r\n", b"done\n") == ["10%\r20%\r100%", "done"]


def test_empty_lines_are_lines() -> None:
    assert printed(b"a\n\n\nb\n") == ["a", "", "", "b"]


def test_lines_tell_their_step() -> None:
    heading, output, end = tell(START, StepOutput("k", b"cc\n", NOW), END, ImageReady("sha256:0"))
    assert heading == Line("Step 2/4 : RUN make", NOW, "step", 2, 4, "builder")
    assert output == Line("cc", NOW, "output", 2, 4, "builder")
    assert end == Line(" ---> Done in 1.2 s", NOW, "step", 2, 4, "builder", False, 1.25)
    cached = StepFinished("k", True, 0.0, NOW)
    assert tell(START, cached)[-1] == Line(" ---> Using cache", NOW, "step", 2, 4, "builder", True, 0.0)


def test_an_instruction_of_many_lines_is_told_in_many() -> None:
    heredoc = StepStarted("k", 2, 2, None, "RUN <<EOF\necho a\nEOF", NOW)
    assert [line.text for line in tell(heredoc)] == ["Step 2/2 : RUN <<EOF", "echo a", "EOF"]


def test_steps_that_run_at_once_do_not_mix() -> None:
    other = StepStarted("o", 3, 3, None, "RUN b", NOW)
    whale = "🐳".encode()
    lines = tell(
        START,
        other,
        StepOutput("k", b"a" + whale[:2], NOW),
        StepOutput("o", b"b" + whale[:3], NOW),
        StepOutput("k", whale[2:] + b"\n", NOW),
        StepOutput("o", whale[3:] + b"\n", NOW),
    )
    assert [(line.stage, line.text) for line in lines[2:]] == [("builder", "a🐳"), (None, "b🐳")]


def test_what_is_unfinished_when_the_build_stops_is_told_once() -> None:
    narrator = Narrator()
    for event in (START, StepOutput("k", b"half a li\xe6\x9e", NOW)):
        list(narrator.tell(event))
    assert [line.text for line in narrator.unfinished(NOW)] == ["half a li\N{REPLACEMENT CHARACTER}"]
    assert list(narrator.unfinished(NOW)) == []


def test_steps_are_counted_over_all_stages() -> None:
    narrator = Narrator()
    first = [StepStarted(f"a{n}", n, 3, "one", "RUN x", NOW) for n in (1, 2, 3)]
    second = [StepStarted(f"b{n}", n, 2, None, "RUN y", NOW) for n in (1, 2)]
    for step in [*first, *second]:
        list(narrator.tell(step))
    for key, cached in (("a1", True), ("a2", True), ("b1", False)):
        list(narrator.tell(StepFinished(key, cached, 0.0, NOW)))
    assert (narrator.total, narrator.done, narrator.cached) == (5, 3, 2)
    assert narrator.instruction("b2") == (2, 2, "RUN y")


def test_where_rpmbuild_wrote_is_remembered_in_bounds() -> None:
    narrator = Narrator()
    list(narrator.tell(START))
    assert not narrator.rpmbuild
    wrote = b"".join(b"Wrote: /%d/rpmbuild/RPMS/x86_64/hello-2.10-1.x86_64.rpm\n" % n for n in range(5000))
    list(narrator.tell(StepOutput("k", b"cc\n" + wrote + b"/" + b"x" * 5000 + b"/rpmbuild\n", NOW)))
    assert narrator.rpmbuild
    assert list(narrator.rpm_trees) == [f"/{n}/rpmbuild" for n in range(1000)]


@pytest.mark.parametrize("length", [MAX_LINE - 1, MAX_LINE, MAX_LINE + 1, 2 * MAX_LINE])
def test_a_return_at_the_bound_makes_no_line_of_its_own(length: int) -> None:
    text = "y" * length
    for pieces in ([f"{text}\r\n".encode()], [f"{text}\r".encode(), b"\n"], [text.encode(), b"\r", b"\n"]):
        lines = printed(*pieces)
        assert "".join(lines) == text
        assert all(lines)
    # In the middle of a line it is a part of it.
    assert "".join(printed(f"{text}\r".encode(), b"more\n")) == f"{text}\rmore"


@pytest.mark.parametrize("length", [MAX_LINE - 1, MAX_LINE, MAX_LINE + 1, 2 * MAX_LINE])
def test_lines_around_the_bound_lose_nothing(length: int) -> None:
    text = "y" * length
    for pieces in ([f"{text}\n".encode()], [text.encode(), b"\n"], [text.encode()]):
        assert "".join(printed(*pieces)) == text
