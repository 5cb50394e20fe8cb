"""What an optimization is expected to save, told before anything is built."""

from dataclasses import dataclass

from eulermaker.features.optimizer.findings import placed
from eulermaker.features.optimizer.package_managers import fetches
from eulermaker.features.optimizer.runs import understood
from eulermaker.formats.dockerfile import Dockerfile, Instruction


@dataclass(frozen=True, slots=True)
class Effect:
    """What a repeated build costs.

    `fetching_runs` download packages anew whenever they run; `runs_after_sources` run again when a
    line of the sources changes.
    """

    fetching_runs: int
    runs_after_sources: int


def effect_of(dockerfile: Dockerfile) -> Effect:
    """What a repeated build of this Dockerfile costs."""
    fetching = 0
    for each in placed(dockerfile):
        run = understood(each, escape=dockerfile.escape)
        cached = any(mount.get("type") == "cache" for mount in each.instruction.mounts)
        if run is not None and not cached and any(fetches(command) for command in run.commands):
            fetching += 1
    return Effect(fetching, sum(_runs_after_sources(stage.instructions) for stage in dockerfile.stages))


def _runs_after_sources(instructions: tuple[Instruction, ...]) -> int:
    copied, count = False, 0
    for instruction in instructions:
        copied = copied or _copies_sources(instruction)
        count += copied and instruction.keyword == "RUN"
    return count


def _copies_sources(instruction: Instruction) -> bool:
    return (
        instruction.keyword in ("COPY", "ADD")
        and instruction.flag("from") is None
        and any(word in (".", "./", "/") for word in instruction.words[:-1])
    )
