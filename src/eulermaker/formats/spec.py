"""The preamble of an RPM spec, read without running anything that it asks to run."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class SpecReason(StrEnum):
    EMPTY = "empty"
    BINARY = "binary"
    MISSING_NAME = "missing-name"
    MISSING_VERSION = "missing-version"
    MISSING_RELEASE = "missing-release"


_SENTENCES: Final[Mapping[SpecReason, str]] = {
    SpecReason.EMPTY: "the spec is empty",
    SpecReason.BINARY: "the spec is not text",
    SpecReason.MISSING_NAME: "the spec has no Name",
    SpecReason.MISSING_VERSION: "the spec has no Version",
    SpecReason.MISSING_RELEASE: "the spec has no Release",
}


class SpecError(ValueError):
    """A spec that rpmbuild would refuse: `line` (1-based), `reason`, and `facts` for a translation."""

    def __init__(self, line: int, reason: SpecReason, **facts: str) -> None:
        super().__init__(f"line {line}: {_SENTENCES[reason]}")
        self.line = line
        self.reason = reason
        self.facts: Mapping[str, str] = facts


@dataclass(frozen=True)
class Source:
    """A `Source` or a `Patch`. `filename` is the last part of `url`, which is the file rpmbuild looks for."""

    number: int
    url: str
    filename: str


@dataclass(frozen=True)
class Requirement:
    """One BuildRequires.

    `name` is a package or a capability, or a whole rich dependency such as `(a or b)`. `constraint` reads
    like `>= 1.2`. `conditional` tells that it stands in an `%if`.
    """

    name: str
    line: int
    constraint: str = ""
    conditional: bool = False

    def __str__(self) -> str:
        return f"{self.name} {self.constraint}".rstrip()


@dataclass(frozen=True)
class Spec:
    """What a spec says of its build. A macro that only running it could tell stays as it is written.

    `packages` are the full names of the subpackages; `macros` are the spec's own definitions.
    """

    name: str
    version: str
    release: str
    epoch: str | None
    sources: tuple[Source, ...]
    patches: tuple[Source, ...]
    build_requires: tuple[Requirement, ...]
    packages: tuple[str, ...]
    build_arch: tuple[str, ...]
    exclusive_arch: tuple[str, ...]
    exclude_arch: tuple[str, ...]
    macros: Mapping[str, str]


def parse_spec(text: str) -> Spec:
    """Read a spec's preambles, those of its subpackages included. Raises `SpecError`.

    Of the branches of an `%if`, all give their sources and BuildRequires; the first gives the tags.
    """
    if "\0" in text:
        raise SpecError(1, SpecReason.BINARY)
    if not text.strip():
        raise SpecError(1, SpecReason.EMPTY)
    reader = _Reader()
    for line, logical in _logical_lines(text):
        reader.take(line, logical)
    return reader.finish(text.count("\n") + 1)


_SECTION: Final = re.compile(
    r"%(description|prep|generate_buildrequires|conf|build|install|check|clean|files|changelog|package"
    r"|sourcelist|patchlist|sepolicy|verifyscript"
    r"|pre|post|preun|postun|pretrans|posttrans|preuntrans|postuntrans"
    r"|trigger\w*|filetrigger\w*|transfiletrigger\w*)(?=\s|\Z)"
)
_CONDITION: Final = re.compile(r"%(if(?:n?arch|n?os)?|elif(?:arch|os)?|else|endif)(?![A-Za-z0-9_])")
_DEFINITION: Final = re.compile(r"%(?:global|define)\s+(\w+)(\([^)]*\))?\s*(.*)\Z", re.DOTALL)
_FALLBACK: Final = re.compile(r"%\{!\?(\w+):\s*(%(?:global|define)\s.*)\}\s*\Z", re.DOTALL)
_UNDEFINE: Final = re.compile(r"%undefine\s+(\w+)")
_BCOND: Final = re.compile(r"%bcond_without\s+(\w+)|%bcond\s+(\w+)\s+1\s*\Z")
_TAG: Final = re.compile(r"\s*([A-Za-z]+)([0-9]*)\s*:(.*)\Z", re.DOTALL)
_PACKAGE: Final = re.compile(r"%package\s+(-n\s+)?(\S+)")

_CLOSING: Final = {"{": "}", "(": ")", "[": "]"}
_MAX_DEPTH: Final = 32
_MAX_EXPANSION: Final = 64 * 1024


# --- lines -------------------------------------------------------------------------------------------------


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines with their numbers; a definition or an open `%{` takes the lines that it runs over along."""
    lines = [line.rstrip("\r") for line in text.split("\n")]
    ends = _brace_ends(lines)
    at = 0
    while at < len(lines):
        start, first = at, lines[at].lstrip()
        definition = first.startswith(("%global", "%define"))
        if definition or first.startswith("%{"):
            at = ends[at]
        while definition and lines[at].endswith("\\") and at + 1 < len(lines):
            at = ends[at + 1]
        at += 1
        yield start + 1, "\n".join(lines[start:at])


