"""Which files of a context `.dockerignore` leaves in, and which of a Dockerfile's sources are missing."""

import posixpath
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from eulermaker.formats.dockerfile.expansion import SPACE
from eulermaker.formats.dockerfile.stages import ContextSource


class DockerignoreError(ValueError):
    """A pattern at `line` (1-based) that the engine would refuse."""

    def __init__(self, line: int, pattern: str) -> None:
        super().__init__(f"line {line}: invalid pattern {pattern!r}")
        self.line = line
        self.pattern = pattern


@dataclass(frozen=True)
class _Rule:
    expression: re.Pattern[str]
    exception: bool


@dataclass(frozen=True)
class Dockerignore:
    """The rules of a `.dockerignore`, as moby's patternmatcher reads them."""

    rules: tuple[_Rule, ...]

    @classmethod
    def parse(cls, text: str) -> "Dockerignore":
        """Raises `DockerignoreError`."""
        return cls(tuple(_rules(text)))

    def excludes(self, path: str) -> bool:
        """Whether the file at `path`, relative to the context and with `/` between its parts, is left out."""
        parts = posixpath.normpath(path).split("/")
        candidates = ["/".join(parts[:end]) for end in range(len(parts), 0, -1)]
        excluded = False
        for rule in self.rules:
            # The last rule that fits decides, so only one that would change the answer is tried.
            if rule.exception == excluded and any(map(rule.expression.match, candidates)):
                excluded = not rule.exception
        return excluded


def missing_sources(
    sources: Collection[ContextSource], paths: Collection[str], dockerignore: str | None = None
) -> tuple[ContextSource, ...]:
    """The sources that name nothing in a context of the files `paths` less what `dockerignore` leaves out.

    Reports only what the engine is sure to refuse: a wildcard may match nothing, a file may be a symbolic
    link to a directory, and a `.dockerignore` that does not parse tells nothing.
    """
    try:
        ignore = Dockerignore.parse(dockerignore or "")
    except DockerignoreError:
        return ()
    files = {_clean(path) for path in paths}
    kept = {path for path in files if not ignore.excludes(path)}
    present = {ancestor for path in kept for ancestor in _with_ancestors(path)}
    return tuple(source for source in sources if _is_missing(_clean(source.pattern), present, kept))


def _is_missing(path: str, present: Collection[str], files: Collection[str]) -> bool:
    if not path or re.search(r"[*?\[\\]", path) or path in present:
        return False
    return not any(ancestor in files for ancestor in _with_ancestors(path))


def _clean(path: str) -> str:
    """The path relative to the context; `..` stops at its root. Empty for the context itself."""
    return posixpath.normpath(f"/{path}").lstrip("/")


def _with_ancestors(path: str) -> Iterator[str]:
    while path:
        yield path
        path = posixpath.dirname(path)


def _rules(text: str) -> Iterator[_Rule]:
    for line, raw in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        written = raw.strip(SPACE)
        if not written or raw.startswith("#"):
            continue
        exception = written.startswith("!")
        pattern = written.removeprefix("!").strip(SPACE)
        if not pattern:
            raise DockerignoreError(line, written)
        pattern = posixpath.normpath(pattern)
        pattern = pattern.lstrip("/") or pattern
        try:
            expression = re.compile(_expression(pattern), re.DOTALL)
        except (re.error, OverflowError) as error:
            raise DockerignoreError(line, written) from error
        yield _Rule(expression, exception)


def _expression(pattern: str) -> str:
    """The regular expression that moby makes of a pattern."""
    out: list[str] = []
    at = 0
    while at < len(pattern):
        char = pattern[at]
        if pattern.startswith("**", at):
            at += 3 if pattern.startswith("/", at + 2) else 2
            out.append(".*" if at >= len(pattern) else "(?:.*/)?")
            continue
        if char == "*":
            out.append("[^/]*")
        elif char == "?":
            out.append("[^/]")
        elif char == "[":
            group, at = _character_class(pattern, at)
            out.append(group)
            continue
        elif char == "\\" and at + 1 < len(pattern):
            at += 1
            out.append(re.escape(pattern[at]))
        else:
            out.append(re.escape(char))
        at += 1
    return rf"{''.join(out)}\Z"


def _character_class(pattern: str, at: int) -> tuple[str, int]:
    end = pattern.find("]", at + 2)
    if end < 0:
        raise re.error("unterminated character class", pattern, at)
    inner = pattern[at + 1 : end]
    negated = "^" if inner.startswith("^") else ""
    inner = re.sub(r"([\[&~|])", r"\\\1", inner.removeprefix("^")).replace("--", r"-\-")
    return f"[{negated}{inner}]", end + 1
