"""The log of a build on standard output: as it is, or as NDJSON in the frames of the server's stream."""

import typer

from eulermaker.cli import show
from eulermaker.client import Client


def page(client: Client, build_id: str, *, tail: int | None, since_seq: int | None, json: bool) -> None:
    """The lines that are there now."""
    had = client.builds.logs(build_id, tail=tail, since_seq=since_seq)
    for line in had.logs:
        if json:
            show.document({"type": "log", "data": line})
        else:
            typer.echo(line)
    if json:
        show.document({"type": "next", "next_seq": had.next_seq})


def follow(client: Client, build_id: str, *, tail: int | None, since_seq: int | None, json: bool) -> None:
    """The lines until the build ends; `tail` leaves out the ones before the last that are there now."""
    start = since_seq or 0
    if tail is not None:
        had = client.builds.logs(build_id, tail=tail)
        start = max(start, (had.next_seq or 0) - len(had.logs))
    lines = client.builds.follow(build_id, since_seq=start)
    for line in lines:
        if json:
            show.document({"type": "log", **line.model_dump(mode="json", exclude_none=True)})
        else:
            typer.echo(line.data)
    if json:
        show.document({"type": "end", "status": lines.status, "seq": lines.last_seq})
