"""The command `eulermaker`: `serve` runs the server, everything else is the client's."""

import sys


def main() -> None:
    """Entry of the command."""
    if sys.argv[1:2] == ["serve"]:
        _serve(sys.argv[2:])
    else:
        from eulermaker.cli.main import app

        # Known to the help only: the line above has taken every real call.
        app.command("serve", help="Run the server.")(_serve)
        app()


def start_lean() -> None:
    """Save what a start spends on what a server may never use: a quarter of its time, 7 MiB."""
    import gc

    # What is imported and put together stays: a collection meanwhile frees nothing. The server turns
    # them on again.
    gc.disable()
    # structlog and httpx look for it; the server prints no tables.
    sys.modules["rich"] = None  # type: ignore[assignment]  # Python's way to say that a module is not there
    from pydantic import BaseModel

    # Validators and serializers are made when a model is first used, not all of them before the first answer.
    BaseModel.model_config["defer_build"] = True


def _serve(arguments: list[str]) -> None:
    """Run the server."""
    import argparse

    start_lean()
    parser = argparse.ArgumentParser(prog="eulermaker serve", description="Run the server.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8080, help="port to listen on (default: %(default)s)")
    options = parser.parse_args(arguments)
    from eulermaker.kernel.settings import WrongSetting, load_settings
    from eulermaker.process import CannotStart, serve

    try:
        serve(load_settings(), host=options.host, port=options.port)
    except (WrongSetting, CannotStart) as error:
        print(f"eulermaker: {error}", file=sys.stderr)
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()
