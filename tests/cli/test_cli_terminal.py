"""The keys that leave a terminal."""

import pytest

from eulermaker.cli.terminal import DetachKeys


@pytest.mark.parametrize(
    ("typed", "passed", "leaves"),
    [
        ([b"ls\n"], b"ls\n", False),
        ([b"ls\x10\x11rest"], b"ls", True),
        ([b"\x10", b"\x11"], b"", True),
        ([b"\x10", b"x\x10", b"\x10", b"\x11"], b"\x10x\x10", True),
        ([b"\x11\x10", b"a"], b"\x11\x10a", False),
    ],
)
def test_only_both_keys_in_a_row_leave(typed: list[bytes], passed: bytes, leaves: bool) -> None:
    keys = DetachKeys()
    taken = [keys.take(each) for each in typed]
    assert (b"".join(each for each, _ in taken), taken[-1][1]) == (passed, leaves)
