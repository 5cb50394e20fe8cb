"""A lossless Dockerfile parser that takes and refuses what BuildKit does (Engine 20.10 to 29).

The rules follow BuildKit's `frontend/dockerfile/parser` and `instructions`; where versions differ, the wider
grammar wins.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Final, Never

from eulermaker.formats.dockerfile.checks import check_instruction
from eulermaker.formats.dockerfile.expansion import SPACE, SubstitutionError, expand
from eulermaker.formats.dockerfile.faults import DockerfileError
from eulermaker.formats.dockerfile.faults import DockerfileReason as _R
from eulermaker.formats.dockerfile.nodes import (
    Blank,
    Comment,
    Directive,
    Dockerfile,
    Flag,
    Heredoc,
    Instruction,
    Node,
    Stage,
    heredoc_in,
)
from eulermaker.formats.dockerfile.references import check_references


def parse(text: str) -> Dockerfile:
    """Parse a Dockerfile. Raises `DockerfileError` where BuildKit refuses it whatever the build arguments."""
    if not text:
        raise DockerfileError(1, _R.EMPTY_FILE)
    reader = _Reader(text)
    nodes = tuple(reader.nodes())
    arguments, stages = _stages([node for node in nodes if isinstance(node, Instruction)], reader.line_count)
    check_references(stages)
    return Dockerfile(nodes, reader.escape, arguments, stages)


_BOM: Final = "\ufeff"
# BuildKit reads with Go's bufio.Scanner and its default buffer.
_LINE_LIMIT: Final = 65535
_DIRECTIVE: Final = re.compile(r"#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(\S.*)", re.ASCII)
_DIRECTIVES: Final = frozenset({"syntax", "escape", "check"})
_HEREDOC_KEYWORDS: Final = frozenset({"RUN", "COPY", "ADD"})
_SEPARATOR: Final = re.compile(r"[\t\v\f\r ]+")


class _Reader:
    """Turns lines into nodes; `escape` is settled once the directives at the top are read."""

    def __init__(self, text: str) -> None:
        self.escape = "\\"
        self._lines = [line for line in re.split(r"(?<=\n)", text) if line]
        self.line_count = len(self._lines)
        self._at = 0
        self._directives: set[str] | None = set()

    def nodes(self) -> Iterator[Node]:
        while self._at < len(self._lines):
            yield self._node()

    def _next(self) -> str:
        line = self._lines[self._at]
        self._at += 1
        if _size(line) > _LINE_LIMIT:
            raise DockerfileError(self._at, _R.LINE_TOO_LONG, limit=_LINE_LIMIT)
        return line

    def _node(self) -> Node:
        raw = self._next()
        line = self._at
        text = raw.removeprefix(_BOM) if line == 1 else raw
        text = text.rstrip("\r\n").lstrip(SPACE)
        if directive := self._directive(text):
            return Directive(*directive, line, raw)
        if text.startswith("#"):
            return Comment(line, raw)
        if not text:
            return Blank(line, raw)
        return self._instruction(text, line)

    def _directive(self, text: str) -> tuple[str, str] | None:
        if self._directives is None:
            return None
        match = _DIRECTIVE.match(text)
        if match is None or match[1].lower() not in _DIRECTIVES:
            self._directives = None
            return None
        name, value = match[1].lower(), match[2].rstrip(SPACE)
        if name in self._directives:
            raise DockerfileError(self._at, _R.DUPLICATE_DIRECTIVE, name=name)
        if name == "escape" and value not in ("\\", "`"):
            raise DockerfileError(self._at, _R.INVALID_ESCAPE, value=value)
        self._directives.add(name)
        if name == "escape":
            self.escape = value
        return name, value

    def _instruction(self, first: str, line: int) -> Instruction:
        text = self._joined(first)
        instruction = _instruction(text, self.escape, line)
        heredocs = tuple(self._heredocs(instruction, text))
        raw = "".join(self._lines[line - 1 : self._at])
        return replace(instruction, end_line=self._at, raw=raw, heredocs=heredocs)

    def _joined(self, first: str) -> str:
        escape = re.escape(self.escape)
        continuation = re.compile(rf"(?:^|(?<=[^{escape}])){escape}[ \t]*\Z")
        text, more = continuation.subn("", first)
        pieces = [text]
        while more and self._at < len(self._lines):
            line = self._next().rstrip("\r\n")
            if line.lstrip(SPACE)[:1] in ("", "#"):
                continue
            text, more = continuation.subn("", line)
            pieces.append(text)
        return "".join(pieces)

    def _heredocs(self, instruction: Instruction, text: str) -> Iterator[Heredoc]:
        holder = instruction.trigger or instruction
        if "<<" not in text or holder.keyword not in _HEREDOC_KEYWORDS or holder.json_form:
            return
        try:
            words = expand(text, {}, keep_quotes=True, keep_unknown=True).words
        except SubstitutionError:
            # BuildKit, too, takes a line that it cannot split for one without heredocs.
            return
        for word in words:
            if heredoc := heredoc_in(word):
                content = self._heredoc_content(heredoc, instruction.line)
                yield replace(heredoc, content=content)

    def _heredoc_content(self, heredoc: Heredoc, line: int) -> str:
        start = self._at
        while self._at < len(self._lines):
            candidate = self._next().rstrip("\r\n")
            if (candidate.lstrip("\t") if heredoc.chomp else candidate) == heredoc.name:
                return "".join(self._lines[start : self._at - 1])
        raise DockerfileError(line, _R.UNTERMINATED_HEREDOC, name=heredoc.name)


def _size(line: str) -> int:
    return len(line.removesuffix("\n").encode(errors="surrogatepass"))


def _instruction(text: str, escape: str, line: int) -> Instruction:
    keyword, _, rest = _partition(text.strip(SPACE))
    keyword = keyword.upper()
    flags, arguments = _flags(rest)
    arguments = arguments.strip(SPACE)
    reader = _ARGUMENTS.get(keyword)
    if reader is None:
        raise DockerfileError(line, _R.UNKNOWN_INSTRUCTION, keyword=keyword)
    draft = Instruction(keyword, flags, arguments, (), line, line, "")
    instruction = reader(draft, escape)
    check_instruction(instruction)
    return instruction


def _partition(text: str) -> tuple[str, str, str]:
    match = _SEPARATOR.search(text)
    return (text, "", "") if match is None else (text[: match.start()], match[0], text[match.end() :])


def _flags(text: str) -> tuple[tuple[Flag, ...], str]:
    """Split the leading `--flag` words off; quotes and backslashes in them are taken away."""
    flags: list[Flag] = []
    at = 0
    while True:
        while at < len(text) and text[at] in SPACE:
            at += 1
        if not text.startswith("--", at):
            return tuple(flags), text[at:]
        word, at = _flag_word(text, at)
        if word == "--":
            return tuple(flags), text[at:]
        name, equals, value = word.removeprefix("--").partition("=")
        flags.append(Flag(name, value if equals else None))


def _flag_word(text: str, at: int) -> tuple[str, int]:
    word: list[str] = []
    quote = ""
    while at < len(text):
        char = text[at]
        if char == "\\":
            at += 1
            word.append(text[at : at + 1])
        elif quote:
            if char == quote:
                quote = ""
            else:
                word.append(char)
        elif char in "'\"":
            quote = char
        elif char in SPACE:
            break
        else:
            word.append(char)
        at += 1
    return "".join(word), min(at, len(text))


def _words(text: str, escape: str) -> list[str]:
    """Split at unquoted space, keeping quotes and escapes."""
    words: list[str] = []
    word: list[str] = []
    quote = ""
    at = 0
    while at < len(text):
        char = text[at]
        if char == escape and quote != "'":
            # A lone escape at the very end is dropped.
            word.append(text[at : at + 2] if at + 1 < len(text) else "")
            at += 2
            continue
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        if char in SPACE and not quote:
            words.append("".join(word))
            word = []
        else:
            word.append(char)
        at += 1
    return [word for word in [*words, "".join(word)] if word]


def _refuse_constant(name: str) -> Never:
    raise ValueError(name)


def _json_strings(instruction: Instruction, text: str) -> tuple[str, ...] | None:
    """The strings of a JSON array, or `None` where the text is not one."""
    text = text.lstrip(SPACE)
    if not text.startswith("["):
        return None
    try:
        values = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        # What is not JSON is a shell command, such as `[ -f x ]`.
        return None
    if not all(isinstance(value, str) for value in values):
        raise DockerfileError(instruction.line, _R.NON_STRING_IN_JSON, keyword=instruction.keyword)
    return tuple(values)


def _read_text(draft: Instruction, _escape: str) -> Instruction:
    return replace(draft, words=(draft.arguments,) if draft.arguments else ())


def _read_list(draft: Instruction, _escape: str) -> Instruction:
    return replace(draft, words=tuple(_SEPARATOR.split(draft.arguments)) if draft.arguments else ())


def _read_json_or_text(draft: Instruction, escape: str) -> Instruction:
    strings = _json_strings(draft, draft.arguments)
    return _read_text(draft, escape) if strings is None else replace(draft, words=strings, json_form=True)


def _read_json_or_list(draft: Instruction, escape: str) -> Instruction:
    strings = _json_strings(draft, draft.arguments)
    return _read_list(draft, escape) if strings is None else replace(draft, words=strings, json_form=True)


def _read_words(draft: Instruction, escape: str) -> Instruction:
    return replace(draft, words=tuple(_words(draft.arguments, escape)))


def _read_pairs(draft: Instruction, escape: str) -> Instruction:
    words = _words(draft.arguments, escape)
    if words and "=" not in words[0]:
        name, separator, value = _partition(draft.arguments)
        if not separator:
            raise DockerfileError(draft.line, _R.MISSING_VALUE, keyword=draft.keyword)
        return replace(draft, words=(name, value))
    pairs: list[str] = []
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise DockerfileError(draft.line, _R.MISSING_EQUALS, keyword=draft.keyword, word=word)
        pairs += name, value
    return replace(draft, words=tuple(pairs))


def _read_healthcheck(draft: Instruction, _escape: str) -> Instruction:
    match = re.match(rf"([^{SPACE}]+)[{SPACE}]*", draft.arguments)
    if match is None:
        return draft
    command = draft.arguments[match.end() :]
    strings = _json_strings(draft, command)
    if strings is None:
        return replace(draft, words=(match[1], command) if command else (match[1],))
    return replace(draft, words=(match[1], *strings), json_form=True)


def _read_trigger(draft: Instruction, escape: str) -> Instruction:
    if not draft.arguments:
        return draft
    keyword, _, rest = _partition(draft.arguments)
    flags, arguments = _flags(rest)
    trigger = Instruction(keyword.upper(), flags, arguments.strip(SPACE), (), draft.line, draft.line, "")
    # BuildKit only splits a trigger here and checks it where it runs, so an unknown keyword passes.
    reader = _ARGUMENTS.get(trigger.keyword)
    if reader is not None and reader is not _read_trigger:
        trigger = reader(trigger, escape)
    return replace(draft, words=(trigger.keyword, *trigger.words), trigger=trigger)


_ARGUMENTS: Final[Mapping[str, Callable[[Instruction, str], Instruction]]] = {
    "ADD": _read_json_or_list,
    "ARG": _read_words,
    "CMD": _read_json_or_text,
    "COPY": _read_json_or_list,
    "ENTRYPOINT": _read_json_or_text,
    "ENV": _read_pairs,
    "EXPOSE": _read_list,
    "FROM": _read_list,
    "HEALTHCHECK": _read_healthcheck,
    "LABEL": _read_pairs,
    "MAINTAINER": _read_text,
    "ONBUILD": _read_trigger,
    "RUN": _read_json_or_text,
    "SHELL": _read_json_or_text,
    "STOPSIGNAL": _read_text,
    "USER": _read_text,
    "VOLUME": _read_json_or_list,
    "WORKDIR": _read_text,
}


def _stages(
    instructions: list[Instruction], line_count: int
) -> tuple[tuple[Instruction, ...], tuple[Stage, ...]]:
    if not instructions:
        raise DockerfileError(line_count, _R.NO_INSTRUCTIONS)
    starts = [at for at, instruction in enumerate(instructions) if instruction.keyword == "FROM"]
    head = instructions[: starts[0]] if starts else instructions
    for instruction in head:
        if instruction.keyword != "ARG":
            raise DockerfileError(instruction.line, _R.INSTRUCTION_BEFORE_FROM, keyword=instruction.keyword)
    if not starts:
        raise DockerfileError(line_count, _R.NO_STAGE)
    ends = [*starts[1:], len(instructions)]
    stages = tuple(
        _stage(index, instructions[start], instructions[start + 1 : end])
        for index, (start, end) in enumerate(zip(starts, ends, strict=True))
    )
    return tuple(head), stages


def _stage(index: int, origin: Instruction, instructions: list[Instruction]) -> Stage:
    name = origin.words[2].lower() if len(origin.words) == 3 else None
    return Stage(index, name, origin.words[0], origin.flag("platform"), origin.line, tuple(instructions))
