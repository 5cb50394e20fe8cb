"""`system …` and `events`: the server as a whole."""

from typing import Annotated

import typer

from eulermaker.cli import options
from eulermaker.cli.exits import ExitCode
from eulermaker.cli.messages import text

app = typer.Typer(no_args_is_help=True)


@app.command(help=text("help.info"))
def info(json: options.Json = False) -> None:
    from eulermaker.cli.session import connect

    with connect() as client:
        _tell(client.system.info().model_dump(mode="json", exclude_unset=True), json=json)


@app.command(help=text("help.resources"))
def resources(json: options.Json = False) -> None:
    from eulermaker.cli.session import connect

    with connect() as client:
        _tell(client.system.resources().model_dump(mode="json", exclude_unset=True), json=json)


@app.command(help=text("help.health"))
def health(json: options.Json = False) -> None:
    from eulermaker.cli.session import connect

    with connect() as client:
        health = client.system.health()
        _tell(health.model_dump(mode="json", exclude_unset=True), json=json)
    if health.status == "unhealthy":
        raise typer.Exit(ExitCode.ERROR)


@app.command(help=text("help.config"))
def config(json: options.Json = False) -> None:
    from eulermaker.cli.session import connect

    with connect() as client:
        _tell(dict(client.system.config()), json=json)


def events(
    since: Annotated[int | None, typer.Option(min=0, help=text("help.since_event"))] = None,
    json: options.Json = False,
) -> None:
    from eulermaker.cli import show
    from eulermaker.cli.session import connect

    with connect() as client:
        for event in client.events.follow(since=since):
            if json:
                show.record(event)
            elif event.type == "gap":
                typer.echo(text("events.gap", seq=event.seq))
            else:
                details = " ".join(f"{name}={value}" for name, value in event.details.items())
                moment = show.moment(event.timestamp)
                typer.echo(f"{event.seq}  {moment}  {event.event}  {event.container_id}  {details}")


def _tell(document: dict[str, object], *, json: bool) -> None:
    from eulermaker.cli import show

    if json:
        show.document(document)
    else:
        show.facts(document)
