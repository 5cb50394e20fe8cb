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

from eulermaker.cli import account, build, builds
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
app.command(help=text("help.build"))(build.build)
app.add_typer(builds.app, name="builds", help=text("help.builds"))


def main() -> None:
    """The command line on this process's arguments."""
    app()
