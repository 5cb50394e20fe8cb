"""What a spec says about the files it needs, as far as that can be told without rpm."""

import re
from collections.abc import Mapping

_TAG = re.compile(r"^(name|version|release|epoch|url)\s*:\s*(.+?)\s*$", re.IGNORECASE | re.MULTILINE)
_DEFINITION = re.compile(r"^%(?:global|define)\s+(\w+)\s+(.+?)\s*$", re.MULTILINE)
_FILE = re.compile(r"^(?:source|patch)\d*\s*:\s*(.+?)\s*$", re.IGNORECASE | re.MULTILINE)
_MACRO = re.compile(r"%\{(\??)(\w+)\}|%(\w+)")
_DEPTH = 8  # macros within macros; a definition may name itself


def package_name(spec: str) -> str | None:
    """The `Name` of the package; None where there is none."""
    name = _macros(spec).get("name")
    return _expand(name, _macros(spec)) if name else None


def source_names(spec: str) -> tuple[str, ...]:
    """The file names of all sources and patches, each once; a URL counts by its last part."""
    macros = _macros(spec)
    expanded = (_expand(value, macros) for value in _FILE.findall(spec))
    return tuple(dict.fromkeys(value.rstrip("/").rsplit("/", 1)[-1] for value in expanded))


def _macros(spec: str) -> Mapping[str, str]:
    tags = {tag.lower(): value for tag, value in reversed(_TAG.findall(spec))}
    return dict(_DEFINITION.findall(spec)) | {tag.upper(): value for tag, value in tags.items()} | tags


def _expand(value: str, macros: Mapping[str, str]) -> str:
    def replacement(match: re.Match[str]) -> str:
        optional, braced, plain = match.groups()
        return macros.get(braced or plain, "" if optional else match[0])

    for _ in range(_DEPTH):
        expanded = _MACRO.sub(replacement, value)
        if expanded == value:
            break
        value = expanded
    return value
