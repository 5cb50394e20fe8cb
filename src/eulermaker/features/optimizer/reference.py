"""The reference of the rules as a page."""

from eulermaker.features.optimizer.rules import RULES


def reference() -> str:
    """All rules in Markdown, by their names."""
    lines = [
        "# Rules of the analyser",
        "",
        "Generated from the code. A safe rule changes nothing in what is built but its cost; the others",
        "only tell. 安全的规则不改变构建结果，只降低代价；其余的规则只作提示。",
        "",
        "| rule | severity | safe | English | 中文 |",
        "|---|---|---|---|---|",
    ]
    for slug, rule in sorted(RULES.items()):
        safe = "yes" if rule.safe else ""
        en, zh = (_cell(sentence) for sentence in (rule.en, rule.zh))
        lines.append(f"| `{slug}` | {rule.severity} | {safe} | {en} | {zh} |")
    return "\n".join(lines) + "\n"


def _cell(sentence: str) -> str:
    return sentence.replace("{{", "{").replace("}}", "}").replace("|", "\\|")
