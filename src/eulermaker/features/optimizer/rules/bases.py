"""What the stages start from."""

from collections.abc import Iterator
from typing import Final

from eulermaker.features.optimizer.findings import Finding, Rule, Severity
from eulermaker.features.optimizer.surroundings import Surroundings
from eulermaker.formats.dockerfile import Dockerfile, Instruction, Stage
from eulermaker.formats.dockerfile.stages import SCRATCH

BASE_UNPINNED: Final = Rule(
    "base-unpinned",
    Severity.WARNING,
    safe=False,
    zh="基础镜像 {base} 没有固定版本，随时会变；请写明标签或 @sha256 摘要",
    en="The base image {base} is not pinned and may change at any time; name a tag or a @sha256 digest",
)
STAGE_UNUSED: Final = Rule(
    "stage-unused",
    Severity.INFO,
    safe=False,
    zh="没有任何阶段使用 {stage}；不需要时请删除",
    en="No stage uses {stage}; remove it if nothing else builds it",
)
RULES: Final = (BASE_UNPINNED, STAGE_UNUSED)


def find(dockerfile: Dockerfile, _surroundings: Surroundings) -> Iterator[Finding]:
    """Bases that move, and stages that nobody builds."""
    names = {stage.name for stage in dockerfile.stages if stage.name}
    for stage in dockerfile.stages:
        if _moves(stage, names):
            yield Finding(BASE_UNPINNED, stage.line, {"base": stage.base})
    for stage in dockerfile.stages[:-1]:
        if not _used(stage, dockerfile):
            yield Finding(STAGE_UNUSED, stage.line, {"stage": stage.name or f"#{stage.index}"})


def _moves(stage: Stage, names: set[str]) -> bool:
    base = stage.base
    if base.lower() in names or base == SCRATCH or "$" in base or "@" in base:
        return False
    tag = base.rpartition("/")[2].partition(":")[2]
    return tag in ("", "latest")


def _used(stage: Stage, dockerfile: Dockerfile) -> bool:
    known = {name for name in (stage.name, str(stage.index)) if name}
    later = dockerfile.stages[stage.index + 1 :]
    return any(
        other.base.lower() == stage.name or any(_takes(each, known) for each in other.instructions)
        for other in later
    )


def _takes(instruction: Instruction, names: set[str]) -> bool:
    sources = [instruction.flag("from"), *(mount.get("from") for mount in instruction.mounts)]
    # A name that holds a variable may mean any stage.
    return any(source is not None and ("$" in source or source.lower() in names) for source in sources)
