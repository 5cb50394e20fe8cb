"""What a build of one target reads: its stages, its paths of the build context, its base images."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from eulermaker.formats.dockerfile.expansion import ExpansionTooLong, SubstitutionError, expand
from eulermaker.formats.dockerfile.faults import DockerfileError, DockerfileReason
from eulermaker.formats.dockerfile.nodes import Dockerfile, Instruction, Stage
from eulermaker.formats.dockerfile.references import sources_used, stage_based_on, stage_named

SCRATCH: Final = "scratch"

# BuildKit sets these itself, from the platforms of the build.
_PLATFORM_ARGUMENTS: Final = frozenset(
    {"TARGETSTAGE"}
    | {f"BUILD{part}" for part in ("PLATFORM", "OS", "ARCH", "VARIANT", "OSVERSION")}
    | {f"TARGET{part}" for part in ("PLATFORM", "OS", "ARCH", "VARIANT", "OSVERSION")}
)

# Characters; beyond it values count as unknown, so that `ENV a=$a$a` repeated costs little.
_EXPANSION_BUDGET: Final = 1024 * 1024

_REMOTE_PREFIXES: Final = ("git@", "github.com/")

Variables = Mapping[str, str | None]
"""A name that is not there is unset or comes from a base image; `None` is a value that can't be known."""


@dataclass(frozen=True)
class ContextSource:
    """A path or wildcard that the instruction at `line` reads from the build context."""

    line: int
    pattern: str


@dataclass(frozen=True)
class BaseImage:
    """An image that the instruction at `line` starts from or takes files from."""

    line: int
    reference: str


def resolve_target(dockerfile: Dockerfile, target: str | None) -> Stage | None:
    """The stage that a build of `target` ends with: by name whatever its case, the last one for no target.

    BuildKit does not take a stage's number here, so neither does this.
    """
    return stage_named(target, dockerfile.stages) if target else dockerfile.stages[-1]


def context_sources(
    dockerfile: Dockerfile, target: str | None = None, build_args: Mapping[str, str] | None = None
) -> tuple[ContextSource, ...]:
    """What COPY and ADD of the stages that `target` needs read from the build context, in the file's order.

    Left out is what can't be known without the base image: paths with such variables, and ONBUILD triggers.
    Empty where there is no such target. Raises `DockerfileError` for a variable that can't be expanded.
    """
    view = _View(dockerfile, build_args or {})
    return tuple(source for stage in view.reachable(target) for source in view.context_sources(stage))


def external_images(
    dockerfile: Dockerfile, target: str | None = None, build_args: Mapping[str, str] | None = None
) -> tuple[BaseImage, ...]:
    """The images that the stages that `target` needs start from or take files from, in the file's order.

    Left out are `scratch` and names that depend on the build's platform. Empty where there is no such target.
    Raises `DockerfileError` for a variable that can't be expanded, and for a base that comes to nothing.
    """
    view = _View(dockerfile, build_args or {})
    return tuple(image for stage in view.reachable(target) for image in view.external_images(stage))


