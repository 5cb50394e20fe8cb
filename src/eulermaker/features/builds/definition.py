"""Whether a build's definition can work, found out before anything is stored or run."""

from collections.abc import Collection, Mapping

from eulermaker.features.builds.dockerfile_zh import in_chinese
from eulermaker.formats.dockerfile import (
    Dockerfile,
    DockerfileError,
    context_sources,
    missing_sources,
    parse,
    resolve_target,
)
from eulermaker.kernel.faults import FieldError, InvalidFields

MAX_SHOWN = 20


def checked_dockerfile(text: str, *, target: str | None, build_args: Mapping[str, str]) -> Dockerfile:
    """The parsed Dockerfile; raises InvalidFields naming the line that the engine would refuse."""
    try:
        dockerfile = parse(text)
        context_sources(dockerfile, target, build_args)
    except DockerfileError as error:
        raise InvalidFields(
            [_error("dockerfile_content", zh=f"第 {error.line} 行：{in_chinese(error)}", en=str(error))]
        ) from error
    if resolve_target(dockerfile, target) is None:
        names = ", ".join(dockerfile.targets)
        raise InvalidFields(
            [
                _error(
                    "target",
                    zh=f"Dockerfile 中没有名为 {target} 的阶段，可选：{names or '（无命名阶段）'}",
                    en=f"The Dockerfile has no stage named {target}; it has: {names or '(no named stage)'}",
                )
            ]
        )
    return dockerfile


def check_sources(
    text: str,
    *,
    target: str | None,
    build_args: Mapping[str, str],
    paths: Collection[str],
    dockerignore: str | None,
) -> None:
    """Raise InvalidFields when COPY or ADD reads what is not in the context."""
    sources = context_sources(parse(text), target, build_args)
    missing = missing_sources(sources, paths, dockerignore)
    if missing:
        shown = missing[:MAX_SHOWN]
        raise InvalidFields(
            [
                _error(
                    "context_files",
                    zh="；".join(f"第 {m.line} 行：构建上下文中没有 {m.pattern}" for m in shown),
                    en="; ".join(f"line {m.line}: {m.pattern} is not in the build context" for m in shown),
                )
            ]
        )


def _error(field: str, *, zh: str, en: str) -> FieldError:
    return FieldError(field, zh, en, ("body", field))
