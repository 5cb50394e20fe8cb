"""The page of a code: plain HTML without scripts, in Chinese or English, readable without colours."""

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from eulermaker.dialects.documents import Text
from eulermaker.dialects.problem import page_of
from eulermaker.dialects.render import answer_of_entry
from eulermaker.features.errors.codes import Code
from eulermaker.features.errors.examples import example_body
from eulermaker.kernel.faults import FAMILIES, Entry, Family, Language

_WORDS: Mapping[str, Text] = {
    "catalogue": Text("错误目录", "Error catalogue"),
    "family": Text("家族", "Family"),
    "status": Text("HTTP 状态码", "HTTP status"),
    "message": Text("文档中的消息", "Documented message"),
    "meaning": Text("含义", "Meaning"),
    "cause": Text("原因", "Cause"),
    "remedy": Text("如何处理", "What to do"),
    "retry": Text("重试建议", "Retry advice"),
    "details": Text("附加信息的结构", "Details schema"),
    "no details": Text("文档没有规定附加信息。", "The document names no details."),
    "field": Text("字段", "Field"),
    "type": Text("类型", "Type"),
    "example": Text("示例", "Example"),
    "body": Text("示例响应体", "Example body"),
    "faults": Text("对应的故障及其在其他家族中的代码", "Its faults, and their codes in the other families"),
    "fault": Text("故障", "Fault"),
    "says": Text("消息", "Message"),
    "retryable": Text("可重试", "worth retrying"),
    "planned": Text("计划中：相应功能尚未提供。", "Planned: its feature is still to come."),
    "extension": Text("扩展：该家族的文档没有列出。", "Extension: the family's document does not list it."),
    "documented": Text("该家族的文档列出了此代码。", "The family's document lists this code."),
    "also": Text("同一代码，状态码 {status}", "The same code, with status {status}"),
    "other": Text("English", "中文"),
    "moment": Text("RFC 3339 时间", "RFC 3339 time"),
}
STYLE = """
:root{color-scheme:light dark;--back:#fff;--text:#1f2328;--soft:#57606a;--line:#d0d7de;--block:#f6f8fa;
--link:#0550ae}
@media(prefers-color-scheme:dark){:root{--back:#0d1117;--text:#e6edf3;--soft:#9da7b3;--line:#30363d;
--block:#161b22;--link:#79c0ff}}
body{margin:0;background:var(--back);color:var(--text);font:1rem/1.5 system-ui,sans-serif}
main{max-width:64rem;margin:0 auto;padding:1.5rem 1rem}
nav{display:flex;justify-content:space-between;gap:1rem;color:var(--soft)}
h1{font-size:1.75rem;margin:.5rem 0;overflow-wrap:anywhere}
h2{font-size:1.25rem;margin:1.5rem 0 .5rem}
a{color:var(--link)}
.soft{color:var(--soft)}
dl{display:grid;grid-template-columns:minmax(8rem,max-content) 1fr;gap:.5rem 1rem}
dt{font-weight:600}dd{margin:0}
dd span[lang],td span[lang]{display:block}
.scroll{overflow-x:auto}
table{width:100%;border-collapse:collapse}
th,td{text-align:left;padding:.5rem .75rem .5rem 0;border-bottom:1px solid var(--line);vertical-align:top}
code,pre{font-family:ui-monospace,monospace;font-size:.875rem}
th code,td code{overflow-wrap:anywhere}
th[scope=row]{min-width:9rem}
td:has(span){min-width:12rem}
pre{background:var(--block);border:1px solid var(--line);border-radius:.375rem;padding:.75rem;overflow-x:auto}
tr:target{outline:2px solid var(--link)}
@media(max-width:40rem){dl{grid-template-columns:1fr;gap:.125rem}dd{margin-bottom:.5rem}}
"""
POLICY = (
    "default-src 'none'; "
    f"style-src 'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_LANGUAGES: tuple[Language, ...] = ("zh", "en")


def page(code: Code, others: Iterable[Code], language: Language) -> str:
    """The whole document of a code; `others` have the same name and another status."""
    title = escape(f"{code.family} · {code.title}")
    sections = "\n".join(_section(each, language, main=each is code) for each in (code, *others))
    return (
        f'<!doctype html>\n<html lang="{_tag(language)}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title} – {escape(code.meaning.in_language(language))}</title>\n"
        f"<style>{STYLE}</style>\n</head>\n<body>\n<main>\n{_navigation(language)}\n"
        f"<h1>{title}</h1>\n{sections}\n</main>\n</body>\n</html>\n"
    )


def _navigation(language: Language) -> str:
    other: Language = "en" if language == "zh" else "zh"
    return (
        f'<nav aria-label="{_word("catalogue", language)}">'
        f'<a href="/api/v1/errors">{_word("catalogue", language)}</a>'
        f'<a href="?language={other}" lang="{_tag(other)}" hreflang="{_tag(other)}">'
        f"{_word('other', language)}</a></nav>"
    )


def _section(code: Code, language: Language, *, main: bool) -> str:
    heading = "" if main else f"<h2>{_word('also', language).format(status=code.answer.status)}</h2>\n"
    return "\n".join(
        (
            f'{heading}<p class="soft">{_standing(code, language)}</p>',
            _facts(code, language),
            _details(code, language),
            f"<h2>{_word('body', language)}</h2>",
            f'<pre tabindex="0" role="region" aria-label="{_word("body", language)}">{_body(code)}</pre>',
            _faults(code, language),
        )
    )


def _standing(code: Code, language: Language) -> str:
    told = _word("documented" if code.row else "extension", language)
    return f"{told} {_word('planned', language)}" if code.planned else told


def _facts(code: Code, language: Language) -> str:
    name = f" {code.answer.name}" if code.answer.name else ""
    facts = (
        ("family", _code(code.family)),
        ("status", str(code.answer.status)),
        ("message", f"{_code(code.message)}{escape(name)}"),
        ("meaning", _both(code.meaning, language)),
        ("cause", _both(code.cause, language)),
        ("remedy", _both(code.remedy, language)),
        ("retry", _both(code.advice, language)),
    )
    rows = "\n".join(f"<dt>{_word(word, language)}</dt><dd>{told}</dd>" for word, told in facts)
    return f"<dl>\n{rows}\n</dl>"


def _details(code: Code, language: Language) -> str:
    heading = f"<h2>{_word('details', language)}</h2>\n"
    if code.row is None or not code.row.details:
        return f"{heading}<p>{_word('no details', language)}</p>"
    rows = [
        (_code(detail.name), _type(detail.type, language), _code(_json(detail.example)))
        for detail in code.row.details
    ]
    return heading + _table(("field", "type", "example"), rows, language, caption="details")


def _faults(code: Code, language: Language) -> str:
    others = [family for family in FAMILIES if family != code.family]
    rows = "\n".join(_fault(entry, others, language) for entry in code.entries)
    heads = "".join(f'<th scope="col">{head}</th>' for head in _heads(others, language))
    caption = _word("faults", language)
    return (
        f"<h2>{caption}</h2>\n"
        f'<div class="scroll" tabindex="0" role="region" aria-label="{caption}"><table>\n'
        f"<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table></div>"
    )


def _heads(families: Iterable[Family], language: Language) -> Iterable[str]:
    return (_word("fault", language), _word("says", language), *families)


def _fault(entry: Entry, families: Iterable[Family], language: Language) -> str:
    mark = f' <span class="soft">({_word("retryable", language)})</span>' if entry.retryable else ""
    answers = ((family, answer_of_entry(entry, family)) for family in families)
    links = "".join(
        f'<td><a href="{escape(page_of(family, answer))}">{escape(answer.code)}</a> {answer.status}</td>'
        for family, answer in answers
    )
    says = _both(Text(entry.zh, entry.en), language)
    name = f'<th scope="row">{_code(entry.slug)}{mark}</th>'
    return f'<tr id="{escape(entry.slug)}">{name}<td>{says}</td>{links}</tr>'


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]], language: Language, *, caption: str) -> str:
    columns = "".join(f'<th scope="col">{_word(head, language)}</th>' for head in heads)
    body = "\n".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{_word(caption, language)}"><table>\n'
        f"<thead><tr>{columns}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table></div>"
    )


def _both(text: Text, language: Language) -> str:
    """The reader's language first, then the other one."""
    first, second = sorted(_LANGUAGES, key=lambda each: each != language)
    return (
        f'<span lang="{_tag(first)}">{escape(text.in_language(first))}</span>'
        f'<span class="soft" lang="{_tag(second)}">{escape(text.in_language(second))}</span>'
    )


def _body(code: Code) -> str:
    return escape(json.dumps(example_body(code), ensure_ascii=False, indent=2))


def _type(name: str, language: Language) -> str:
    return _word("moment", language) if name == "moment" else name


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>"


def _word(name: str, language: Language) -> str:
    return escape(_WORDS[name].in_language(language))


def _tag(language: Language) -> str:
    return "zh-CN" if language == "zh" else "en"
