"""`login` and `logout`."""

import sys
from typing import Annotated

import typer

from eulermaker.cli import options
from eulermaker.cli.exits import Complaint
from eulermaker.cli.messages import language, text


def login(
    url: Annotated[str | None, typer.Option(help=options.URL_HELP)] = None,
    username: Annotated[str | None, typer.Option(help=text("help.username"))] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help=text("help.password_stdin"))
    ] = False,
    json: options.Json = False,
) -> None:
    from eulermaker.cli import show
    from eulermaker.cli.credentials import SavedTokens
    from eulermaker.client import Client

    server = url or _known_url()
    if not password_stdin and not sys.stdin.isatty():
        raise Complaint(text("login.no_terminal"))
    user = username or _ask_username(password_stdin)
    with Client(server, store=SavedTokens(server), language=language()) as client:
        client.auth.login(user, _password(password_stdin))
    if json:
        show.document({"url": server, "username": user})
    else:
        typer.echo(text("login.done", url=server, username=user))


def logout(json: options.Json = False) -> None:
    from eulermaker.cli import show
    from eulermaker.cli.credentials import forget

    url = _known_session()
    forget()
    if json:
        show.document({"url": url})
    elif url is None:
        typer.echo(text("logout.nobody"))
    else:
        typer.echo(text("logout.done", url=url))


def _known_url() -> str:
    from eulermaker.cli.session import DEFAULT_URL, server_url

    try:
        return server_url()
    except Complaint:  # a damaged file is what signing in anew repairs
        return DEFAULT_URL


def _known_session() -> str | None:
    from eulermaker.cli.credentials import saved_url

    try:
        return saved_url()
    except Complaint:  # a damaged file is removed like any other
        return None


def _ask_username(password_stdin: bool) -> str:
    if password_stdin:
        raise Complaint(text("login.no_terminal"))
    return str(typer.prompt(text("login.username"), err=True))


def _password(password_stdin: bool) -> str:
    if not password_stdin:
        return str(typer.prompt(text("login.password"), hide_input=True, err=True))
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise Complaint(text("input.no_password"))
    return password
