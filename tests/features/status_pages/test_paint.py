"""Pages and badges: what they say, in both languages, to eyes and to screen readers."""

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from eulermaker.features.status_pages.paint import POLICY, STYLE, badge, page
from eulermaker.features.status_pages.schemas import Line, Picture, State
from eulermaker.kernel.faults import Language

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LINE = Line("probe_1", "shop", "success", False, NOW, (100.0, 99.9996, None))
PICTURE = Picture("Our services", "ours", NOW, (LINE,), 0)
EVIL = "<script>alert(1)</script>\"&'"


def test_the_page_is_whole_and_has_no_script() -> None:
    for language in ("zh", "en"):
        text = page(PICTURE, language)
        assert text.count("<h1>") == text.count("<main>") == text.count("<caption>") == 1
        assert "<script" not in text
        assert not re.search(r"\son\w+=|javascript:|style=", text)
        assert f'lang="{"zh-CN" if language == "zh" else "en"}"' in text
        assert f"<style>{STYLE}</style>" in text
    assert "'unsafe" not in POLICY
    assert POLICY.startswith("default-src 'none'; style-src 'sha256-")


def test_names_are_shown_and_never_read_as_markup() -> None:
    text = page(replace(PICTURE, title=EVIL, lines=(replace(LINE, name=EVIL),)), "en")
    assert "<script" not in text
    assert text.count("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&amp;&#x27;") == 3
    drawing = badge(EVIL, "success", "en")
    assert ET.fromstring(drawing).attrib["aria-label"] == f"{EVIL}: Operational"


@pytest.mark.parametrize(
    ("states", "whole"),
    [
        (["success", "success"], "success"),
        (["success", "failure", "unknown"], "failure"),
        (["success", "unknown"], "unknown"),
        ([], "unknown"),
    ],
)
def test_the_worst_is_what_is_told_of_all(states: list[State], whole: State) -> None:
    lines = tuple(replace(LINE, state=state) for state in states)
    assert replace(PICTURE, lines=lines).state == whole
    assert f'class="all {whole}"' in page(replace(PICTURE, lines=lines), "en")


def test_a_paused_probe_is_told_and_not_counted() -> None:
    paused = replace(LINE, state="failure", paused=True)
    picture = replace(PICTURE, lines=(LINE, paused))
    assert picture.state == "success"
    assert "Paused" in page(picture, "en")
    assert "已暂停" in page(picture, "zh")


def test_uptime_is_never_rounded_up() -> None:
    text = page(PICTURE, "en")
    assert "100.000 %" in text
    assert "99.999 %" in text
    assert "no data" in text
    nearly = page(replace(PICTURE, lines=(replace(LINE, uptime=(99.99999, None, None)),)), "en")
    assert "100.000 %" not in nearly


def test_states_are_words_and_not_colours_alone() -> None:
    words: dict[State, tuple[str, str]] = {
        "success": ("Operational", "正常"),
        "failure": ("Failing", "异常"),
        "unknown": ("Unknown", "未知"),
    }
    for state, (english, chinese) in words.items():
        picture = replace(PICTURE, lines=(replace(LINE, state=state),))
        assert english in page(picture, "en")
        assert chinese in page(picture, "zh")


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("state", ["success", "failure", "unknown", "paused"])
def test_a_badge_is_an_image_with_a_text(state: str, language: Language) -> None:
    root = ET.fromstring(badge("网站 shop", state, language))
    name = "{http://www.w3.org/2000/svg}"
    assert root.attrib["role"] == "img"
    title = root.find(f"{name}title")
    assert title is not None
    assert title.text == root.attrib["aria-label"]
    rects = root.findall(f"{name}g/{name}rect")
    assert sum(int(rect.attrib["width"]) for rect in rects) == int(root.attrib["width"])


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """The contrast of two colours."""
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def test_every_text_has_enough_contrast_by_day_and_by_night() -> None:
    for scheme in STYLE.split("@media(prefers-color-scheme:dark)"):
        colours = dict(re.findall(r"--(\w+):(#[0-9a-f]{3,6})", scheme.partition("body")[0]))
        full = {
            name: c if len(c) == 7 else "#" + "".join(2 * x for x in c[1:]) for name, c in colours.items()
        }
        assert {"back", "text", "soft", "success", "failure", "unknown", "paused"} <= set(full)
        for name in set(full) - {"back", "line"}:
            assert contrast(full[name], full["back"]) >= 4.5, name
    for state in ("success", "failure", "unknown", "paused"):
        for fill in re.findall(r'fill="(#[0-9a-f]{6})"', badge("a", state, "en")):
            assert contrast(fill, "#ffffff") >= 4.5
