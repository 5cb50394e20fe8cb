"""`notifications …`: how people hear of alerts, when they do not, and what everybody may see."""

from typing import Annotated, Any

import typer

from eulermaker.cli import options
from eulermaker.cli.exits import Complaint, ExitCode
from eulermaker.cli.messages import text

app = typer.Typer(no_args_is_help=True)
channels = typer.Typer(no_args_is_help=True)
deliveries = typer.Typer(no_args_is_help=True)
windows = typer.Typer(no_args_is_help=True)
pages = typer.Typer(no_args_is_help=True)
app.add_typer(channels, name="channels", help=text("help.channels"))
app.add_typer(deliveries, name="deliveries", help=text("help.deliveries"))
app.add_typer(windows, name="windows", help=text("help.windows"))
app.add_typer(pages, name="status-pages", help=text("help.status_pages"))

#: Which field of the configuration the targets are; the other types take one `url`.
_SEVERAL = {"email": "to", "apprise": "urls"}

ChannelId = Annotated[str, typer.Argument(metavar="CHANNEL", help=text("help.channel"))]
WindowId = Annotated[str, typer.Argument(metavar="WINDOW", help=text("help.window"))]
PageId = Annotated[str, typer.Argument(metavar="PAGE", help=text("help.status_page"))]
Selector = Annotated[list[str], typer.Option("--selector", metavar="KEY=VALUE", help=text("help.selector"))]
Tenant = Annotated[bool, typer.Option("--tenant", help=text("help.tenant_scope"))]


@channels.command("add", help=text("help.channels_add"))
def add_channel(
    channel_type: Annotated[str, typer.Argument(metavar="TYPE", help=text("help.channel_type"))],
    name: Annotated[str, typer.Argument(metavar="NAME", help=text("help.channel_name"))],
    target: Annotated[list[str], typer.Argument(metavar="TARGET...", help=text("help.channel_target"))],
    setting: options.Settings = [],  # noqa: B006  # typer copies it
    selector: Selector = [],  # noqa: B006  # typer copies it
    min_severity: Annotated[str | None, typer.Option(help=text("help.min_severity"))] = None,
    event: Annotated[list[str], typer.Option("--event", help=text("help.channel_event"))] = [],  # noqa: B006  # typer copies it
    language: Annotated[str | None, typer.Option(help=text("help.channel_language"))] = None,
    tenant: Tenant = False,
    disabled: Annotated[bool, typer.Option("--disabled", help=text("help.channel_disabled"))] = False,
    json: options.Json = False,
) -> None:
    from eulermaker.cli import show
    from eulermaker.cli.session import connect

    config = _target(channel_type, target) | options.settings(setting)
    with connect() as client:
        made = client.notifications.channels.add(
            name,
            channel_type,
            config,
            enabled=not disabled,
            scope="tenant" if tenant else None,
            min_severity=min_severity,
            events=event or None,
            selector=options.pairs("--selector", selector),
            language=language,
        )
    if json:
        show.record(made)
        return
    typer.echo(text("channels.added", id=made.id, name=made.name))
    if channel_type == "webhook" and "secret" not in config:
        typer.echo(text("channels.secret", secret=made.config["secret"]))


@channels.command("list", help=text("help.channels_list"))
def list_channels(limit: options.Limit = 20, offset: options.Offset = 0, json: options.Json = False) -> None:
    from eulermaker.cli import show
    from eulermaker.cli.session import connect

    with connect() as client:
        page = client.notifications.channels.list(limit=limit, offset=offset)
    if json:
        show.record(page)
        return
    show.table(
        ("id", "name", "type", "status", "severity", "selector"),
        [
            (
                each.id,
                each.name,
                each.type,
                _state(each.enabled),
                each.min_severity,
                show.details(each.selector),
            )
            for each in page.channels
        ],
    )
    typer.echo(text("table.shown", shown=len(page.channels), total=page.total))


@channels.command("show", help=text("help.channels_show"))
def show_channel(channel: ChannelId, json: options.Json = False) -> None:
    from eulermaker.cli import show
    from eulermaker.cli.session import connect

    with connect() as client:
        show.whole(client.notifications.channels.get(channel), json=json)


