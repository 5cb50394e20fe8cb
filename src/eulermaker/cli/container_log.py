"""The log of a container: its own two streams on ours, or NDJSON in the frames of the server's stream."""

import typer

from eulermaker.cli import show
from eulermaker.cli.messages import text
from eulermaker.client import ContainerLog, ContainerLogEntry, ContainerLogs


def page(had: ContainerLogs, *, json: bool) -> None:
    """The lines that are there now."""
    for line in had.logs:
        if json:
            show.document({"type": "log", "data": line})
        else:
            typer.echo(line)
    if had.truncated:
        typer.echo(text("logs.truncated"), err=True)


def follow(entries: ContainerLog, *, timestamps: bool, json: bool) -> None:
    """The lines until the container has stopped for good."""
    for entry in entries:
        tell(entry, timestamps=timestamps, json=json)
    if json:
        show.document({"type": "end", "status": entries.status})


def tell(entry: ContainerLogEntry, *, timestamps: bool = False, json: bool = False) -> None:
    """One line, or what else is to be known about the log."""
    if json:
        show.document(entry.model_dump(mode="json", exclude_none=True, exclude_unset=True))
    elif entry.type == "log":
        moment = f"{entry.timestamp} " if timestamps else ""
        typer.echo(f"{moment}{entry.data}", err=entry.stream == "stderr")
    elif entry.type == "gap":
        typer.echo(text("logs.gap"), err=True)
