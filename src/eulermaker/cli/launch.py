"""`run IMAGE`: a new container, followed to its end unless it runs on its own."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from eulermaker.cli import options
from eulermaker.cli.exits import Complaint, ExitCode
from eulermaker.cli.messages import text

if TYPE_CHECKING:
    from eulermaker.client import Client

_EVERYTHING = 10_000
_ENDED = frozenset({"stopped", "dead"})


def run(
    image: Annotated[str, typer.Argument(metavar="IMAGE", help=text("help.image"))],
    command: Annotated[list[str], typer.Argument(metavar="[COMMAND...]", help=text("help.command"))] = [],  # noqa: B006  # typer copies it
    detach: Annotated[bool, typer.Option("--detach", "-d", help=text("help.detach"))] = False,
    remove: Annotated[bool, typer.Option("--rm", help=text("help.remove"))] = False,
    interactive: Annotated[bool, typer.Option("--interactive", "-i", help=text("help.stdin_open"))] = False,
    tty: Annotated[bool, typer.Option("--tty", "-t", help=text("help.tty"))] = False,
    name: Annotated[str | None, typer.Option("--name", help=text("help.container_name"))] = None,
    env: options.Env = [],  # noqa: B006  # typer copies it
    publish: Annotated[
        list[str], typer.Option("--publish", "-p", metavar="[HOST:]PORT", help=text("help.publish"))
    ] = [],  # noqa: B006  # typer copies it
    volume: Annotated[
        list[str], typer.Option("--volume", "-v", metavar="SOURCE:PATH[:ro]", help=text("help.volume"))
    ] = [],  # noqa: B006  # typer copies it
    label: Annotated[
        list[str], typer.Option("--label", "-l", metavar="KEY=VALUE", help=text("help.container_label"))
    ] = [],  # noqa: B006  # typer copies it
    memory: Annotated[str | None, typer.Option("--memory", "-m", help=text("help.memory"))] = None,
    cpus: Annotated[str | None, typer.Option("--cpus", help=text("help.cpus"))] = None,
    workdir: options.Workdir = None,
    user: options.User = None,
    hostname: Annotated[str | None, typer.Option("--hostname", "-h", help=text("help.hostname"))] = None,
    network: Annotated[str | None, typer.Option("--network", help=text("help.network"))] = None,
    restart: Annotated[str | None, typer.Option("--restart", help=text("help.restart_policy"))] = None,
    entrypoint: Annotated[str | None, typer.Option("--entrypoint", help=text("help.entrypoint"))] = None,
    read_only: Annotated[bool, typer.Option("--read-only", help=text("help.read_only"))] = False,
    json: options.Json = False,
) -> None:
    from eulermaker.cli import show
    from eulermaker.cli.session import connect

    if not detach and (interactive or json):
        raise Complaint(text("input.run_attached"))
    fields: dict[str, Any] = {
        "name": name,
        "command": command or None,
        "entrypoint": [entrypoint] if entrypoint else None,
        "environment": options.variables(env) or None,
        "ports": publish or None,
        "volumes": _volumes(volume) or None,
        "labels": options.pairs("--label", label) or None,
        "memory_limit": memory,
        "cpu_limit": cpus,
        "working_dir": workdir,
        "user": user,
        "hostname": hostname,
        "network_mode": network,
        "restart_policy": restart,
        "read_only": read_only,
        "tty": tty,
        "stdin_open": interactive,
        # Who waits for the exit code removes the container after asking for it.
        "auto_remove": remove and detach,
    }
    with connect() as client:
        made = client.containers.create(image, **fields)
        if not detach:
            raise typer.Exit(_attended(client, made.id, remove=remove))
        client.containers.start(made.id)
        if json:
            show.record(client.containers.get(made.id))
        else:
            typer.echo(made.id)


def _attended(client: "Client", container: str, *, remove: bool) -> int:
    """The exit code of the container, whose output is told meanwhile; Ctrl-C stops it."""
    try:
        client.containers.start(container)
        return _followed(client, container)
    except KeyboardInterrupt:
        typer.echo(text("run.interrupted", container=container), err=True)
        client.containers.stop(container)
        return ExitCode.INTERRUPTED
    finally:
        if remove:
            client.containers.remove(container, force=True)


def _followed(client: "Client", container: str) -> int:
    from eulermaker.cli import container_log

    for entry in client.containers.follow(container, tail=_EVERYTHING):
        if entry.status in _ENDED and client.containers.get(container).config.restart_policy == "no":
            break
        container_log.tell(entry)
    state = client.containers.get(container).state
    return state.exit_code if state else ExitCode.ERROR


def _volumes(values: list[str]) -> dict[str, str]:
    volumes = {}
    for value in values:
        source, separator, target = value.partition(":")
        if not separator or not source or not target:
            raise Complaint(text("input.volume", value=value))
        volumes[source] = target
    return volumes