@channels.command("test", help=text("help.channels_test"))
def try_channel(channel: ChannelId, json: options.Json = False) -> None:
    from eulermaker.cli import show
    from eulermaker.cli.session import connect

    with connect() as client:
        found = client.notifications.channels.test(channel)
    if json:
        show.record(found)
    elif found.delivered:
        typer.echo(text("channels.delivered", seconds=f"{found.response_time:.2f}"))
    else:
        typer.echo(text("channels.not_delivered", reason=found.message or found.reason or ""))
    if not found.delivered:
        raise typer.Exit(ExitCode.ERROR)


@channels.command("enable", help=text("help.channels_enable"))
def enable_channel(channel: ChannelId, json: options.Json = False) -> None:
    _switch(channel, enabled=True, json=json)


@channels.command("disable", help=text("help.channels_disable"))
def disable_channel(channel: ChannelId, json: options.Json = False) -> None:
    _switch(channel, enabled=False, json=json)


@channels.command("rm", help=text("help.channels_rm"))
def remove_channel(channel: ChannelId, json: options.Json = False) -> None:
    from eulermaker.cli import show
    from eulermaker.cli.session import connect

    with connect() as client:
        client.notifications.channels.remove(channel)
    show.removed(channel, json=json)


@deliveries.command("list", help=text("help.deliveries_list"))
def list_deliveries(
    status: Annotated[str | None, typer.Option(help=text("help.delivery_status"))] = None,
    channel: Annotated[str | None, typer.Option(help=text("help.channel"))] = None,
    limit: options.Limit = 20,
    offset: options.Offset = 0,
    json: options.Json = False,
) -> None:
    from eulermaker.cli import show
    from eulermaker.cli.session import connect

    with connect() as client:
        page = client.notifications.deliveries.list(
            status=status, channel=channel, limit=limit, offset=offset
        )
    if json:
        show.record(page)
        return
    show.table(
        ("id", "status", "event", "channel", "attempts", "created", "error"),
        [
            (
                each.id,
                each.status,
                each.event,
                each.channel_id,
                str(each.attempts),
                show.moment(each.created_at),
                each.error or each.reason or "",
            )
            for each in page.deliveries
        ],
    )
    typer.echo(text("table.shown", shown=len(page.deliveries), total=page.total))


@deliveries.command("retry", help=text("help.deliveries_retry"))
def retry_delivery(
    delivery: Annotated[str, typer.Argument(metavar="DELIVERY", help=text("help.delivery"))],
    json: options.Json = False,
) -> None:
    from eulermaker.cli import show
    from eulermaker.cli.session import connect

    with connect() as client:
        found = client.notifications.deliveries.retry(delivery)
    if json:
        show.record(found)
    else:
        typer.echo(text("deliveries.status", id=found.id, status=found.status))


@windows.command("add", help=text("help.windows_add"))
def add_window(
    name: Annotated[str, typer.Argument(metavar="NAME", help=text("help.window_name"))],
    starts: Annotated[str | None, typer.Option("--from", help=text("help.window_from"))] = None,
    ends: Annotated[str | None, typer.Option("--until", help=text("help.window_until"))] = None,
    day: Annotated[list[int], typer.Option("--day", min=1, max=7, help=text("help.window_day"))] = [],  # noqa: B006  # typer copies it
    at: Annotated[str | None, typer.Option("--at", metavar="HH:MM", help=text("help.window_at"))] = None,
    minutes: Annotated[int | None, typer.Option(min=1, help=text("help.window_minutes"))] = None,
    timezone: Annotated[str, typer.Option(help=text("help.window_timezone"))] = "UTC",
    selector: Selector = [],  # noqa: B006  # typer copies it
    tenant: Tenant = False,
    json: options.Json = False,
) -> None:
    from eulermaker.cli import show
    from eulermaker.cli.session import connect

    weekly = _weekly(day, at, minutes, timezone)
    with connect() as client:
        made = client.notifications.windows.add(
            name,
            starts_at=starts,
            ends_at=ends,
            weekly=weekly,
            selector=options.pairs("--selector", selector),
            scope="tenant" if tenant else None,
        )
    if json:
        show.record(made)
    else:
        typer.echo(text("windows.added", id=made.id, name=made.name))


