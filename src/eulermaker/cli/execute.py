"""`exec` and `shell`: commands in a container that runs."""

import os
import shlex
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from eulermaker.cli import options
from eulermaker.cli.exits import Complaint, ExitCode
from eulermaker.cli.messages import text

if TYPE_CHECKING:
    from eulermaker.client import Client

_CUT_OFF = 124  # as timeout(1) ends


def exec_(
    container: options.ContainerRef,
    command: options.Command,
    interactive: Annotated[bool, typer.Option("--interactive", "-i", help=text("help.interactive"))] = False,
    tty: Annotated[bool, typer.Option("--tty", "-t", help=text("help.tty"))] = False,
    env: options.Env = [],  # noqa: B006  # typer copies it
    user: options.User = None,
    workdir: options.Workdir = None,
    timeout: Annotated[int, typer.Option(min=1, max=3600, help=text("help.exec_timeout"))] = 3600,
    json: options.Json = False,
) -> None:
    from eulermaker.cli.session import connect

    if interactive and (json or not tty):
        raise Complaint(text("input.exec_interactive"))
    environment = options.variables(env)
    with connect() as client:
        if interactive:
            raise typer.Exit(
                _converse(client, container, shlex.join(command), environment, user=user, workdir=workdir)
            )
        done = client.containers.execute(
            container,
            command,
            environment=environment,
            user=user,
            working_dir=workdir,
            tty=tty,
            timeout=timeout,
        )
    if json:
        from eulermaker.cli import show

        show.record(done)
    else:
        typer.echo(done.stdout or (done.output if not done.stderr else ""), nl=False)
        typer.echo(done.stderr, nl=False, err=True)
    if done.truncated:
        typer.echo(text("exec.truncated"), err=True)
    raise typer.Exit(_CUT_OFF if done.exit_code is None else done.exit_code)


def shell(
    container: options.ContainerRef,
    command: Annotated[
        list[str], typer.Argument(metavar="[COMMAND...]", help=text("help.shell_command"))
    ] = [],  # noqa: B006  # typer copies it
    env: options.Env = [],  # noqa: B006  # typer copies it
    user: options.User = None,
    workdir: options.Workdir = None,
) -> None:
    from eulermaker.cli.session import connect

    environment = options.variables(env)
    with connect() as client:
        line = shlex.join(command) or "/bin/sh"
        raise typer.Exit(_converse(client, container, line, environment, user=user, workdir=workdir))


def _converse(
    client: "Client",
    container: str,
    command: str,
    environment: dict[str, str],
    *,
    user: str | None,
    workdir: str | None,
) -> int:
    from eulermaker.cli.terminal import Terminal
    from eulermaker.client import Dimensions

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Complaint(text("input.no_terminal"))
    size = os.get_terminal_size(sys.stdout.fileno())
    opened = client.terminals.create(
        container,
        command=command,
        user=user,
        working_dir=workdir,
        environment={"TERM": os.environ.get("TERM", "xterm-256color")} | environment,
        dimensions=Dimensions(cols=size.columns or 80, rows=size.lines or 24),
    )
    with client.terminals.attach(opened.session_id, since=0) as session:
        Terminal(session).run()
    if session.lost:
        typer.echo(text("shell.lost", count=session.lost), err=True)
    if session.detached and session.reason is None:
        typer.echo(text("shell.detached", terminal=opened.session_id), err=True)
        return ExitCode.SUCCESS
    if session.reason != "exited":
        typer.echo(text("shell.ended", reason=session.reason), err=True)
    return ExitCode.ERROR if session.exit_code is None else session.exit_code
