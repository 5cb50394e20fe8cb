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
    code: Annotated[str | None, typer.Option(help=text("help.totp_code"))] = None,
    json: options.Json = False,
) -> None:
    from eulermaker.cli import show
    from eulermaker.cli.credentials import SavedTokens
    from eulermaker.client import Client, Unauthenticated

    server = url or _known_url()
    if not password_stdin and not sys.stdin.isatty():
        raise Complaint(text("login.no_terminal"))
    user = username or _ask_username(password_stdin)
    password = _password(password_stdin)
    with Client(server, store=SavedTokens(server), language=language()) as client:
        try:
            client.auth.login(user, password, code=code)
        except Unauthenticated as error:
            if error.code != "mfa-required" or not sys.stdin.isatty():
                raise
            client.auth.login(user, password, code=str(typer.prompt(text("login.code"), err=True)))
    if json:
        show.document({"url": server, "username": user})
    else:
        typer.echo(text("login.done", url=server, username=user))


def logout(json: options.Json = False) -> None:
    from eulermaker.cli import show
    from eulermaker.cli.credentials import forget

    url = _known_session()
    if url is not None:
        _end_session(url)
    forget()
    if json:
        show.document({"url": url})
    elif url is None:
        typer.echo(text("logout.nobody"))
    else:
        typer.echo(text("logout.done", url=url))


def _end_session(url: str) -> None:
    """Ends it on the server, too; what can't be reached, or has ended, is forgotten all the same."""
    from eulermaker.cli.credentials import SavedTokens
    from eulermaker.client import Client, EulerMakerError, Retry

    try:
        with Client(url, store=SavedTokens(url), timeout=5, retries=Retry(attempts=1)) as client:
            client.auth.logout()
    except EulerMakerError as error:
        typer.echo(text("logout.not_ended", reason=error.title), err=True)


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
