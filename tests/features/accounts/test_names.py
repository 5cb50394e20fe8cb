"""Names and addresses: what is one, and which of them are the same."""

import pytest

from eulermaker.features.accounts.names import email_address, skeleton, user_name


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("li", "li"),
        ("  Li.Ming-2 ", "li.ming-2"),
        ("李明", "李明"),
        ("Ｌｉ", "li"),  # full width
        ("ﬁona", "fiona"),  # a ligature
        ("li ming", "li ming"),
    ],
)
def test_a_user_name_is_stored_in_one_form(text: str, stored: str) -> None:
    assert user_name(text) == stored


@pytest.mark.parametrize(
    "text",
    [
        "", " ", ".", "-li", "li.", "a" * 65, "a\nb", "a\0b", "a\u200bb", "a\u202eb", "li  ming", "a@b",
        "аdmin",  # a Cyrillic а
        "αdmin", "admın", "ａｄｍіｎ", "<script>", "a'; --", "a/b", "\ud800",
    ],
)  # fmt: skip
def test_what_can_be_no_user_name(text: str) -> None:
    assert user_name(text) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Admin", "admin"),
        ("adm1n", "admln"),
        ("r00t", "root"),
        ("rnoon", "moon"),
        ("vvu", "wu"),
        ("Ｒoot", "root"),
    ],
)
def test_names_that_look_alike_share_a_skeleton(one: str, other: str) -> None:
    assert skeleton(one) == skeleton(other)


def test_names_that_differ_have_skeletons_that_differ() -> None:
    assert len({skeleton(name) for name in ("root", "roots", "admin", "李明", "李名", "a-b", "a.b")}) == 7


@pytest.mark.parametrize("text", ["a@b.cn", "First.Last+tag@Example.ORG", "x@a-b.example"])
def test_an_address_is_stored_in_lower_case(text: str) -> None:
    assert email_address(f" {text} ") == text.lower()


@pytest.mark.parametrize(
    "text",
    [
        "", "a", "@", "a@", "@b.cn", "a@b", "a@b..cn", "a..b@c.cn", ".a@b.cn", "a@-b.cn",
        "a@b.cn\nBcc: x@y.cn",
        "a b@c.cn", "a@b@c.cn", "a@[127.0.0.1]", '"a b"@c.cn', "а@b.cn", "a@b.cn,c@d.cn", f"{'a' * 65}@b.cn",
        f"a@{'b' * 250}.cn", "a@b.cn\0"
    ],
)  # fmt: skip
def test_what_can_be_no_address(text: str) -> None:
    assert email_address(text) is None
