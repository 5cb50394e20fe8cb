"""Pictures as HTML and as badges: plain, without scripts, readable without colours."""

import base64
import hashlib
from collections.abc import Mapping
from datetime import datetime
from html import escape
from math import floor

from eulermaker.features.status_pages.schemas import Line, Picture, State
from eulermaker.kernel.clock import rfc3339
from eulermaker.kernel.faults import Language

_WORDS: Mapping[str, Mapping[Language, str]] = {
    "success": {"zh": "正常", "en": "Operational"},
    "failure": {"zh": "异常", "en": "Failing"},
    "unknown": {"zh": "未知", "en": "Unknown"},
    "paused": {"zh": "已暂停", "en": "Paused"},
    "all success": {"zh": "所有服务正常", "en": "All services are operational"},
    "all failure": {"zh": "部分服务异常", "en": "Some services are failing"},
    "all unknown": {"zh": "部分服务状态未知", "en": "The state of some services is unknown"},
    "caption": {"zh": "各服务的状态与可用率", "en": "State and uptime of each service"},
    "service": {"zh": "服务", "en": "Service"},
    "state": {"zh": "状态", "en": "State"},
    "since": {"zh": "自", "en": "since"},
    "24h": {"zh": "24 小时可用率", "en": "Uptime, 24 hours"},
    "7d": {"zh": "7 天可用率", "en": "Uptime, 7 days"},
    "30d": {"zh": "30 天可用率", "en": "Uptime, 30 days"},
    "none": {"zh": "暂无数据", "en": "no data"},
    "empty": {"zh": "此页面没有服务。", "en": "There is no service on this page."},
    "more": {"zh": "另有 {count} 个服务未显示。", "en": "{count} more services are not shown."},
    "at": {"zh": "更新于", "en": "As of"},
}
_SIGNS: Mapping[str, str] = {"success": "✓", "failure": "✕", "unknown": "?", "paused": "‖"}
# White on each of them has a contrast of 4.5 or more (WCAG 2.2, 1.4.3).
_COLOURS: Mapping[str, str] = {
    "success": "#1a7f37",
    "failure": "#c62828",
    "unknown": "#57606a",
    "paused": "#57606a",
}
_BADGE_LEFT = "#24292f"

STYLE = """
:root{color-scheme:light dark;--back:#fff;--text:#1f2328;--soft:#57606a;--line:#d0d7de;
--success:#1a7f37;--failure:#c62828;--unknown:#57606a;--paused:#57606a}
@media(prefers-color-scheme:dark){:root{--back:#0d1117;--text:#e6edf3;--soft:#9da7b3;--line:#30363d;
--success:#56d364;--failure:#ff7b72;--unknown:#9da7b3;--paused:#9da7b3}}
body{margin:0;background:var(--back);color:var(--text);font:1rem/1.5 system-ui,sans-serif}
main{max-width:60rem;margin:0 auto;padding:1.5rem 1rem}
.all{font-size:1.25rem;border-left:.4rem solid;padding:.25rem .75rem}
.scroll{overflow-x:auto}
table{width:100%;border-collapse:collapse}
caption{text-align:left;color:var(--soft);padding:.5rem 0}
th,td{text-align:left;padding:.5rem .75rem .5rem 0;border-bottom:1px solid var(--line);vertical-align:top}
td.number{font-variant-numeric:tabular-nums;white-space:nowrap}
.success{color:var(--success)}.failure{color:var(--failure)}
.unknown{color:var(--unknown)}.paused{color:var(--paused)}
.state{font-weight:600;white-space:nowrap}
time,.soft{color:var(--soft);font-size:.875rem}
"""
POLICY = (
    "default-src 'none'; "
    f"style-src 'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def page(picture: Picture, language: Language) -> str:
    """The whole document."""
    state, title = picture.state, escape(picture.title)
    table = _table(picture, language) if picture.lines else f"<p>{_word('empty', language)}</p>"
    more = _word("more", language).format(count=picture.more) if picture.more else ""
    return (
        f'<!doctype html>\n<html lang="{"zh-CN" if language == "zh" else "en"}">\n<head>\n'
        '<meta charset="utf-8">\n<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title} – {_word(f'all {state}', language)}</title>\n<style>{STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n<h1>{title}</h1>\n"
        f'<p class="all {state}" role="status"><span aria-hidden="true">{_SIGNS[state]}</span> '
        f"{_word(f'all {state}', language)}</p>\n{table}\n"
        + (f'<p class="soft">{more}</p>\n' if more else "")
        + f'<p class="soft">{_word("at", language)} {_moment(picture.at)}</p>\n</main>\n</body>\n</html>\n'
    )


def badge(label: str, state: State | str, language: Language) -> str:
    """A badge: the label, and the state in words."""
    said = _word(state, language)
    left, right = _width(label), _width(said)
    whole, words = left + right, escape(f"{label}: {said}", quote=True)
    font = 'font-family="Verdana,DejaVu Sans,Noto Sans SC,sans-serif" font-size="11"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{whole}" height="20" '
        f'role="img" aria-label="{words}">'
        f'<title>{words}</title><clipPath id="r"><rect width="{whole}" height="20" rx="3"/></clipPath>'
        f'<g clip-path="url(#r)"><rect width="{left}" height="20" fill="{_BADGE_LEFT}"/>'
        f'<rect x="{left}" width="{right}" height="20" fill="{_COLOURS[state]}"/></g>'
        f'<g fill="#fff" text-anchor="middle" {font}>'
        f'<text x="{left / 2:g}" y="14">{escape(label)}</text>'
        f'<text x="{left + right / 2:g}" y="14">{escape(said)}</text></g></svg>\n'
    )


def shown_state(line: Line) -> str:
    """The state of a line as it is shown."""
    return "paused" if line.paused else line.state


def _table(picture: Picture, language: Language) -> str:
    heads = "".join(
        f'<th scope="col">{_word(name, language)}</th>' for name in ("service", "state", "24h", "7d", "30d")
    )
    rows = "\n".join(_row(line, language) for line in picture.lines)
    caption = _word("caption", language)
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{caption}">\n<table>\n'
        f"<caption>{caption}</caption>\n<thead><tr>{heads}</tr></thead>\n"
        f"<tbody>\n{rows}\n</tbody>\n</table>\n</div>"
    )


def _row(line: Line, language: Language) -> str:
    state = shown_state(line)
    shares = "".join(f'<td class="number">{_share(share, language)}</td>' for share in line.uptime)
    return (
        f'<tr><th scope="row">{escape(line.name)}</th><td><span class="state {state}">'
        f'<span aria-hidden="true">{_SIGNS[state]}</span> {_word(state, language)}</span><br>'
        f'<span class="soft">{_word("since", language)} {_moment(line.since)}</span></td>{shares}</tr>'
    )


def _share(share: float | None, language: Language) -> str:
    if share is None:
        return _word("none", language)
    # Never rounded up to 100: what was down was down. The addend is for what binary cannot write.
    return f"{floor(share * 1000 + 1e-6) / 1000:.3f} %"


def _moment(moment: datetime) -> str:
    whole = rfc3339(moment)
    return f'<time datetime="{whole}">{whole[:10]} {whole[11:16]} UTC</time>'


def _word(name: str, language: Language) -> str:
    return _WORDS[name][language]


def _width(text: str) -> int:
    """Pixels that the text needs: wide characters are as wide as the font is high."""
    return 12 + sum(12 if ord(char) > 0x2E7F else 7 for char in text)
