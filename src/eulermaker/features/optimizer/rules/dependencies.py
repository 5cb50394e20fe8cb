"""Dependencies that are installed after all sources were copied: every changed line installs them anew."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Final

from eulermaker.features.optimizer.findings import Edit, Finding, Placed, Rule, Severity, placed
from eulermaker.features.optimizer.runs import Run, understood
from eulermaker.features.optimizer.surroundings import Surroundings
from eulermaker.formats.dockerfile import Dockerfile
from eulermaker.formats.shell import Command

DEPENDENCIES_FIRST: Final = Rule(
    "dependencies-first",
    Severity.WARNING,
    safe=True,
    zh="依赖在复制全部源码之后安装，改一行源码就要重装；先只复制 {files} 并安装依赖",
    en="Dependencies are installed after all sources: each changed line installs them again; "
    "copy {files} and install before the rest is copied",
)
DEPENDENCIES_LATE: Final = Rule(
    "dependencies-late",
    Severity.INFO,
    safe=False,
    zh="{command} 在复制全部源码之后运行；如果它只需要依赖清单，请先单独复制清单",
    en="{command} runs after all sources are copied; if the dependency manifest is all it needs, "
    "copy that first",
)
RULES: Final = (DEPENDENCIES_FIRST, DEPENDENCIES_LATE)

_EVERYTHING: Final = frozenset({".", "./"})
# A requirement that names a package of an index, and nothing that lies in the sources.
_PIP_LINE: Final = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9._-]*\s*(\[[A-Za-z0-9,._ -]+\])?\s*"
    r"([<>=!~]=?[^;#@/]*)?(;[^#]*)?(\s--hash=\S+)*\s*(#.*)?"
)
_PIP_LENGTH: Final = 1000
_PIP_OPTIONS: Final = frozenset(
    {"--no-cache-dir", "--require-hashes", "--no-deps", "-q", "--quiet", "-U", "--upgrade"}
)
_INSTALLERS: Final = frozenset({"pip", "pip3", "npm", "dnf", "yum-builddep"})


@dataclass(frozen=True, slots=True)
class _Step:
    """A COPY of everything, and the install that follows it at once."""

    copy: Placed
    run: Run
    command: Command


def find(dockerfile: Dockerfile, surroundings: Surroundings) -> Iterator[Finding]:
    """A COPY of everything that an install follows at once."""
    for step in _steps(dockerfile):
        files = _needed(step.command, surroundings)
        if files:
            yield Finding(
                DEPENDENCIES_FIRST,
                step.run.placed.instruction.line,
                {"files": ", ".join(map(str, files))},
                (_swap(step, files, str(dockerfile)),),
            )
        elif files is None and step.command.name in _INSTALLERS:
            yield Finding(
                DEPENDENCIES_LATE,
                step.run.placed.instruction.line,
                {"command": step.run.text[step.command.start : step.command.end][:80]},
            )


def _steps(dockerfile: Dockerfile) -> Iterator[_Step]:
    for first, second in pairwise(placed(dockerfile)):
        if first.stage is not second.stage or not _copies_everything(first):
            continue
        run = understood(second, escape=dockerfile.escape)
        if run is not None and len(run.commands) == 1 and run.commands[0].name in _INSTALLERS:
            yield _Step(first, run, run.commands[0])


def _copies_everything(each: Placed) -> bool:
    """`COPY . .` into the working directory, without flags."""
    instruction = each.instruction
    return (
        instruction.keyword == "COPY"
        and not instruction.flags
        and len(instruction.words) == 2
        and instruction.words[0] in _EVERYTHING
        and instruction.words[1] in _EVERYTHING
        and _working_directory(each)
    )


def _working_directory(each: Placed) -> bool:
    """Whether the stage itself says where it works, so that `.` is no directory of the system's."""
    before = [i for i in each.stage.instructions if i.line < each.instruction.line and i.keyword == "WORKDIR"]
    return bool(before) and re.fullmatch(r"/[\w./-]*\w", before[-1].arguments) is not None


