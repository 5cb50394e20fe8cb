"""The parts of a Dockerfile."""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from eulermaker.formats.dockerfile.expansion import SubstitutionError, expand

_HEREDOC: Final = re.compile(r"[0-9]*<<(-?)([^<]*)\Z")


@dataclass(frozen=True)
class Directive:
    """A parser directive such as `# escape=` followed by a backtick; `name` is in lower case."""

    name: str
    value: str
    line: int
    raw: str


@dataclass(frozen=True)
class Comment:
    line: int
    raw: str


@dataclass(frozen=True)
class Blank:
    line: int
    raw: str


@dataclass(frozen=True)
class Flag:
    """`--name=value`; the value is `None` where no `=` was written."""

    name: str
    value: str | None


@dataclass(frozen=True)
class Heredoc:
    """`expand` is off where the name was quoted, `chomp` on for `<<-`; `content` is as written, with tabs."""

    name: str
    expand: bool
    chomp: bool
    content: str


@dataclass(frozen=True)
class Assignment:
    name: str
    value: str | None


@dataclass(frozen=True)
class Instruction:
    """One instruction.

    `keyword` is in upper case. `arguments` is the text behind the flags, its continued lines joined. `words`
    are BuildKit's arguments: the strings of the JSON form; the whole text for the shell form of RUN, CMD and
    ENTRYPOINT; name and value in turn for ENV and LABEL. `line` and `end_line` are 1-based and inclusive.
    `trigger` is what ONBUILD holds; its `raw` is empty, since the text belongs to the ONBUILD.
    """

    keyword: str
    flags: tuple[Flag, ...]
    arguments: str
    words: tuple[str, ...]
    line: int
    end_line: int
    raw: str
    heredocs: tuple[Heredoc, ...] = ()
    json_form: bool = False
    trigger: "Instruction | None" = None

    def flag(self, name: str) -> str | None:
        return next((flag.value for flag in self.flags if flag.name == name), None)

    @property
    def assignments(self) -> tuple[Assignment, ...]:
        """What ENV, LABEL and ARG define, quotes and variables as written; empty for other keywords."""
        match self.keyword:
            case "ENV" | "LABEL":
                pairs = zip(self.words[::2], self.words[1::2], strict=True)
                return tuple(Assignment(name, value) for name, value in pairs)
            case "ARG":
                parts = (word.partition("=") for word in self.words)
                return tuple(Assignment(name, value if equals else None) for name, equals, value in parts)
            case _:
                return ()

    @property
    def mounts(self) -> tuple[Mapping[str, str], ...]:
        """The options of each `--mount` of a RUN, keys in lower case."""
        return tuple(mount_options(flag.value or "") for flag in self.flags if flag.name == "mount")


@dataclass(frozen=True)
class Stage:
    """One FROM and the instructions under it; `base` is as written, `name` in lower case."""

    index: int
    name: str | None
    base: str
    platform: str | None
    line: int
    instructions: tuple[Instruction, ...]


Node = Directive | Comment | Blank | Instruction


@dataclass(frozen=True)
class Dockerfile:
    """A parsed Dockerfile; `str()` gives back the text to the last byte."""

    nodes: tuple[Node, ...]
    escape: str
    arguments: tuple[Instruction, ...]
    """The ARGs before the first FROM."""
    stages: tuple[Stage, ...]

    def __str__(self) -> str:
        return "".join(node.raw for node in self.nodes)

    @property
    def directives(self) -> tuple[Directive, ...]:
        return tuple(node for node in self.nodes if isinstance(node, Directive))

    @property
    def instructions(self) -> tuple[Instruction, ...]:
        return tuple(node for node in self.nodes if isinstance(node, Instruction))

    @property
    def targets(self) -> tuple[str, ...]:
        """The names that a build may take as its target."""
        return tuple(dict.fromkeys(stage.name for stage in self.stages if stage.name))


def mount_options(text: str) -> Mapping[str, str]:
    """The options of a mount; empty where the text is not one line of CSV."""
    try:
        fields = next(csv.reader([text], strict=True), [])
    except csv.Error:
        return {}
    parts = (field.partition("=") for field in fields)
    return {name.lower(): value for name, _, value in parts}


def heredoc_in(word: str) -> Heredoc | None:
    match = _HEREDOC.match(word)
    if match is None or not match[2]:
        return None
    try:
        name = expand(match[2], {}, keep_unknown=True)
    except SubstitutionError:
        return None
    if len(name.words) != 1:
        return None
    return Heredoc(name.words[0], expand=not name.quoted, chomp=match[1] == "-", content="")