@windows.command("list", help=text("help.windows_list"))
def list_windows(limit: options.Limit = 20, offset: options.Offset = 0, json: options.Json = False) -> None:
    from eulermaker.cli import show
    from eulermaker.cli.session import connect

    with connect() as client:
        page = client.notifications.windows.list(limit=limit, offset=offset)
    if json:
        show.record(page)
        return
    show.table(
        ("id", "name", "started", "finished", "weekly", "active_until", "selector"),
        [
            (
                each.id,
                each.name,
                show.moment(each.starts_at),
                show.moment(each.ends_at),
                show.details(each.weekly or {}),
                show.moment(each.active_until),
                show.details(each.selector),
            )
            for each in page.maintenance_windows
        ],
    )
    typer.echo(text("table.shown", shown=len(page.maintenance_windows), total=page.total))


@windows.command("show", help=text("help.windows_show"))
def show_window(window: WindowId, json: options.Json = False) -> None:
    from eulermaker.cli import show
    from eulermaker.cli.session import connect

    with connect() as client:
        show.whole(client.notifications.windows.get(window), json=json)


@windows.command("rm", help=text("help.windows_rm"))
def remove_window(window: WindowId, json: options.Json = False) -> None:
    from eulermaker.cli import show
    from eulermaker.cli.session import connect

    with connect() as client:
        client.notifications.windows.remove(window)
    show.removed(window, json=json)


@pages.command("add", help=text("help.status_pages_add"))
def add_page(
    slug: Annotated[str, typer.Argument(metavar="SLUG", help=text("help.slug"))],
    title: Annotated[str, typer.Argument(metavar="TITLE", help=text("help.title"))],
    selector: Selector = [],  # noqa: B006  # typer copies it
    tenant: Tenant = False,
    json: options.Json = False,
) -> None:
    from eulermaker.cli import show
    from eulermaker.cli.session import connect

    with connect() as client:
        made = client.notifications.status_pages.add(
            slug,
            title,
            options.pairs("--selector", selector),
            scope="tenant" if tenant else None,
        )
    if json:
        show.record(made)
    else:
        typer.echo(text("status_pages.added", id=made.id, slug=made.slug))


@pages.command("list", help=text("help.status_pages_list"))
def list_pages(limit: options.Limit = 20, offset: options.Offset = 0, json: options.Json = False) -> None:
    from eulermaker.cli import show
    from eulermaker.cli.session import connect

    with connect() as client:
        page = client.notifications.status_pages.list(limit=limit, offset=offset)
    if json:
        show.record(page)
        return
    show.table(
        ("id", "title", "page", "selector"),
        [
            (each.id, each.title, f"/status/{each.slug}", show.details(each.selector))
            for each in page.status_pages
        ],
    )
    typer.echo(text("table.shown", shown=len(page.status_pages), total=page.total))


@pages.command("rm", help=text("help.status_pages_rm"))
def remove_page(page: PageId, json: options.Json = False) -> None:
    from eulermaker.cli import show
    from eulermaker.cli.session import connect

    with connect() as client:
        client.notifications.status_pages.remove(page)
    show.removed(page, json=json)


def _target(channel_type: str, target: list[str]) -> dict[str, Any]:
    """What the words behind the name say, in the field of that type."""
    if channel_type in _SEVERAL:
        return {_SEVERAL[channel_type]: target}
    if len(target) > 1:
        raise Complaint(text("channels.one_target", type=channel_type))
    return {"url": target[0]}


def _weekly(days: list[int], at: str | None, minutes: int | None, timezone: str) -> dict[str, Any] | None:
    if not days and at is None and minutes is None:
        return None
    if not days or at is None or minutes is None:
        raise Complaint(text("windows.weekly"))
    return {"days": days, "start": at, "duration_minutes": minutes, "timezone": timezone}


def _switch(channel: str, *, enabled: bool, json: bool) -> None:
    from eulermaker.cli import show
    from eulermaker.cli.session import connect

    with connect() as client:
        changed = client.notifications.channels.change(channel, enabled=enabled)
    if json:
        show.record(changed)
    else:
        typer.echo(text("channels.status", id=changed.id, status=_state(changed.enabled)))


def _state(enabled: bool) -> str:
    return text("channels.enabled") if enabled else text("channels.disabled")
