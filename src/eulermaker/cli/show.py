"""Results for people, as tables, and for programs, as JSON."""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from eulermaker.cli.messages import text
from eulermaker.client import Artifact, Build, BuildPage, Optimization, Processes, Record

_UNFOLDED = 1000
_STYLES = {"success": "green", "failed": "red", "timeout": "red", "cancelled": "yellow", "running": "cyan"}


def document(value: Any) -> None:
    """One JSON document, on one line."""
    typer.echo(json.dumps(value, ensure_ascii=False))


def record(value: Record) -> None:
    """A record as one JSON document: what the server told, no more."""
    document(value.model_dump(mode="json", exclude_unset=True))


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Rows of plain text under the columns of those names."""
    _console().print(grid(columns, rows))


def grid(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """What `table` prints."""
    made = _table(*columns)
    for row in rows:
        made.add_row(*(Text(cell) for cell in row))
    return made


def processes(found: Processes) -> None:
    """A container's processes, in the columns that ps(1) named."""
    made = Table(*found.titles, box=None, pad_edge=False, header_style="bold")
    for process in found.processes:
        made.add_row(*(Text(cell) for cell in process))
    _console().print(made)


def facts(value: Mapping[str, Any]) -> None:
    """A nested document, one fact a row, by the path to it."""
    made = Table.grid(padding=(0, 2))
    for name, fact in _flat(value, ""):
        made.add_row(Text(name, style="bold"), Text(fact))
    _console().print(made)


def whole(value: Record, *, json: bool) -> None:
    """A record with all its facts, for people or as JSON."""
    if json:
        record(value)
    else:
        facts(value.model_dump(mode="json", exclude_unset=True, by_alias=True))


def details(value: Mapping[str, Any]) -> str:
    """A few facts on one line."""
    return " ".join(f"{name}={fact}" for name, fact in value.items())


def removed(identifier: str, *, json: bool) -> None:
    """Something is gone."""
    if json:
        document({"id": identifier, "removed": True})
    else:
        typer.echo(text("removed", id=identifier))


def moment(value: datetime | None) -> str:
    """A time in the user's own zone."""
    return _moment(value) if value else ""


def builds(page: BuildPage) -> None:
    """A page of builds as a table."""
    table = _table("id", "name", "status", "created", "duration")
    for build in page.builds:
        table.add_row(
            build.id, Text(build.name), _status(build.status), _moment(build.created_at), _took(build)
        )
    console = _console()
    console.print(table)
    console.print(text("table.more", shown=len(page.builds), total=page.total), highlight=False)


def build(build: Build) -> None:
    """A build's detail, one fact a row."""
    grid = Table.grid(padding=(0, 2))
    for name, value in _facts(build):
        grid.add_row(Text(text(f"column.{name}"), style="bold"), value)
    _console().print(grid)


def artifacts(found: Iterable[Artifact]) -> None:
    """Artifacts as a table."""
    table = _table("name", "size", "package", "sha256")
    for artifact in found:
        package = artifact.rpm.nevra if artifact.rpm else ""
        table.add_row(Text(artifact.name), size(artifact.size), Text(package), Text(artifact.sha256 or ""))
    _console().print(table)


def ending(build: Build) -> None:
    """How a build ended, and why."""
    known = {"success", "failed", "timeout", "cancelled"}
    key = f"ending.{build.status}" if build.status in known else "ending.other"
    typer.echo(text(key, id=build.id, status=build.status))
    if build.error:
        typer.echo(text("ending.reason", message=build.error.message, code=build.error.code))


def size(count: int) -> str:
    """Bytes in the binary unit that reads best."""
    amount = float(count)
    for unit in ("B", "KiB", "MiB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} GiB"


def _flat(value: Mapping[str, Any], path: str) -> Iterator[tuple[str, str]]:
    for name, fact in value.items():
        if isinstance(fact, Mapping):
            yield from _flat(fact, f"{path}{name}.")
        elif fact is not None:
            yield f"{path}{name}", str(fact)


def _optimization(told: Optimization) -> Iterable[tuple[str, Text]]:
    rules = ", ".join(each.rule for each in told.applied)
    yield "optimized", Text(f"{told.level}: {rules}" if rules else told.level)
    if told.draft:
        yield "draft", Text(text("build.draft"), style="yellow")
    if told.fallback:
        yield "fallback", Text(told.fallback.reason, style="yellow")
    if told.reused:
        yield "reused", Text(told.reused.build_id)
    if told.timeline:
        yield "timeline", Text("  ".join(f"{each.phase} {each.seconds:.1f} s" for each in told.timeline))


def _facts(build: Build) -> Iterable[tuple[str, Text]]:
    yield "id", Text(build.id)
    yield "name", Text(build.name)
    yield "status", _status(build.status)
    yield "created", Text(_moment(build.created_at))
    if build.started_at:
        yield "started", Text(_moment(build.started_at))
    if build.finished_at:
        yield "finished", Text(_moment(build.finished_at))
    if build.duration is not None:
        yield "duration", Text(_took(build))
    if build.image:
        yield "image", Text(" ".join(filter(None, (build.image.tag, build.image.id))))
    if build.steps:
        yield "steps", Text(text("table.steps", **build.steps.model_dump()))
    if build.optimization:
        yield from _optimization(build.optimization)
    if build.queue:
        yield "queue", Text(" ".join(filter(None, (str(build.queue.position), build.queue.reason))))
    if build.error:
        yield "error", Text(f"{build.error.message} [{build.error.code}]", style="red")


def _console() -> Console:
    # A program that reads a table must not find its cells folded.
    return Console() if sys.stdout.isatty() else Console(width=_UNFOLDED)


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        # An id or a digest that is cut short is of no use to anybody.
        table.add_column(text(f"column.{column}"), overflow="fold")
    return table


def _status(status: str) -> Text:
    return Text(status, style=_STYLES.get(status, ""))


def _moment(moment: Any) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S}"


def _took(build: Build) -> str:
    return "" if build.duration is None else text("table.seconds", seconds=f"{build.duration:.1f}")