def _brace_ends(lines: list[str]) -> list[int]:
    """For each line the one on which its braces are closed again; itself where they never are.

    A brace that is never closed must not swallow the rest of the spec.
    """
    ends = list(range(len(lines)))
    waiting: list[tuple[int, int]] = []
    balance = 0
    for at, line in enumerate(lines):
        waiting.append((balance, at))
        balance += line.count("{") - line.count("}")
        while waiting and waiting[-1][0] >= balance:
            ends[waiting.pop()[1]] = at
    return ends


# --- macros ------------------------------------------------------------------------------------------------


class _TooLong(Exception):
    pass


@dataclass
class _Macros:
    """The macros defined so far; a parametric one is known by name only, as its own call."""

    bodies: dict[str, str] = field(default_factory=dict)
    _budget: int = 0

    def expand(self, text: str) -> str:
        """The text with what is known filled in; unchanged where that would grow without bound."""
        self._budget = _MAX_EXPANSION
        try:
            return self._expand(text, 0)
        except _TooLong:
            return text

    def _expand(self, text: str, depth: int) -> str:
        self._budget -= len(text) + 1
        if depth > _MAX_DEPTH or self._budget < 0:
            raise _TooLong
        out: list[str] = []
        closings = _closings(text)
        at = 0
        while (percent := text.find("%", at)) >= 0:
            out.append(text[at:percent])
            end = _macro_end(text, percent, closings)
            out.append(self._call(text[percent:end], depth))
            at = end
        out.append(text[at:])
        return "".join(out)

    def _call(self, written: str, depth: int) -> str:
        if written == "%%":
            return "%"
        match = re.fullmatch(r"%\{([!?]*)(\w+)(?::(.*))?\}|%([!?]*)(\w+)", written, re.DOTALL)
        if match is None:
            return written
        marks = match[1] if match[2] else match[4]
        name = match[2] or match[5]
        body = self.bodies.get(name)
        if "?" not in marks:
            return written if body is None or match[3] is not None else self._expand(body, depth + 1)
        if (body is None) != ("!" in marks):
            return ""
        if match[3] is not None:
            return self._expand(match[3], depth + 1)
        return "" if body is None else self._expand(body, depth + 1)


_CALL: Final = re.compile(r"%[!?]*\w+|%%")


def _macro_end(text: str, start: int, closings: Mapping[int, int]) -> int:
    """Where the macro call at `start` ends; just behind the `%` where there is none."""
    if match := _CALL.match(text, start):
        return match.end()
    return closings.get(start + 1, start + 1)


def _closings(text: str) -> Mapping[int, int]:
    """For each opening bracket, the place just behind the one that closes it."""
    found: dict[int, int] = {}
    waiting: dict[str, list[int]] = {"}": [], ")": [], "]": []}
    for at, char in enumerate(text):
        if char in _CLOSING:
            waiting[_CLOSING[char]].append(at)
        elif waiting.get(char):
            found[waiting[char].pop()] = at + 1
    return found


# --- the preamble ------------------------------------------------------------------------------------------


@dataclass
class _Tag:
    value: str
    conditional: bool


