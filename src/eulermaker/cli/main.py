"""The commands of `eulermaker`, all but `serve`.

What takes long to import is imported by the command that needs it, so that help is quick.
"""

import os
import sys
from io import TextIOWrapper
from typing import Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from eulermaker.cli import (
    account,
    accounts,
    alerts,
    build,
    builds,
    containers,
    cp,
    errors,
    execute,
    images,
    launch,
    notifications,
    optimize,
    probes,
    repo,
    system,
)
from eulermaker.cli.exits import ExitCode
from eulermaker.cli.messages import text


class Commands(TyperGroup):
    """Tells every failure of a command in one line on standard error."""

    def invoke(self, ctx: Any) -> Any:
        _never_fail_to_print()
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort, TyperException):
            raise
        except KeyboardInterrupt as interrupt:
            raise typer.Exit(ExitCode.INTERRUPTED) from interrupt
        except BrokenPipeError as error:
            # The reader has gone. Whatever is still buffered must not fail again when Python ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(ExitCode.ERROR) from error
        except _failures() as error:
            raise typer.Exit(_tell(error)) from error


def _failures() -> tuple[type[Exception], ...]:
    from eulermaker.cli.exits import Complaint
    from eulermaker.client import EulerMakerError

    return EulerMakerError, Complaint, OSError


def _tell(error: BaseException) -> ExitCode:
    from eulermaker.cli.failure import exit_code_of, sentence

    typer.echo(text("error", message=sentence(error)), err=True)
    return exit_code_of(error)


def _never_fail_to_print() -> None:
    """Logs may hold characters that the terminal's encoding lacks."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


# Options behind the first argument belong to the command that is run.
_PASSED_ON = {"allow_interspersed_args": False, "help_option_names": ["--help"]}

app = typer.Typer(
    name="eulermaker",
    cls=Commands,
    help=text("help.app"),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command(help=text("help.login"))(account.login)
app.command(help=text("help.logout"))(account.logout)
app.command(help=text("help.whoami"))(accounts.whoami)
app.add_typer(accounts.users, name="users", help=text("help.users"))
app.add_typer(accounts.keys, name="keys", help=text("help.keys"))
app.add_typer(accounts.audit, name="audit", help=text("help.audit"))
app.command(help=text("help.build"))(build.build)
app.command(help=text("help.optimize"))(optimize.optimize)
app.add_typer(builds.app, name="builds", help=text("help.builds"))
app.command(help=text("help.ps"))(containers.ps)
app.command(help=text("help.run"), context_settings=_PASSED_ON)(launch.run)
app.command(help=text("help.start"))(containers.start)
app.command(help=text("help.stop"))(containers.stop)
app.command(help=text("help.restart"))(containers.restart)
app.command(help=text("help.container_rm"))(containers.rm)
app.command(help=text("help.container_logs"))(containers.logs)
app.command(help=text("help.stats"))(containers.stats)
app.command(help=text("help.top"))(containers.top)
app.command("exec", help=text("help.exec"), context_settings=_PASSED_ON)(execute.exec_)
app.command(help=text("help.shell"), context_settings=_PASSED_ON)(execute.shell)
app.command(help=text("help.cp"))(cp.cp)
app.command(help=text("help.images"))(images.images)
app.command(help=text("help.pull"))(images.pull)
app.command(help=text("help.analyze"))(images.analyze)
app.command(help=text("help.events"))(system.events)
app.add_typer(probes.app, name="probes", help=text("help.probes"))
app.add_typer(repo.app, name="repo", help=text("help.repo"))
app.add_typer(errors.app, name="errors", help=text("help.errors"))
app.add_typer(alerts.app, name="alerts", help=text("help.alerts"))
app.add_typer(notifications.app, name="notifications", help=text("help.notifications"))
app.add_typer(system.app, name="system", help=text("help.system"))


def main() -> None:
    """The command line on this process's arguments."""
    app()
