"""`alerts …`: what fails now, and who is at it."""

from typing import Annotated

import typer

from eulermaker.cli import options
from eulermaker.cli.messages import text

app = typer.Typer(no_args_is_help=True)

AlertIds = Annotated[list[str], typer.Argument(metavar="ALERT...", help=text("help.alerts_ids"))]
Comment = Annotated[str | None, typer.Option("--comment", "-m", help=text("help.comment"))]


@app.command("list", help=text("help.alerts_list"))
def list_(
    status: Annotated[str, typer.Option(help=text("help.alert_status"))] = "open",
    probe: Annotated[str | None, typer.Option(help=text("help.probe"))] = None,
    severity: Annotated[str | None, typer.Option(help=text("help.severity"))] = None,
    limit: options.Limit = 20,
    offset: options.Offset = 0,
    json: options.Json = False,
) -> None:
    from eulermaker.cli import show
    from eulermaker.cli.session import connect

    with connect() as client:
        page = client.alerts.list(status=status, probe=probe, severity=severity, limit=limit, offset=offset)
    if json:
        show.record(page)
        return
    show.table(
        ("id", "severity", "status", "probe", "started", "details"),
        [
            (
                each.id,
                each.severity,
                each.status,
                each.probe_name,
                show.moment(each.opened_at),
                show.details(each.details),
            )
            for each in page.alerts
        ],
    )
    typer.echo(text("table.shown", shown=len(page.alerts), total=page.total))


@app.command("show", help=text("help.alerts_show"))
def show_(
    alert: Annotated[str, typer.Argument(metavar="ALERT", help=text("help.alerts_ids"))],
    json: options.Json = False,
) -> None:
    from eulermaker.cli import show
    from eulermaker.cli.session import connect

    with connect() as client:
        found = client.alerts.get(alert)
    if json:
        show.record(found)
        return
    show.facts(found.model_dump(mode="json", exclude_unset=True, exclude={"events"}))
    show.table(
        ("time", "event", "by", "details"),
        [
            (show.moment(each.at), each.kind, each.by or "", show.details(each.details))
            for each in found.events
        ],
    )


@app.command(help=text("help.alerts_ack"))
def ack(alerts: AlertIds, comment: Comment = None, json: options.Json = False) -> None:
    _say("acknowledge", alerts, comment, json=json)


@app.command(help=text("help.alerts_resolve"))
def resolve(alerts: AlertIds, comment: Comment = None, json: options.Json = False) -> None:
    _say("resolve", alerts, comment, json=json)


def _say(verb: str, alerts: list[str], comment: str | None, *, json: bool) -> None:
    from eulermaker.cli import show
    from eulermaker.cli.session import connect

    with connect() as client:
        say = client.alerts.acknowledge if verb == "acknowledge" else client.alerts.resolve
        for alert in alerts:
            said = say(alert, comment=comment)
            if json:
                show.record(said)
            else:
                typer.echo(text("alerts.status", id=said.id, status=said.status))
