"""`whoami`, `users …`, `keys …` and `audit …`."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from eulermaker.cli import options
from eulermaker.cli.exits import Complaint
from eulermaker.cli.messages import text

if TYPE_CHECKING:
    from eulermaker.client import ApiKey, User

users = typer.Typer(no_args_is_help=True)
keys = typer.Typer(no_args_is_help=True)
audit = typer.Typer(no_args_is_help=True)

UserId = Annotated[str, typer.Argument(metavar="USER", help=text("help.user_id"))]
KeyId = Annotated[str, typer.Argument(metavar="KEY", help=text("help.key_id"))]
Role = Annotated[str, typer.Option(help=text("help.role"))]
Wanted = Annotated[str, typer.Option(metavar="TEXT")]


def whoami(json: options.Json = False) -> None:
    from eulermaker.cli import show
    from eulermaker.cli.session import connect, server_url

    with connect() as client:
        me = client.users.me()
    if json:
        show.record(me)
    else:
        typer.echo(text("whoami", username=me.username, role=me.role, url=server_url()))


@users.command("list", help=text("help.users_list"))
def list_users(
    search: Annotated[str, typer.Option(help=text("help.users_search"))] = "",
    json: options.Json = False,
) -> None:
    from eulermaker.cli import show
    from eulermaker.cli.session import connect

    with connect() as client:
        page = client.users.list(search=search, limit=100)
    if json:
        show.record(page)
        return
    rows = [
        (one.id, one.username, one.email or "", one.role, one.status, show.moment(one.lastLoginAt))
        for one in page.users
    ]
    show.table(("id", "username", "email", "role", "status", "last_login"), rows)


@users.command(help=text("help.users_add"))
def add(
    username: Annotated[str, typer.Argument(help=text("help.username"))],
    email: Annotated[str | None, typer.Option(help=text("help.email"))] = None,
    role: Role = "user",
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help=text("help.password_stdin"))
    ] = False,
    json: options.Json = False,
) -> None:
    from eulermaker.cli.session import connect

    password = _password(password_stdin)
    with connect() as client:
        _tell(client.users.add(username, password=password, email=email, role=role), json=json)


@users.command(help=text("help.users_invite"))
def invite(
    email: Annotated[str | None, typer.Argument(help=text("help.invited"))] = None,
    json: options.Json = False,
) -> None:
    from eulermaker.cli import show
    from eulermaker.cli.session import connect

    with connect() as client:
        made = client.users.invite(email)
    if json:
        show.record(made)
    else:
        until = show.moment(made.expires_at)
        typer.echo(text("users.invited", invitation=made.invitation, until=until))


@users.command("role", help=text("help.users_role"))
def set_role(
    user: UserId,
    role: Annotated[str, typer.Argument(help=text("help.role"))],
    json: options.Json = False,
) -> None:
    from eulermaker.cli.session import connect

    with connect() as client:
        _tell(client.users.set_role(user, role), json=json)


@users.command(help=text("help.users_pause"))
def pause(
    user: UserId,
    reason: Annotated[str | None, typer.Option(help=text("help.reason"))] = None,
    json: options.Json = False,
) -> None:
    from eulermaker.cli.session import connect

    with connect() as client:
        _tell(client.users.suspend(user, reason=reason), json=json)


@users.command(help=text("help.users_resume"))
def resume(user: UserId, json: options.Json = False) -> None:
    from eulermaker.cli.session import connect

    with connect() as client:
        _tell(client.users.resume(user), json=json)


@users.command("rm", help=text("help.users_rm"))
def remove(user: UserId) -> None:
    from eulermaker.cli.session import connect

    with connect() as client:
        client.users.remove(user)
    typer.echo(text("users.removed", id=user))


@keys.command("list", help=text("help.keys_list"))
def list_keys(json: options.Json = False) -> None:
    from eulermaker.cli import show
    from eulermaker.cli.session import connect

    with connect() as client:
        found = client.keys.list()
    if json:
        show.document([key.model_dump(mode="json", exclude_unset=True) for key in found])
        return
    rows = [
        (one.id, one.name, f"{one.prefix}...", " ".join(one.scopes), show.moment(one.expiresAt))
        for one in found
    ]
    show.table(("id", "name", "key", "scopes", "expires"), rows)


@keys.command(help=text("help.keys_create"))
def create(
    name: Annotated[str, typer.Argument(help=text("help.key_name"))],
    scope: Annotated[list[str], typer.Option("--scope", help=text("help.key_scope"))] = [],  # noqa: B006  # typer copies it
    days: Annotated[int | None, typer.Option(min=1, help=text("help.key_days"))] = None,
    json: options.Json = False,
) -> None:
    from eulermaker.cli.session import connect

    with connect() as client:
        _tell_key(client.keys.create(name, scopes=scope, days=days), json=json)


@keys.command(help=text("help.keys_rotate"))
def rotate(
    key: KeyId,
    overlap: Annotated[int, typer.Option(min=0, max=720, help=text("help.key_overlap"))] = 24,
    json: options.Json = False,
) -> None:
    from eulermaker.cli.session import connect

    with connect() as client:
        _tell_key(client.keys.rotate(key, overlap_hours=overlap), json=json)


@keys.command("rm", help=text("help.keys_rm"))
def remove_key(key: KeyId) -> None:
    from eulermaker.cli.session import connect

    with connect() as client:
        client.keys.remove(key)
    typer.echo(text("keys.removed", id=key))


@audit.command("list", help=text("help.audit_list"))
def list_audit(
    user: Wanted = "",
    action: Wanted = "",
    result: Wanted = "",
    since: Wanted = "",
    until: Wanted = "",
    limit: Annotated[int, typer.Option(min=1, max=200, help=text("help.limit"))] = 50,
    json: options.Json = False,
) -> None:
    from eulermaker.cli import show
    from eulermaker.cli.session import connect

    with connect() as client:
        page = client.audit.search(
            user=user, action=action, result=result, since=since, until=until, limit=limit
        )
    if json:
        show.record(page)
        return
    rows = [
        (show.moment(one.at), one.username, one.action, one.resource_id, one.address, one.result)
        for one in page.entries
    ]
    show.table(("time", "username", "action", "resource", "address", "result"), rows)


@audit.command(help=text("help.audit_export"))
def export(
    form: Annotated[str, typer.Option("--format", help="ndjson | csv")] = "ndjson",
    user: Wanted = "",
    action: Wanted = "",
    since: Wanted = "",
    until: Wanted = "",
) -> None:
    from eulermaker.cli.session import connect

    with connect() as client:
        for chunk in client.audit.export(form=form, user=user, action=action, since=since, until=until):
            sys.stdout.buffer.write(chunk)
    sys.stdout.buffer.flush()


def _tell(user: "User", *, json: bool) -> None:
    from eulermaker.cli import show

    if json:
        show.record(user)
    else:
        facts = {"id": user.id, "username": user.username, "role": user.role, "status": user.status}
        typer.echo(text("users.now", **facts))


def _tell_key(key: "ApiKey", *, json: bool) -> None:
    from eulermaker.cli import show

    if json:
        show.record(key)
        return
    typer.echo(key.key)
    typer.echo(text("keys.once", id=key.id), err=True)


def _password(password_stdin: bool) -> str:
    if password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    elif sys.stdin.isatty():
        password = str(
            typer.prompt(text("login.password"), hide_input=True, confirmation_prompt=True, err=True)
        )
    else:
        raise Complaint(text("login.no_terminal"))
    if not password:
        raise Complaint(text("input.no_password"))
    return password
