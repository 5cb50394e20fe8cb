"""RUN instructions, read as far as that is safe."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from eulermaker.features.optimizer.findings import Placed
from eulermaker.formats.dockerfile import Dockerfile, Stage
from eulermaker.formats.shell import Command, commands

_HEAD: Final = re.compile(r"\ufeff?[ \t]*RUN(?=[ \t\\])", re.IGNORECASE)
_FLAG: Final = re.compile(r"[ \t]+--[a-z]+(?:=[^\s\\\"'`]*)?(?=[ \t\\])")
_SUPERUSERS: Final = frozenset({"", "0", "root", "0:0", "root:root"})


@dataclass(frozen=True, slots=True)
class Run:
    """A RUN in the shell form whose commands are known.

    `text` is its command line as it is written, `start` where that begins in the Dockerfile, and
    `flags_end` where further flags may be put.
    """

    placed: Placed
    text: str
    start: int
    flags_end: int
    commands: tuple[Command, ...]


def understood(placed: Placed, *, escape: str) -> Run | None:
    """The RUN's commands; None where it is another instruction, or is not plain enough to be sure."""
    instruction = placed.instruction
    if instruction.keyword != "RUN" or instruction.json_form or instruction.heredocs:
        return None
    if any(each.keyword == "SHELL" for each in placed.stage.instructions):
        return None
    head = _HEAD.match(instruction.raw)
    if head is None:
        return None
    at = head.end()
    for _ in instruction.flags:
        flag = _FLAG.match(instruction.raw, at)
        if flag is None:
            return None
        at = flag.end()
    text = instruction.raw[at:].rstrip("\r\n")
    found = commands(text, escape=escape)
    if not found:
        return None
    return Run(placed, text, placed.start + at, placed.start + at, found)


def user_before(placed: Placed, dockerfile: Dockerfile, users: Mapping[str, str]) -> str | None:
    """The user that an instruction runs as; None where that is not known."""
    user: str | None = None
    for instruction in placed.stage.instructions:
        if instruction is placed.instruction:
            break
        if instruction.keyword == "USER":
            user = instruction.arguments
    if user is not None:
        return None if "$" in user else user
    return _user_of_base(placed.stage, dockerfile, users)


def is_superuser(user: str | None) -> bool:
    """Whether that user is root for sure."""
    return user is not None and user in _SUPERUSERS


def _user_of_base(stage: Stage, dockerfile: Dockerfile, users: Mapping[str, str]) -> str | None:
    base = next((each for each in dockerfile.stages[: stage.index] if each.name == stage.base.lower()), None)
    if base is None:
        return users.get(stage.base)
    own = [each.arguments for each in base.instructions if each.keyword == "USER"]
    if own:
        return None if "$" in own[-1] else own[-1]
    return _user_of_base(base, dockerfile, users)
