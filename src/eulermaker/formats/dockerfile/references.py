"""Which stage a FROM, a COPY or a mount means, and that no stage needs itself."""

import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from typing import Final

from eulermaker.formats.dockerfile.faults import DockerfileError
from eulermaker.formats.dockerfile.faults import DockerfileReason as _R
from eulermaker.formats.dockerfile.nodes import Instruction, Stage

_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,18}\Z")


def stage_copied_from(source: str, stages: tuple[Stage, ...]) -> Stage | None:
    """The stage that `COPY --from=source` means, by number or by name.

    Raises `IndexError` where a number is beyond the stages.
    """
    if _INTEGER.match(source):
        index = int(source)
        if not 0 <= index < len(stages):
            raise IndexError(source)
        return stages[index]
    return stage_named(source, stages)


def stage_named(name: str, stages: tuple[Stage, ...]) -> Stage | None:
    """The last stage of that name, whatever its case."""
    return next((stage for stage in reversed(stages) if stage.name == name.lower()), None)


def stage_based_on(base: str, stage: Stage, stages: tuple[Stage, ...]) -> Stage | None:
    """The earlier stage that a FROM means; its case counts, since names are kept in lower case."""
    return next((earlier for earlier in reversed(stages[: stage.index]) if earlier.name == base), None)


def check_references(stages: tuple[Stage, ...]) -> None:
    graph = {stage.index: {needed.index for needed in _needs(stage, stages)} for stage in stages}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as cycle:
        stage = stages[min(cycle.args[1])]
        raise DockerfileError(
            stage.line, _R.CIRCULAR_DEPENDENCY, stage=stage.name or str(stage.index)
        ) from cycle


def _needs(stage: Stage, stages: tuple[Stage, ...]) -> Iterator[Stage]:
    if base := stage_based_on(stage.base, stage, stages):
        yield base
    for instruction in stage.instructions:
        try:
            yield from (used for _, used in sources_used(instruction, stages) if used)
        except IndexError as error:
            raise DockerfileError(instruction.line, _R.INVALID_STAGE_INDEX, index=str(error)) from error


def sources_used(instruction: Instruction, stages: tuple[Stage, ...]) -> Iterator[tuple[str, Stage | None]]:
    """What a COPY or a RUN takes files from as it is written, each with its stage, or `None` for an image."""
    if instruction.keyword == "COPY" and (source := instruction.flag("from")):
        yield source, stage_copied_from(source, stages)
    if instruction.keyword == "RUN":
        for mount in instruction.mounts:
            if source := mount.get("from"):
                yield source, stage_named(source, stages)
