"""Shell-like expansion of `$NAME`, `${NAME:-word}` and their kin, as BuildKit's Dockerfile lexer does it."""

from collections.abc import Mapping
from dataclasses import dataclass

# Go's unicode.IsSpace, which BuildKit splits by; str.isspace also takes the ASCII separators 0x1c-0x1f.
SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)

_SPECIAL_PARAMETERS = "@*#?-$!0"
_PATTERN_MODIFIERS = "#%/"
_VALUES_LIMIT = 128 * 1024  # MAX_ARG_STRLEN
# Keeps hostile text within Python's recursion limit.
_DEPTH_LIMIT = 50


class SubstitutionError(ValueError):
    """A `${…}` that BuildKit refuses, or a quote that is never closed."""


class ExpansionTooLong(SubstitutionError):
    """The values filled in are longer than Linux lets a variable be."""


@dataclass(frozen=True)
class Expansion:
    """What a word came to.

    `words` is the result split at unquoted space. `unknown` holds the names whose value was needed and not
    to be had; where it is not empty, `text` shows them as empty.
    """

    text: str
    words: tuple[str, ...]
    unknown: frozenset[str]
    quoted: bool


def expand(
    text: str,
    variables: Mapping[str, str],
    *,
    escape: str = "\\",
    keep_quotes: bool = False,
    keep_unknown: bool = False,
) -> Expansion:
    """Replace the variables in `text`, and drop its quotes and escapes unless `keep_quotes`.

    With `keep_unknown`, references to variables that are not given stay as they are written.
    `${NAME#pattern}`, `${NAME%pattern}` and `${NAME/from/to}` depend on the engine's version: their names
    count as unknown. Raises `SubstitutionError`.
    """
    return _Lexer(text, variables, escape, keep_quotes, keep_unknown).run()


class _Words:
    def __init__(self) -> None:
        self.done: list[str] = []
        self._word = ""

    def add(self, text: str) -> None:
        for char in text:
            if char not in SPACE:
                self._word += char
            elif self._word:
                self.finish()

    def add_verbatim(self, text: str) -> None:
        self._word += text

    def finish(self) -> None:
        if self._word:
            self.done.append(self._word)
            self._word = ""


class _Lexer:
    def __init__(
        self, text: str, variables: Mapping[str, str], escape: str, keep_quotes: bool, keep_unknown: bool
    ) -> None:
        self._text = text
        self._at = 0
        self._variables = variables
        self._escape = escape
        self._keep_quotes = keep_quotes
        self._keep_unknown = keep_unknown
        self._unknown: set[str] = set()
        self._quoted = False
        self._depth = 0
        self._filled_in = 0

    def run(self) -> Expansion:
        text, words = self._until("")
        return Expansion(text, tuple(words), frozenset(self._unknown), self._quoted)

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _next(self) -> str:
        char = self._peek()
        self._at += len(char)
        return char

    def _until(self, stop: str) -> tuple[str, list[str]]:
        """Read to the unquoted character `stop`, or to the end where `stop` is empty."""
        result: list[str] = []
        words = _Words()
        while char := self._peek():
            if char == stop:
                self._next()
                words.finish()
                return "".join(result), words.done
            if char == "$":
                piece = self._dollar()
                words.add(piece)
            elif char == "'":
                piece = self._single_quoted()
                words.add_verbatim(piece)
            elif char == '"':
                piece = self._double_quoted()
                words.add_verbatim(piece)
            elif char == self._escape:
                piece = self._escaped()
                words.add_verbatim(piece)
            else:
                piece = self._next()
                words.add(piece)
            result.append(piece)
        if stop:
            raise SubstitutionError(f"missing {stop!r}")
        words.finish()
        return "".join(result), words.done

    def _escaped(self) -> str:
        escape, char = self._next(), self._next()
        return escape + char if self._keep_quotes else char

    def _single_quoted(self) -> str:
        self._quoted = True
        end = self._text.find("'", self._at + 1)
        if end < 0:
            raise SubstitutionError("missing closing single quote")
        inner = self._text[self._at + 1 : end]
        self._at = end + 1
        return f"'{inner}'" if self._keep_quotes else inner

    def _double_quoted(self) -> str:
        self._quoted = True
        quote = self._next() if self._keep_quotes else self._next()[:0]
        result = [quote]
        while char := self._peek():
            if char == '"':
                self._next()
                return "".join([*result, quote])
            if char == "$":
                result.append(self._dollar())
            elif char == self._escape:
                result.append(self._escaped_in_quotes())
            else:
                result.append(self._next())
        raise SubstitutionError("missing closing double quote")

    def _escaped_in_quotes(self) -> str:
        escape = self._next()
        char = self._peek()
        if not char:
            return escape if self._keep_quotes else ""
        if char not in ('"', "$", self._escape):
            return escape
        self._next()
        return escape + char if self._keep_quotes else char

    def _dollar(self) -> str:
        start = self._at
        name, value = self._reference()
        self._filled_in += len(value)
        if self._filled_in > _VALUES_LIMIT:
            raise ExpansionTooLong("the result is too long")
        if name and self._keep_unknown and name not in self._variables:
            return self._text[start : self._at]
        return value

    def _reference(self) -> tuple[str, str]:
        self._next()
        if self._peek() != "{":
            name = self._name()
            return name, self._value(name) if name else "$"
        self._next()
        if self._peek() in ("", "{", "}", ":"):
            raise SubstitutionError("bad substitution")
        name = self._name()
        modifier = self._next()
        if modifier == "}":
            return name, self._value(name)
        if modifier and modifier in _PATTERN_MODIFIERS:
            self._nested()
            self._unknown.add(name)
            return name, ""
        empty_is_unset = modifier == ":"
        if empty_is_unset:
            modifier = self._next()
        if modifier == "" or modifier not in "-+?":
            raise SubstitutionError(f"unsupported modifier {modifier!r}")
        return name, self._modified(name, modifier, empty_is_unset=empty_is_unset)

    def _modified(self, name: str, modifier: str, *, empty_is_unset: bool) -> str:
        word = self._nested()
        value = self._variables.get(name)
        if value is None:
            self._unknown.add(name)
        unset = value is None or (empty_is_unset and value == "")
        match modifier:
            case "-":
                return word if unset else value or ""
            case "+":
                return "" if unset else word
            case _:
                if unset and not self._keep_unknown:
                    raise SubstitutionError(f"{name}: {word or 'is not allowed to be unset'}")
                return value or ""

    def _nested(self) -> str:
        self._depth += 1
        if self._depth > _DEPTH_LIMIT:
            raise SubstitutionError("nested too deeply")
        word, _ = self._until("}")
        self._depth -= 1
        return word

    def _value(self, name: str) -> str:
        if name not in self._variables:
            self._unknown.add(name)
        return self._variables.get(name, "")

    def _name(self) -> str:
        start = self._at
        if self._peek().isdigit():
            while self._peek().isdigit():
                self._next()
        elif self._peek() and self._peek() in _SPECIAL_PARAMETERS:
            self._next()
        else:
            while (char := self._peek()).isalnum() or char == "_":
                self._next()
        return self._text[start : self._at]
