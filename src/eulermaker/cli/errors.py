"""`errors …`: what error codes mean, and what the server has told its clients."""

from typing import Annotated

import typer

from eulermaker.cli import options
from eulermaker.cli.exits import Complaint
from eulermaker.cli.messages import language, text

app = typer.Typer(no_args_is_help=True)

Family = Annotated[str | None, typer.Option(metavar="000|001|002|003|004", help=text("help.errors_family"))]


@app.command("list", help=text("help.errors_list"))
def list_(
    family: Family = None,
    status: Annotated[int | None, typer.Option(help=text("help.errors_status"))] = None,
    retryable: Annotated[
        bool | None, typer.Option("--retryable/--not-retryable", help=text("help.errors_retryable"))
    ] = None,
    planned: Annotated[
        bool | None, typer.Option("--planned/--not-planned", help=text("help.errors_planned"))
    ] = None,
    json: options.Json = False,
) -> None:
    from eulermaker.cli import show
    from eulermaker.cli.session import connect

    with connect() as client:
        found = client.errors.catalogue(family=family, status=status, retryable=retryable, planned=planned)
    if json:
        show.record(found)
        return
    show.table(
        ("family", "code", "http", "retryable", "meaning"),
        [
            (
                each.family,
                each.label,
                str(each.status),
                text("errors.yes" if each.retry.retryable else "errors.no"),
                getattr(each.meaning, language()),
            )
            for each in found.errors
        ],
    )
    typer.echo(text("table.shown", shown=len(found.errors), total=found.total))


@app.command("show", help=text("help.errors_show"))
def show_(
    code: Annotated[str, typer.Argument(metavar="CODE", help=text("help.errors_code"))],
    json: options.Json = False,
) -> None:
    from eulermaker.cli import show
    from eulermaker.cli.session import connect

    family, _, name = code.rpartition("/")
    with connect() as client:
        found = [
            each
            for each in client.errors.catalogue(family=family or None).errors
            if name in (each.code, each.label, *each.errors)
        ]
    if not found:
        raise Complaint(text("input.error_code", code=code))
    if json:
        show.document([each.model_dump(mode="json", exclude_unset=True) for each in found])
        return
    for number, each in enumerate(found):
        if number:
            typer.echo()
        typer.echo(f"{each.family}  {each.label}  {each.status}  {each.message}")
        for name in ("meaning", "cause", "remedy"):
            typer.echo(f"  {text(f'errors.{name}')}: {getattr(getattr(each, name), language())}")
        typer.echo(f"  {text('errors.retry')}: {getattr(each.retry.advice, language())}")
        typer.echo(f"  {text('errors.details')}: {', '.join(each.details['properties']) or '-'}")
        typer.echo(f"  {text('errors.faults')}: {', '.join(each.errors)}")


@app.command(help=text("help.errors_stats"))
def stats(
    family: Family = None,
    code: Annotated[str | None, typer.Option(help=text("help.errors_by_code"))] = None,
    slug: Annotated[str | None, typer.Option(help=text("help.errors_by_slug"))] = None,
    route: Annotated[str | None, typer.Option(help=text("help.errors_by_route"))] = None,
    limit: Annotated[int, typer.Option(min=1, help=text("help.limit"))] = 20,
    offset: Annotated[int, typer.Option(min=0, help=text("help.offset"))] = 0,
    json: options.Json = False,
) -> None:
    from eulermaker.cli import show
    from eulermaker.cli.session import connect

    with connect() as client:
        found = client.errors.counts(
            family=family, code=code, slug=slug, route=route, limit=limit, offset=offset
        )
    if json:
        show.record(found)
        return
    show.table(
        ("count", "slug", "code", "http", "route", "tenant", "first_seen", "last_seen"),
        [
            (
                str(each.count),
                each.slug,
                each.code,
                str(each.status),
                each.route,
                each.tenant,
                show.moment(each.first_seen),
                show.moment(each.last_seen),
            )
            for each in found.errors
        ],
    )
    typer.echo(text("table.shown", shown=len(found.errors), total=found.total))


@app.command(help=text("help.errors_lookup"))
def lookup(
    request: Annotated[str, typer.Argument(metavar="REQUEST_ID", help=text("help.errors_request"))],
    json: options.Json = False,
) -> None:
    from eulermaker.cli import show
    from eulermaker.cli.session import connect

    with connect() as client:
        found = client.errors.of_request(request)
    if json:
        show.record(found)
        return
    show.table(
        ("time", "slug", "code", "http", "method", "route", "tenant", "user", "cause"),
        [
            (
                show.moment(each.at),
                each.slug,
                each.code,
                str(each.status),
                each.method,
                each.route,
                each.tenant,
                each.user,
                each.cause or "",
            )
            for each in found.occurrences
        ],
    )
