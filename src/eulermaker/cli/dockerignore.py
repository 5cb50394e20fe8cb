"""`.dockerignore`: which files of a folder stay out of a build's context."""

import re
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Rule:
    pattern: re.Pattern[str]
    keeps: bool


@dataclass(frozen=True, slots=True)
class Ignore:
    """The rules of one file; the last rule that matches a path or a folder above it decides."""

    rules: tuple[Rule, ...] = ()

    @classmethod
    def parse(cls, content: str) -> Self:
        """The rules of a `.dockerignore`: comments, `!`, and `*`, `?`, `[…]`, `**` as Docker has them."""
        lines = (line.strip() for line in content.removeprefix("\ufeff").splitlines())
        rules = (_rule(line) for line in lines if line and not line.startswith("#"))
        return cls(tuple(rule for rule in rules if rule is not None))

    def __call__(self, path: str) -> bool:
        """Whether `path`, relative and with `/`, stays out."""
        ignored = False
        for rule in self.rules:
            if rule.pattern.fullmatch(path):
                ignored = not rule.keeps
        return ignored

    def prunes(self, folder: str) -> bool:
        """Whether nothing in `folder` can come back in, so that it need not be searched."""
        return self(folder) and not any(rule.keeps for rule in self.rules)


def _rule(line: str) -> Rule | None:
    keeps = line.startswith("!")
    pattern = "/".join(part for part in line.removeprefix("!").strip().split("/") if part not in {"", "."})
    return Rule(re.compile(_expression(pattern) + "(/.*)?", re.DOTALL), keeps) if pattern else None


def _expression(pattern: str) -> str:
    tokens = re.findall(r"\*\*/?|\*|\?|\[[^\]]+\]|\\.|.", pattern)
    return "".join(_token(token) for token in tokens)


def _token(token: str) -> str:
    match token:
        case "**/":
            return "(.*/)?"
        case "**":
            return ".*"
        case "*":
            return "[^/]*"
        case "?":
            return "[^/]"
        case _ if token.startswith("[") and len(token) > 1:
            return token.replace("[!", "[^")
        case _:
            return re.escape(token.removeprefix("\\") or token)