class _Reader:
    def __init__(self) -> None:
        self._macros = _Macros()
        self._own: dict[str, str] = {}
        self._section = "package"
        self._main = True
        self._depth = 0
        self._tags: dict[str, _Tag] = {}
        self._sources: dict[str, list[Source]] = {"source": [], "patch": []}
        self._requires: list[Requirement] = []
        self._packages: list[str] = []
        self._architectures: dict[str, list[str]] = {}

    def take(self, line: int, text: str) -> None:
        stripped = text.strip()
        if match := _CONDITION.match(stripped):
            self._branch(match[1])
        elif match := _FALLBACK.match(stripped):
            if match[1] not in self._macros.bodies:
                self._define(match[2])
        elif stripped.startswith(("%global", "%define", "%undefine", "%bcond")):
            self._define(stripped)
        elif match := _SECTION.match(stripped):
            self._enter(match[1], stripped)
        elif stripped and not stripped.startswith("#"):
            for expanded in self._macros.expand(stripped).split("\n"):
                self._content(line, expanded)

    def finish(self, last_line: int) -> Spec:
        name = self._required("name", last_line, SpecReason.MISSING_NAME)
        version = self._required("version", last_line, SpecReason.MISSING_VERSION)
        release = self._required("release", last_line, SpecReason.MISSING_RELEASE)
        epoch = self._tags.get("epoch")
        return Spec(
            name=name,
            version=version,
            release=release,
            epoch=(epoch and epoch.value) or None,
            sources=tuple(self._sources["source"]),
            patches=tuple(self._sources["patch"]),
            build_requires=tuple(self._requires),
            packages=tuple(dict.fromkeys(self._packages)),
            build_arch=self._architecture("buildarch", "buildarchitectures"),
            exclusive_arch=self._architecture("exclusivearch"),
            exclude_arch=self._architecture("excludearch"),
            macros=self._own,
        )

    def _required(self, tag: str, last_line: int, reason: SpecReason) -> str:
        found = self._tags.get(tag)
        if found is None or not found.value:
            raise SpecError(last_line, reason)
        return found.value

    def _architecture(self, *tags: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(arch for tag in tags for arch in self._architectures.get(tag, ())))

    def _branch(self, directive: str) -> None:
        if directive.startswith("if"):
            self._depth += 1
        elif directive == "endif":
            self._depth = max(0, self._depth - 1)

    def _define(self, text: str) -> None:
        if match := _DEFINITION.match(text):
            name, parameters, body = match[1], match[2], match[3].replace("\\\n", "\n").strip()
            self._set(name, f"%{{{name}}}" if parameters else body, eager=text.startswith("%global"))
        elif match := _UNDEFINE.match(text):
            if not self._depth:
                self._macros.bodies.pop(match[1], None)
        elif match := _BCOND.match(text):
            self._set(f"with_{match[1] or match[2]}", "1", eager=False)

    def _set(self, name: str, body: str, *, eager: bool) -> None:
        # Which branch holds is not known here, so its definition only fills a gap.
        if self._depth and name in self._macros.bodies:
            return
        self._macros.bodies[name] = self._own[name] = self._macros.expand(body) if eager else body

    def _enter(self, section: str, text: str) -> None:
        self._section = section
        if section != "package":
            return
        self._main = False
        if match := _PACKAGE.match(self._macros.expand(text)):
            name = self._tags.get("name")
            prefix = "" if match[1] or name is None else f"{name.value}-"
            self._packages.append(f"{prefix}{match[2]}")

    def _content(self, line: int, text: str) -> None:
        match self._section:
            case "package":
                self._tag(line, text)
            case "sourcelist":
                self._add_source("source", "", text)
            case "patchlist":
                self._add_source("patch", "", text)

    def _tag(self, line: int, text: str) -> None:
        match = _TAG.match(text)
        if match is None:
            return
        tag, number, value = match[1].lower(), match[2], match[3].strip()
        if tag in self._sources:
            self._add_source(tag, number, value)
        elif number:
            return
        elif tag in ("buildrequires", "buildprereq"):
            conditional = self._depth > 0
            self._requires.extend(
                Requirement(name, line, constraint, conditional) for name, constraint in _requirements(value)
            )
        elif tag in ("buildarch", "buildarchitectures", "exclusivearch", "excludearch") and self._main:
            self._architectures.setdefault(tag, []).extend(value.replace(",", " ").split())
        elif tag in ("name", "version", "release", "epoch") and self._main:
            self._set_tag(tag, value)

    def _set_tag(self, tag: str, value: str) -> None:
        known = self._tags.get(tag)
        if known is None or not known.value or (known.conditional and not self._depth):
            self._tags[tag] = _Tag(value, self._depth > 0)
            self._macros.bodies[tag] = value

    def _add_source(self, kind: str, number: str, url: str) -> None:
        known = self._sources[kind]
        # Longer numbers than this are no numbers to rpm either, and cost Python dearly.
        at = int(number[:9]) if number else known[-1].number + 1 if known else 0
        if url:
            known.append(Source(at, url, _filename(url)))


def _filename(url: str) -> str:
    """What stands behind the last slash that is not inside a macro."""
    closings = _closings(url)
    start = at = 0
    while at < len(url):
        if url[at] == "%":
            at = _macro_end(url, at, closings)
            continue
        at += 1
        if url[at - 1] == "/":
            start = at
    return url[start:] or url


# --- requirements ------------------------------------------------------------------------------------------

_OPERATORS: Final = frozenset({"<", "<=", "=", "==", ">=", ">"})


def _requirements(text: str) -> Iterator[tuple[str, str]]:
    """Each name with its constraint."""
    words = list(_words(text))
    at = 0
    while at < len(words):
        name = words[at]
        at += 1
        if name in _OPERATORS:
            continue
        if at + 1 < len(words) and words[at] in _OPERATORS:
            yield name, f"{words[at]} {words[at + 1]}"
            at += 2
        else:
            yield name, ""


def _words(text: str) -> Iterator[str]:
    """Split at space and commas, but not inside a macro call or a rich dependency."""
    closings = _closings(text)
    start = at = 0
    while at < len(text):
        char = text[at]
        if char == "%":
            at = _macro_end(text, at, closings)
        elif char == "(" and at == start:
            at = closings.get(at, len(text))
        elif char == "," or char.isspace():
            if at > start:
                yield text[start:at]
            at += 1
            start = at
        else:
            at += 1
    if at > start:
        yield text[start:at]
