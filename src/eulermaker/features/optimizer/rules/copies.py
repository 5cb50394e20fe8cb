"""What is copied: too much, twice, or in a way that does more than it says."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Final

from eulermaker.features.optimizer.findings import Finding, Rule, Severity, placed
from eulermaker.features.optimizer.runs import understood
from eulermaker.features.optimizer.surroundings import Surroundings
from eulermaker.formats.dockerfile import Dockerfile, Instruction

ADD_FOR_COPY: Final = Rule(
    "add-for-copy",
    Severity.INFO,
    safe=False,
    zh="ADD 还会解压归档；只复制文件时请用 COPY",
    en="ADD unpacks archives, too; use COPY where files are only copied",
)
CHANGED_AFTER_COPY: Final = Rule(
    "changed-after-copy",
    Severity.WARNING,
    safe=False,
    zh="复制后再 {command} 会把文件在镜像里存两份；请用 COPY {flag}",
    en="Running {command} after the copy stores the files twice; use COPY {flag}",
)
NO_DOCKERIGNORE: Final = Rule(
    "no-dockerignore",
    Severity.WARNING,
    safe=False,
    zh="复制了整个上下文，其中有 {found}；请写 .dockerignore 排除它",
    en="The whole context is copied, {found} among it; exclude it in a .dockerignore",
)
RULES: Final = (ADD_FOR_COPY, CHANGED_AFTER_COPY, NO_DOCKERIGNORE)

_UNWANTED: Final = (".git", "node_modules", ".venv", "__pycache__", ".svn", "target", ".idea")
_ARCHIVES: Final = frozenset({".tar", ".tgz", ".tbz2", ".txz", ".gz", ".bz2", ".xz", ".zst"})
_FLAGS: Final = {"chown": "--chown", "chmod": "--chmod"}


def find(dockerfile: Dockerfile, surroundings: Surroundings) -> Iterator[Finding]:
    """Copies that cost more than they need."""
    yield from _adds(dockerfile)
    yield from _changed(dockerfile)
    yield from _unwanted(dockerfile, surroundings)


def _adds(dockerfile: Dockerfile) -> Iterator[Finding]:
    for each in placed(dockerfile):
        sources = each.instruction.words[:-1]
        if each.instruction.keyword == "ADD" and sources and not any(_special(source) for source in sources):
            yield Finding(ADD_FOR_COPY, each.instruction.line)


def _special(source: str) -> bool:
    """Whether ADD may do with a source what COPY does not."""
    return "://" in source or source.startswith("git@") or "$" in source or "<<" in source or _archive(source)


def _archive(source: str) -> bool:
    suffixes = PurePosixPath(source).suffixes
    return any(
        suffix in (".tar", ".tgz", ".tbz2", ".txz", ".gz", ".bz2", ".xz", ".zst") for suffix in suffixes
    )


def _changed(dockerfile: Dockerfile) -> Iterator[Finding]:
    for first, second in pairwise(placed(dockerfile)):
        run = understood(second, escape=dockerfile.escape)
        if first.instruction.keyword != "COPY" or first.stage is not second.stage or run is None:
            continue
        name = run.commands[0].name or ""
        if name in _FLAGS and "-R" in run.commands[0].arguments:
            facts = {"command": name, "flag": _FLAGS[name]}
            yield Finding(CHANGED_AFTER_COPY, second.instruction.line, facts)


def _unwanted(dockerfile: Dockerfile, surroundings: Surroundings) -> Iterator[Finding]:
    files = surroundings.files
    if files is None or PurePosixPath(".dockerignore") in files:
        return
    found = next((name for name in _UNWANTED if any(name in path.parts for path in files)), None)
    whole = next((i for i in dockerfile.instructions if _copies_all(i)), None)
    if found is not None and whole is not None:
        yield Finding(NO_DOCKERIGNORE, whole.line, {"found": found})


def _copies_all(instruction: Instruction) -> bool:
    return (
        instruction.keyword in ("COPY", "ADD")
        and instruction.flag("from") is None
        and any(word in (".", "./", "/") for word in instruction.words[:-1])
    )