class _View:
    """A Dockerfile under given build arguments."""

    def __init__(self, dockerfile: Dockerfile, build_args: Mapping[str, str]) -> None:
        self._dockerfile = dockerfile
        self._stages = dockerfile.stages
        self._build_args = build_args
        self._budget = _EXPANSION_BUDGET
        self._global = self._global_arguments()
        self._environments: dict[int, Variables] = {}
        self._bases = {stage.index: self._base(stage) for stage in self._stages}

    def reachable(self, target: str | None) -> list[Stage]:
        start = resolve_target(self._dockerfile, target)
        waiting = [] if start is None else [start]
        found: dict[int, Stage] = {}
        while waiting:
            stage = waiting.pop()
            if stage.index not in found:
                found[stage.index] = stage
                waiting.extend(self._needs(stage))
        return [found[index] for index in sorted(found)]

    def context_sources(self, stage: Stage) -> Iterator[ContextSource]:
        # The stage it is based on comes earlier, so its environment is there already.
        variables = dict(self._inherited(stage))
        for instruction in stage.instructions:
            for word in _context_words(instruction):
                pattern = self._expand(word, variables, instruction.line)
                if pattern is not None and not _is_remote(instruction, pattern):
                    yield ContextSource(instruction.line, pattern)
            self._apply(instruction, variables)
        self._environments[stage.index] = variables

    def external_images(self, stage: Stage) -> Iterator[BaseImage]:
        base = self._bases[stage.index]
        if isinstance(base, str) and base != SCRATCH:
            yield BaseImage(stage.line, base)
        for instruction in stage.instructions:
            for source, used in sources_used(instruction, self._stages):
                if used is None and source != SCRATCH:
                    yield BaseImage(instruction.line, source)

    def _needs(self, stage: Stage) -> Iterator[Stage]:
        base = self._bases[stage.index]
        if isinstance(base, Stage):
            yield base
        for instruction in stage.instructions:
            yield from (used for _, used in sources_used(instruction, self._stages) if used)

    def _base(self, stage: Stage) -> Stage | str | None:
        """The stage or the image that a stage starts from; `None` where the build's platform decides."""
        base = self._expand(stage.base, self._global, stage.line, closed=True)
        if base == "":
            raise DockerfileError(stage.line, DockerfileReason.BLANK_BASE, base=stage.base)
        return base if base is None else stage_based_on(base, stage, self._stages) or base

    def _global_arguments(self) -> Variables:
        variables: dict[str, str | None] = dict.fromkeys(_PLATFORM_ARGUMENTS)
        for name in _PLATFORM_ARGUMENTS & self._build_args.keys():
            variables[name] = self._build_args[name]
        for instruction in self._dockerfile.arguments:
            for assignment in instruction.assignments:
                if assignment.name in self._build_args:
                    variables[assignment.name] = self._build_args[assignment.name]
                elif assignment.value is not None:
                    value = self._expand(assignment.value, variables, instruction.line, closed=True)
                    variables[assignment.name] = value
        return variables

    def _inherited(self, stage: Stage) -> Variables:
        base = self._bases[stage.index]
        return self._environments.get(base.index, {}) if isinstance(base, Stage) else {}

    def _apply(self, instruction: Instruction, variables: dict[str, str | None]) -> None:
        if instruction.keyword == "ENV":
            before = dict(variables)
            for assignment in instruction.assignments:
                value = self._expand(assignment.value or "", before, instruction.line)
                variables[assignment.name] = value
        elif instruction.keyword == "ARG":
            for assignment in instruction.assignments:
                value = self._argument(assignment.name, assignment.value, variables, instruction.line)
                # Whether an ARG beats an earlier ENV depends on the engine's version.
                known = assignment.name not in variables or variables[assignment.name] == value
                variables[assignment.name] = value if known else None

    def _argument(self, name: str, default: str | None, variables: Variables, line: int) -> str | None:
        if name in self._build_args:
            return self._build_args[name]
        if default is not None:
            return self._expand(default, variables, line)
        return self._global.get(name)

    def _expand(self, text: str, variables: Variables, line: int, *, closed: bool = False) -> str | None:
        """The text's value, or `None` where it can't be known.

        With `closed`, a name that is not in `variables` is known to be unset.
        """
        if self._budget < 0:
            return None
        known = {name: value for name, value in variables.items() if value is not None}
        escape = self._dockerfile.escape
        try:
            expansion = expand(text, known, escape=escape, keep_unknown=True)
            self._budget -= len(expansion.text)
            if not expansion.unknown:
                return expansion.text
            if closed and not expansion.unknown & variables.keys():
                return expand(text, known, escape=escape).text
        except ExpansionTooLong:
            return None
        except SubstitutionError as error:
            raise DockerfileError(
                line, DockerfileReason.BAD_SUBSTITUTION, text=text, problem=str(error)
            ) from error
        return None


def _context_words(instruction: Instruction) -> tuple[str, ...]:
    if instruction.keyword not in ("ADD", "COPY") or instruction.flag("from"):
        return ()
    return tuple(word for word in instruction.words[:-1] if "<<" not in word)


def _is_remote(instruction: Instruction, source: str) -> bool:
    return instruction.keyword == "ADD" and ("://" in source or source.startswith(_REMOTE_PREFIXES))
