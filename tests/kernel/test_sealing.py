"""Sealed secrets: opened by the same server at the same place, and nowhere else."""

import pytest

from eulermaker.kernel.faults import InvalidFields
from eulermaker.kernel.sealing import MASK, SealBroken, Sealer, refuse_masks

SECRET = "a secret of this server that is long enough"


def test_what_was_sealed_opens_again_also_after_a_restart() -> None:
    sealed = Sealer(SECRET).seal("密钥 \x00 secret", about="channel_1.config")
    assert "secret" not in sealed
    assert Sealer(SECRET).open(sealed, about="channel_1.config") == "密钥 \x00 secret"


def test_the_same_text_is_sealed_differently_each_time() -> None:
    sealer = Sealer(SECRET)
    assert len({sealer.seal("text", about="a") for _ in range(100)}) == 100


@pytest.mark.parametrize(
    ("secret", "about"), [("another secret of another server", "a"), (SECRET, "b"), (SECRET, "")]
)
def test_another_server_or_another_place_opens_nothing(secret: str, about: str) -> None:
    sealed = Sealer(SECRET).seal("text", about="a")
    with pytest.raises(SealBroken):
        Sealer(secret).open(sealed, about=about)


def test_one_changed_character_breaks_it() -> None:
    sealer = Sealer(SECRET)
    sealed = sealer.seal("text", about="a")
    for at in range(len(sealed)):
        changed = sealed[:at] + ("A" if sealed[at] != "A" else "Q") + sealed[at + 1 :]
        with pytest.raises(SealBroken):
            sealer.open(changed, about="a")


@pytest.mark.parametrize("sealed", ["", "v1.", "v1.AAAA", "v2.AAAAAAAAAAAAAAAAAAAAAAAAAAAA", "v1.ä", "plain"])
def test_what_was_never_sealed_is_broken(sealed: str) -> None:
    with pytest.raises(SealBroken):
        Sealer(SECRET).open(sealed, about="a")


def test_masks_that_stand_for_nothing_are_refused_with_their_place() -> None:
    config = {"url": f"https://a/?t={MASK}", "headers": {"X": MASK, "Y": "y"}, "urls": ["a", MASK], "v": True}
    with pytest.raises(InvalidFields) as refused:
        refuse_masks(config)
    assert [one.field for one in refused.value.errors] == ["config.url", "config.headers.X", "config.urls.1"]
    refuse_masks({"url": "https://a/?t=x", "v": True})
