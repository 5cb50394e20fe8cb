"""`probes …`: add what watches, and look at what it finds."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from eulermaker.cli import options
from eulermaker.cli.exits import Complaint, ExitCode
from eulermaker.cli.messages import text

if TYPE_CHECKING:
    from eulermaker.client import ProbeNews, ProbeResult

app = typer.Typer(no_args_is_help=True)

#: Which field of the configuration the targets are, for the types that take one or several.
_ONE = {"http": "url", "dns": "name", "icmp": "host", "log": "pattern"}
_SEVERAL = {"exec": "command", "metrics": "metrics"}
_ADDRESS = frozenset({"tcp", "tls"})

ProbeId = Annotated[str, typer.Argument(metavar="PROBE", help=text("help.probe"))]
Container = Annotated[str | None, typer.Option("--container", "-c", help=text("help.probe_container"))]


@app.command(help=text("help.probes_add"), context_settings={"allow_interspersed_args": True})
def add(
    probe_type: Annotated[str, typer.Argument(metavar="TYPE", help=text("help.probe_type"))],
    name: Annotated[str, typer.Argument(metavar="NAME", help=text("help.probe_name"))],
    target: Annotated[list[str], typer.Argument(metavar="[TARGET...]", help=text("help.probe_target"))] = [],  # noqa: B006  # typer copies it
    container: Container = None,
    interval: Annotated[float | None, typer.Option(help=text("help.interval"))] = None,
    timeout: Annotated[float | None, typer.Option(help=text("help.probe_timeout"))] = None,
    retries: Annotated[int | None, typer.Option(help=text("help.retries"))] = None,
    success_threshold: Annotated[int | None, typer.Option(help=text("help.success_threshold"))] = None,
    failure_threshold: Annotated[int | None, typer.Option(help=text("help.failure_threshold"))] = None,
    setting: options.Settings = [],  # noqa: B006  # typer copies it
    label: options.Labels = [],  # noqa: B006  # typer copies it
    severity: Annotated[str | None, typer.Option(help=text("help.severity"))] = None,
    disabled: Annotated[bool, typer.Option("--disabled", help=text("help.disabled"))] = False,
    try_first: Annotated[bool, typer.Option("--try", help=text("help.try"))] = False,
    json: options.Json = False,
) -> None:
    from eulermaker.cli import show
    from eulermaker.cli.session import connect

    times = {
        "interval": interval,
        "timeout": timeout,
        "retries": retries,
        "success_threshold": success_threshold,
        "failure_threshold": failure_threshold,
    }
    config = {key: value for key, value in times.items() if value is not None}
    config |= _target(probe_type, target) | options.settings(setting)
    with connect() as client:
        if try_first:
            tried = client.probes.test(probe_type, config, container=container)
            _tell_result(tried, json=json)
            raise typer.Exit(ExitCode.SUCCESS if tried.status == "success" else ExitCode.ERROR)
        added = client.probes.add(
            name,
            probe_type,
            config,
            container=container,
            labels=options.pairs("--label", label),
            severity=severity,
            enabled=not disabled,
        )
    if json:
        show.record(added)
    else:
        typer.echo(text("probes.added", id=added.id, name=added.name))
        if added.push_url:
            typer.echo(text("probes.push_url", url=added.push_url))


@app.command("list", help=text("help.probes_list"))
def list_(
    container: Container = None,
    probe_type: Annotated[str | None, typer.Option("--type", help=text("help.probe_type"))] = None,
    state: Annotated[str | None, typer.Option(help=text("help.probe_state"))] = None,
    label: Annotated[str | None, typer.Option(metavar="KEY[=VALUE]", help=text("help.probe_label"))] = None,
    name: Annotated[str | None, typer.Option(help=text("help.name_filter"))] = None,
    limit: options.Limit = 20,
    offset: options.Offset = 0,
    json: options.Json = False,
) -> None:
    from eulermaker.cli import show
    from eulermaker.cli.session import connect

    with connect() as client:
        page = client.probes.list(
            container=container,
            probe_type=probe_type,
            state=state,
            label=label,
            name=name,
            limit=limit,
            offset=offset,
        )
    if json:
        show.record(page)
        return
    show.table(
        ("id", "name", "type", "status", "state", "last_check", "container"),
        [
            (
                each.id,
                each.name,
                each.probe_type,
                each.status,
                each.state,
                show.moment(each.last_check),
                each.container_id or "",
            )
            for each in page.probes
        ],
    )
    typer.echo(text("table.shown", shown=len(page.probes), total=page.total))


@app.command("show", help=text("help.probes_show"))
def show_(probe: ProbeId, json: options.Json = False) -> None:
    from eulermaker.cli import show
    from eulermaker.cli.session import connect

    with connect() as client:
        show.whole(client.probes.get(probe), json=json)


@app.command(help=text("help.probes_results"))
def results(
    probe: ProbeId,
    limit: options.Limit = 20,
    since: Annotated[str | None, typer.Option(help=text("help.results_since"))] = None,
    until: Annotated[str | None, typer.Option(help=text("help.results_until"))] = None,
    status: Annotated[str | None, typer.Option(help=text("help.result_status"))] = None,
    json: options.Json = False,
) -> None:
    from eulermaker.cli import show
    from eulermaker.cli.session import connect

    with connect() as client:
        found = client.probes.results(probe, since=since, until=until, status=status, limit=limit)
    if json:
        show.record(found)
        return
    show.table(
        ("time", "status", "response_time", "details"),
        [
            (
                show.moment(each.timestamp),
                each.status,
                f"{each.response_time:.1f} ms",
                show.details(each.details),
            )
            for each in found.results
        ],
    )
    typer.echo(text("table.shown", shown=len(found.results), total=found.total))


@app.command(help=text("help.probes_pause"))
def pause(probe: ProbeId, json: options.Json = False) -> None:
    _switch(probe, "pause", json=json)


@app.command(help=text("help.probes_resume"))
def resume(probe: ProbeId, json: options.Json = False) -> None:
    _switch(probe, "resume", json=json)


@app.command(help=text("help.probes_check"))
def check(probe: ProbeId, json: options.Json = False) -> None:
    from eulermaker.cli.session import connect

    with connect() as client:
        found = client.probes.check(probe)
    _tell_result(found, json=json)
    if found.status != "success":
        raise typer.Exit(ExitCode.ERROR)


@app.command(help=text("help.probes_rm"))
def rm(probe: ProbeId, json: options.Json = False) -> None:
    from eulermaker.cli import show
    from eulermaker.cli.session import connect

    with connect() as client:
        client.probes.delete(probe)
    show.removed(probe, json=json)


@app.command(help=text("help.probes_watch"))
def watch(
    probes: Annotated[list[str], typer.Argument(metavar="[PROBE...]", help=text("help.probe"))] = [],  # noqa: B006  # typer copies it
    json: options.Json = False,
) -> None:
    from eulermaker.cli import show
    from eulermaker.cli.session import connect

    with connect() as client:
        for news in client.probes.watch(*probes):
            if json:
                show.record(news)
            else:
                typer.echo(_line(news))


def _target(probe_type: str, target: list[str]) -> dict[str, Any]:
    """What the words behind the name say, in the fields of that type."""
    if not target:
        return {}
    if probe_type in _SEVERAL:
        return {_SEVERAL[probe_type]: target}
    if len(target) > 1 or probe_type not in _ONE.keys() | _ADDRESS:
        raise Complaint(text("probes.target", type=probe_type))
    if probe_type in _ONE:
        return {_ONE[probe_type]: target[0]}
    host, colon, port = target[0].rpartition(":")
    if not colon or not port.isdigit():
        raise Complaint(text("probes.address", value=target[0]))
    return {"host": host or "localhost", "port": int(port)}


def _switch(probe: str, verb: str, *, json: bool) -> None:
    from eulermaker.cli import show
    from eulermaker.cli.session import connect

    with connect() as client:
        changed = client.probes.pause(probe) if verb == "pause" else client.probes.resume(probe)
    if json:
        show.record(changed)
    else:
        typer.echo(text("probes.status", id=changed.id, status=changed.status))


def _tell_result(found: "ProbeResult", *, json: bool) -> None:
    from eulermaker.cli import show

    if json:
        show.record(found)
    else:
        typer.echo(f"{found.status}  {found.response_time:.1f} ms  {show.details(found.details)}".rstrip())


def _line(news: "ProbeNews") -> str:
    from eulermaker.cli import show

    if news.type == "gap":
        return text("probes.gap", missed=news.missed)
    told = (show.moment(news.timestamp), news.probe_id, news.status, show.details(news.details))
    return "  ".join(told).rstrip()
