"""What a volume may be told, and which volumes a prune takes."""

import pytest

from eulermaker.engines.volumes import VolumeUse
from eulermaker.features.volumes.rules import prunable, refused_field


@pytest.mark.parametrize(
    ("driver", "options", "field"),
    [
        ("local", {}, None),
        ("local", {"size": "1m"}, None),
        ("local", {"size": "1m", "o": "bind"}, "options.o"),
        ("local", {"SIZE": "1m"}, "options.SIZE"),
        ("nfs", {}, "driver"),
    ],
)
def test_only_what_is_known_as_harmless_is_let_through(
    driver: str, options: dict[str, str], field: str | None
) -> None:
    assert refused_field(driver, options) == field


def test_prune_spares_what_is_used_or_named() -> None:
    made_up = VolumeUse("a" * 64, {}, 0, 1)
    used = VolumeUse("b" * 64, {}, 1, 1)
    named = VolumeUse("data", {}, 0, 1)
    assert prunable([made_up, used, named], named=False) == [made_up]
    assert prunable([made_up, used, named], named=True) == [made_up, named]