def _needed(command: Command, surroundings: Surroundings) -> tuple[PurePosixPath, ...] | None:
    """The only files of the context that the install reads; None where that is not known for sure."""
    arguments = command.arguments
    if command.assignments or command.redirected or surroundings.files is None or None in arguments:
        return None
    plain = [each for each in arguments if each is not None]
    match command.name:
        case "pip" | "pip3":
            return _pip_files(plain, surroundings)
        case "npm":
            return _npm_files(plain, surroundings)
        case "dnf" | "yum-builddep":
            return _spec_file(command.name, plain, surroundings)
    return None


def _pip_files(arguments: list[str], surroundings: Surroundings) -> tuple[PurePosixPath, ...] | None:
    if arguments[:1] != ["install"]:
        return None
    files: list[PurePosixPath] = []
    rest = iter(arguments[1:])
    for argument in rest:
        if argument in ("-r", "--requirement"):
            files.append(PurePosixPath(next(rest, "")))
        elif argument not in _PIP_OPTIONS:
            return None
    for file in files:
        content = _content(file, surroundings)
        if content is None or not all(_plain_requirement(line) for line in _logical_lines(content)):
            return None
    return tuple(files) or None


def _plain_requirement(line: str) -> bool:
    stripped = line.strip()
    if not stripped or stripped.startswith("#"):
        return True
    return len(stripped) <= _PIP_LENGTH and _PIP_LINE.fullmatch(stripped) is not None


def _logical_lines(content: bytes) -> list[str]:
    return content.decode("utf-8", "replace").replace("\\\r\n", " ").replace("\\\n", " ").splitlines()


def _npm_files(arguments: list[str], surroundings: Surroundings) -> tuple[PurePosixPath, ...] | None:
    # Scripts of packages may read the sources, and what `npm ci` removes may come from the context.
    if arguments[:1] != ["ci"] or "--ignore-scripts" not in arguments or surroundings.files is None:
        return None
    if any(path.parts[0] == "node_modules" for path in surroundings.files):
        return None
    files = [PurePosixPath("package.json"), PurePosixPath("package-lock.json")]
    contents = [_content(file, surroundings) for file in files]
    if any(content is None or b'"file:' in content or b'"workspaces"' in content for content in contents):
        return None
    settings = PurePosixPath(".npmrc")
    return (*files, settings) if settings in surroundings.files else tuple(files)


def _spec_file(
    name: str, arguments: list[str], surroundings: Surroundings
) -> tuple[PurePosixPath, ...] | None:
    wanted = [each for each in arguments if not each.startswith("-")]
    if name == "dnf":
        if wanted[:1] != ["builddep"]:
            return None
        wanted = wanted[1:]
    if len(wanted) != 1 or not wanted[0].endswith(".spec"):
        return None
    content = _content(PurePosixPath(wanted[0]), surroundings)
    # `%include` and `%(…)` may read anything.
    if content is None or b"%include" in content or b"%(" in content or b"%{load:" in content:
        return None
    return (PurePosixPath(wanted[0]),)


def _content(file: PurePosixPath, surroundings: Surroundings) -> bytes | None:
    if file.is_absolute() or ".." in file.parts or not re.fullmatch(r"[\w./-]+", str(file)):
        return None
    return (surroundings.files or {}).get(file)


def _swap(step: _Step, files: tuple[PurePosixPath, ...], text: str) -> Edit:
    copy, run = step.copy, step.run.placed
    manifests = "".join(f"COPY {file} {file}\n" for file in files)
    between = text[copy.end : run.start]
    install, everything = run.instruction.raw, copy.instruction.raw
    if not install.endswith("\n"):
        install, everything = f"{install}\n", everything.removesuffix("\n")
    return Edit(copy.start, run.end, f"{manifests}{between}{install}{everything}")
