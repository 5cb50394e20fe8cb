"""`optimize DOCKERFILE|SPEC`: what would make a build cheaper, and the same file with it done."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from eulermaker.cli import options
from eulermaker.cli.exits import Complaint, ExitCode
from eulermaker.cli.messages import text

if TYPE_CHECKING:
    from eulermaker.client import Analysis

# What the server reads to tell what an install needs; of other files it is sent the names alone.
_MANIFESTS = ("requirements*.txt", "package*.json", ".npmrc", "*.spec", ".dockerignore")
_MANIFEST_BYTES = 256 * 1024
_MAX_FILES = 5_000


def optimize(
    source: Annotated[Path, typer.Argument(metavar="DOCKERFILE|SPEC", help=text("help.optimize_source"))],
    diff: Annotated[bool, typer.Option("--diff", help=text("help.diff"))] = False,
    write: Annotated[bool, typer.Option("--write", help=text("help.write"))] = False,
    json: options.Json = False,
) -> None:
    from eulermaker.cli import show
    from eulermaker.cli.session import connect

    spec = source.suffix == ".spec"
    if write and spec:
        raise Complaint(text("optimize.spec_kept"))
    content = _content(source)
    with connect() as client:
        found = client.builds.analyze(
            dockerfile_content=None if spec else content,
            spec_content=content if spec else None,
            context_files=_context(source),
        )
    if json:
        show.record(found)
    elif diff:
        typer.echo(found.diff, nl=False)
    else:
        _tell(found)
    if write and found.diff:
        source.write_bytes(found.optimized_dockerfile.encode())
        typer.echo(text("optimize.written", path=source), err=True)
    if any(each.severity == "error" for each in found.findings):
        raise typer.Exit(ExitCode.BUILD_FAILED)


def _tell(found: "Analysis") -> None:
    from eulermaker.cli import show

    if not found.findings:
        typer.echo(text("optimize.nothing"))
        return
    show.table(
        ("line", "severity", "rule", "message"),
        [(str(each.line), each.severity, each.rule, each.message) for each in found.findings],
    )
    if found.diff:
        typer.echo(text("optimize.can_write"))


def _content(source: Path) -> str:
    if not source.is_file():
        raise Complaint(text("input.missing", path=source))
    try:
        return source.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise Complaint(text("input.not_text", path=source)) from error


def _context(source: Path) -> dict[str, str | bytes]:
    """The names of the files beside the source, and what the manifests among them say."""
    from eulermaker.cli.submission import context_of

    files: dict[str, str | bytes] = {}
    for each in context_of(source.parent):
        if len(files) >= _MAX_FILES:
            break
        manifest = any(Path(each.path).match(pattern) for pattern in _MANIFESTS)
        files[each.path] = each.file.read_bytes() if manifest and each.size <= _MANIFEST_BYTES else ""
    return files
