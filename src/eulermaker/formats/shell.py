"""The simple commands of a shell command line, with their places, where it is plain enough to be sure.

Only lists of simple commands are read (`a && b; c | d`). What has a subshell, a loop, a function, a
substitution outside a word's value or a heredoc is not understood, and is said to be so.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

Operator = Literal["", "&&", "||", ";", "|", "&", "\n"]

_BLANK: Final = " \t\r\v\f"
_COMPOUND: Final = frozenset(
    {"if", "then", "else", "elif", "fi", "for", "while", "until", "do", "done", "case", "esac", "select"}
    | {"function", "{", "}", "!", "[[", "time", "coproc"}
)
_ASSIGNMENT: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\+?=")
_REDIRECTION: Final = re.compile(r"[0-9]*(?:>>|>\||>&|<&|<>|>|<)")
_OPERATORS: Final[tuple[Operator, ...]] = ("&&", "||", ";", "|", "&", "\n")


@dataclass(frozen=True, slots=True)
class Word:
    """One word: `value` is what it stands for, None where only running it tells (`$HOME`, `*.rpm`)."""

    value: str | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Command:
    """A simple command: `words` without assignments and redirections.

    `before` and `after` are the operators that it stands between; `start` and `end` its place.
    """

    assignments: tuple[Word, ...]
    words: tuple[Word, ...]
    redirected: bool
    before: Operator
    after: Operator
    start: int
    end: int

    @property
    def name(self) -> str | None:
        """What is run, without its directory; None where it is not known."""
        if not self.words or self.words[0].value is None:
            return None
        return self.words[0].value.rpartition("/")[2]

    @property
    def arguments(self) -> tuple[str | None, ...]:
        """The words behind the name."""
        return tuple(word.value for word in self.words[1:])


def commands(text: str, *, escape: str = "\\") -> tuple[Command, ...] | None:
    """The commands of a command line as it stands in a RUN; None where it is not understood.

    Continued lines are read as a Dockerfile's: comments and empty lines between them do not count.
    """
    try:
        return tuple(_commands(_Reader(text, escape)))
    except _NotUnderstoodError:
        return None


class _NotUnderstoodError(Exception):
    pass


@dataclass
class _Reader:
    text: str
    escape: str
    at: int = 0

    def skip_blanks(self) -> None:
        """Go to the next word or operator, over continued lines."""
        while self.at < len(self.text):
            if self.text[self.at] in _BLANK:
                self.at += 1
            elif (end := self._continuation()) is not None:
                self.at = end
            else:
                return

    def operator(self) -> Operator:
        """The operator here, which is passed; empty where there is none."""
        for operator in _OPERATORS:
            if self.text.startswith(operator, self.at):
                self.at += len(operator)
                return operator
        return ""

    def redirection(self) -> bool:
        """Pass the operator of a redirection; tells whether one was here."""
        found = _REDIRECTION.match(self.text, self.at)
        if found is None:
            return False
        if self.text.startswith("<<", self.at) or self.text.startswith("(", found.end()):
            raise _NotUnderstoodError
        self.at = found.end()
        return True

    def word(self) -> Word:
        """The word here, which is passed; raises where it is none that can be told apart."""
        start, value, known = self.at, [], True
        while self.at < len(self.text):
            char = self.text[self.at]
            if char in _BLANK or char in ";|&<>\n" or self._continuation() is not None:
                break
            if char in "()`" or (char == "#" and self.at == start):
                raise _NotUnderstoodError
            if char == "'":
                value.append(self._single_quoted())
            elif char == '"':
                inner = self._double_quoted()
                known = known and inner is not None
                value.append(inner or "")
            elif char == "\\":
                value.append(self.text[self.at + 1 : self.at + 2])
                self.at += 2
            elif char == "$":
                self._expansion()
                known = False
            else:
                known = known and char not in "*?[{~"
                value.append(char)
                self.at += 1
        if self.at == start:
            raise _NotUnderstoodError
        return Word("".join(value) if known else None, start, self.at)

    def _continuation(self) -> int | None:
        """Where the text goes on after a line that ends with the escape here; None if none does."""
        if not self.text.startswith(self.escape, self.at):
            return None
        end = self.text.find("\n", self.at)
        rest = self.text[self.at + len(self.escape) : end if end >= 0 else len(self.text)]
        if rest.strip(_BLANK):
            return None
        at = end + 1 if end >= 0 else len(self.text)
        while at < len(self.text):
            end = self.text.find("\n", at)
            end = len(self.text) if end < 0 else end
            line = self.text[at:end].strip(_BLANK)
            if line and not line.startswith("#"):
                break
            at = min(end + 1, len(self.text))
        return at

    def _single_quoted(self) -> str:
        end = self.text.find("'", self.at + 1)
        inner = self.text[self.at + 1 : end]
        if end < 0 or "\n" in inner:
            raise _NotUnderstoodError
        self.at = end + 1
        return inner

    def _double_quoted(self) -> str | None:
        value: list[str] = []
        known = True
        self.at += 1
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == '"':
                self.at += 1
                return "".join(value) if known else None
            if char in "\n`":
                raise _NotUnderstoodError
            if char == "$":
                self._expansion()
                known = False
            elif char == "\\":
                following = self.text[self.at + 1 : self.at + 2]
                if following == "\n":
                    raise _NotUnderstoodError
                value.append(following if following in '$`"\\' else char + following)
                self.at += 2
            else:
                value.append(char)
                self.at += 1
        raise _NotUnderstoodError

    def _expansion(self) -> None:
        """Pass `$name` or `${name…}`; a substitution of a command is not understood."""
        if self.text.startswith("$(", self.at):
            raise _NotUnderstoodError
        self.at += 1
        if not self.text.startswith("{", self.at):
            return
        end = self.text.find("}", self.at)
        if end < 0 or any(char in "$`'\"\n" for char in self.text[self.at + 1 : end]):
            raise _NotUnderstoodError
        self.at = end + 1


def _commands(reader: _Reader) -> Iterator[Command]:
    before: Operator = ""
    while True:
        command = _command(reader, before)
        if command is not None:
            yield command
            before = command.after
        if reader.at >= len(reader.text):
            break
    if before in ("&&", "||", "|"):
        raise _NotUnderstoodError


def _command(reader: _Reader, before: Operator) -> Command | None:
    assignments: list[Word] = []
    words: list[Word] = []
    redirected = False
    reader.skip_blanks()
    start = end = reader.at
    after: Operator = ""
    while reader.at < len(reader.text):
        if reader.redirection():
            reader.skip_blanks()
            reader.word()
            redirected = True
            end = reader.at
        elif after := reader.operator():
            break
        else:
            word = reader.word()
            end = word.end
            if not words and _ASSIGNMENT.match(reader.text, word.start):
                assignments.append(word)
            else:
                words.append(word)
        reader.skip_blanks()
    if words and reader.text[words[0].start : words[0].end] in _COMPOUND:
        raise _NotUnderstoodError
    if not words and not assignments and not redirected:
        if after not in ("", "\n"):
            raise _NotUnderstoodError
        return None
    return Command(tuple(assignments), tuple(words), redirected, before, after, start, end)
