"""Which of two RPM versions is newer, as rpm itself compares them (lib/rpmvercmp)."""

import re
from itertools import zip_longest
from typing import NamedTuple

_SEGMENT = re.compile(r"[~^]|[0-9]+|[A-Za-z]+")


class Evr(NamedTuple):
    """Epoch, version and release of a package; no epoch is the same as 0."""

    epoch: int | None
    version: str
    release: str


def compare(left: Evr, right: Evr) -> int:
    """Less than 0 when the left is the older one, 0 when rpm holds them for equal, else more than 0."""
    return (
        (left.epoch or 0) - (right.epoch or 0)
        or compare_versions(left.version, right.version)
        or compare_versions(left.release, right.release)
    )


def compare_versions(left: str, right: str) -> int:
    """Compare two versions, or two releases, segment by segment; what is no letter or digit only parts."""
    for mine, other in zip_longest(_SEGMENT.findall(left), _SEGMENT.findall(right)):
        if mine != other and (order := _order(mine, other)):
            return order
    return 0


def _order(mine: str | None, other: str | None) -> int:
    """The order of the first segments that differ; None is the end of a version."""
    # A tilde sorts before everything, the end included: 1.0~rc1 comes before 1.0.
    if mine == "~" or other == "~":
        return -1 if mine == "~" else 1
    # A caret sorts after the end, and before everything else: 1.0 < 1.0^git1 < 1.0.1.
    if mine == "^" or other == "^":
        return (1 if other is None else -1) if mine == "^" else (-1 if mine is None else 1)
    if mine is None or other is None:
        return -1 if mine is None else 1
    if mine.isdigit() and other.isdigit():
        # By length, then digit by digit: no number of any length is ever made.
        shorter, longer = mine.lstrip("0"), other.lstrip("0")
        return len(shorter) - len(longer) or (shorter > longer) - (shorter < longer)
    if mine.isdigit() != other.isdigit():
        return 1 if mine.isdigit() else -1
    return 1 if mine > other else -1
