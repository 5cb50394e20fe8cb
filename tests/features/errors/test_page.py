"""The page of a code: escaped, whole, in both languages."""

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from eulermaker.dialects.documents import Text
from eulermaker.features.errors.catalogue import catalogue
from eulermaker.features.errors.codes import Code, Codes
from eulermaker.features.errors.page import POLICY, page
from eulermaker.kernel.faults import Language

CODES = Codes.of(catalogue())
VOID = {"meta", "link", "br"}


class Outline(HTMLParser):
    """What is open, and what was seen; fails on a tag that closes another one."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def outline(text: str) -> Outline:
    parser = Outline()
    parser.feed(text)
    assert parser.open == []
    return parser


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_code_has_a_whole_page_without_scripts(language: Language) -> None:
    for code in CODES:
        found = outline(page(code, (), language))
        tags = [tag for tag, _ in found.seen]
        assert tags.count("h1") == 1
        assert "script" not in tags
        assert not [attributes for _, attributes in found.seen if {"style", "onclick"} & set(attributes)]
        slugs = [attributes["id"] for _, attributes in found.seen if "id" in attributes]
        assert slugs == [entry.slug for entry in code.entries]


def test_the_page_tells_all_that_is_known_of_a_code() -> None:
    (code,) = CODES.find("004", "E105")
    for language in ("zh", "en"):
        text = page(code, (), language)
        for told in ("账户已被锁定", "The account is locked", "lockoutTime", "remainingTime", "多次登录失败"):
            assert told in text
        assert f'<html lang="{"zh-CN" if language == "zh" else "en"}">' in text
    assert "What to do" in page(code, (), "en")
    assert "如何处理" in page(code, (), "zh")


def test_the_same_code_with_another_status_is_on_the_page() -> None:
    reset, agent = CODES.find("003", "invalid_token")
    text = page(reset, (agent,), "en")
    assert "The same code, with status 401" in text
    assert len(re.findall("<h1>", text)) == 1


def test_nothing_on_the_page_is_markup_of_somebody_else() -> None:
    evil = "<script>alert(1)</script>\"'&"
    (code,) = CODES.find("000", "RESOURCE_CONFLICT")
    assert code.row is not None
    row = replace(code.row, message=evil, meaning=Text(evil, evil), cause=Text(evil, evil))
    entries = (replace(code.entries[0], zh=evil, en=evil), *code.entries[1:])
    text = page(Code(replace(code.answer, name=evil), code.family, row, entries), (), "en")
    assert "<script" not in text
    assert evil not in text
    outline(text)


def test_the_policy_admits_the_style_and_nothing_else() -> None:
    (code,) = CODES.find("000", "FORBIDDEN")
    style = re.search(r"<style>(.*?)</style>", page(code, (), "zh"), re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in POLICY
    assert POLICY.startswith("default-src 'none'")
