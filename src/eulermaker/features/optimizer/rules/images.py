"""What the image is left with."""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from eulermaker.features.optimizer.findings import Finding, Rule, Severity, placed
from eulermaker.features.optimizer.surroundings import Surroundings
from eulermaker.formats.dockerfile import Dockerfile, Instruction, Stage

SECRET_IN_IMAGE: Final = Rule(
    "secret-in-image",
    Severity.ERROR,
    safe=False,
    zh="{name} 像是机密，写进了镜像，谁拿到镜像都能看到；请用 RUN --mount=type=secret",
    en="{name} looks like a secret and stays in the image for all to read; use RUN --mount=type=secret",
)
MAINTAINER: Final = Rule(
    "maintainer",
    Severity.INFO,
    safe=False,
    zh="MAINTAINER 已废弃；请用 LABEL org.opencontainers.image.authors",
    en="MAINTAINER is deprecated; use LABEL org.opencontainers.image.authors",
)
RELATIVE_WORKDIR: Final = Rule(
    "relative-workdir",
    Severity.INFO,
    safe=False,
    zh="WORKDIR {path} 是相对路径，取决于基础镜像；请写绝对路径",
    en="WORKDIR {path} is relative and depends on the base image; name an absolute path",
)
OVERRIDDEN: Final = Rule(
    "overridden",
    Severity.WARNING,
    safe=False,
    zh="同一阶段里只有最后一个 {keyword} 起作用；请删除这一个",
    en="Only the last {keyword} of a stage counts; remove this one",
)
RUNS_APART: Final = Rule(
    "runs-apart",
    Severity.INFO,
    safe=False,
    zh="相邻的 {count} 个 RUN 各成一层；合并后层数更少，但缓存也更粗",
    en="{count} RUNs in a row make a layer each; one RUN makes fewer layers and a coarser cache",
)
RULES: Final = (SECRET_IN_IMAGE, MAINTAINER, RELATIVE_WORKDIR, OVERRIDDEN, RUNS_APART)

_SECRET: Final = re.compile(
    r"(?:^|_)(?:PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY|PRIVATE_?KEY|CREDENTIALS?)$", re.IGNORECASE
)
_SINGLE: Final = frozenset({"CMD", "ENTRYPOINT", "HEALTHCHECK"})
_MANY_RUNS: Final = 3


def find(dockerfile: Dockerfile, _surroundings: Surroundings) -> Iterator[Finding]:
    """What should not be in an image, or not in this way."""
    for each in placed(dockerfile):
        yield from _of(each.instruction)
    for stage in dockerfile.stages:
        yield from _overridden(stage)
        yield from _runs_apart(stage)


def _of(instruction: Instruction) -> Iterator[Finding]:
    match instruction.keyword:
        case "ENV" | "ARG":
            for assignment in instruction.assignments:
                if _SECRET.search(assignment.name) and assignment.value and "$" not in assignment.value:
                    yield Finding(SECRET_IN_IMAGE, instruction.line, {"name": assignment.name})
        case "MAINTAINER":
            yield Finding(MAINTAINER, instruction.line)
        case "WORKDIR" if not instruction.arguments.startswith(("/", "$", '"', "'")):
            yield Finding(RELATIVE_WORKDIR, instruction.line, {"path": instruction.arguments[:80]})


def _overridden(stage: Stage) -> Iterator[Finding]:
    for keyword in sorted(_SINGLE):
        for instruction in [each for each in stage.instructions if each.keyword == keyword][:-1]:
            yield Finding(OVERRIDDEN, instruction.line, {"keyword": keyword})


def _runs_apart(stage: Stage) -> Iterator[Finding]:
    first: Instruction | None = None
    count = 0
    for instruction, following in pairwise([*stage.instructions, None]):
        assert instruction is not None
        if instruction.keyword == "RUN":
            first, count = first or instruction, count + 1
        if instruction.keyword != "RUN" or following is None:
            if first is not None and count >= _MANY_RUNS:
                yield Finding(RUNS_APART, first.line, {"count": count})
            first, count = None, 0
