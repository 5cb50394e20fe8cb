"""Patterns that are made to hang a backtracking engine."""

import pytest

from eulermaker.features.probes.checks.pattern import MAX_SEARCHED, Pattern

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("evil", [r"(x+x+)+y", r"^(a+)+$", r"(a|a)*b", r"(.*)*z", r"(a?){40}a{40}"])
async def test_no_pattern_is_exponential(evil: str) -> None:
    # With backtracking each of these would outlive the universe.
    assert not await Pattern(evil).found_in(b"xa!" * 20_000)


async def test_long_texts_are_searched_beside_the_loop() -> None:
    text = b"b" * (MAX_SEARCHED - 1) + b"a"
    assert await Pattern("a$").found_in(text)
    assert not await Pattern("a").found_in(b"b" * MAX_SEARCHED + b"a")


async def test_case_and_characters() -> None:
    assert await Pattern("错误.级别").found_in("错误：级别".encode())
    assert await Pattern("error", case_sensitive=False).found_in(b"ERROR")
    assert not await Pattern("error").found_in(b"ERROR")
    assert await Pattern("ok").found_in(b"\xff\xfe ok")
