"""`ps`, `start`, `stop`, `restart`, `rm`, `logs`, `stats`, `top`: containers as docker's users know them."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from eulermaker.cli import options
from eulermaker.cli.exits import Complaint, ExitCode
from eulermaker.cli.messages import text

if TYPE_CHECKING:
    from eulermaker.client import Action, BatchResult, Client, ContainerSummary, Stats

_BATCH = 50
_FILTERS = ("status", "name", "image", "label")
_LIVE = frozenset({"running", "paused", "restarting"})


def ps(
    everything: Annotated[bool, typer.Option("--all", "-a", help=text("help.all"))] = False,
    quiet: options.Quiet = False,
    wanted: Annotated[
        list[str], typer.Option("--filter", "-f", metavar="KEY=VALUE", help=text("help.filter"))
    ] = [],  # noqa: B006  # typer copies it
    json: options.Json = False,
) -> None:
    from eulermaker.cli import show
    from eulermaker.cli.session import connect

    filters = _filters(wanted)
    with connect() as client:
        found = list(_found(client, filters, everything=everything or "status" in filters))
    if json:
        show.document({"containers": [each.model_dump(mode="json", exclude_unset=True) for each in found]})
    elif quiet:
        for each in found:
            typer.echo(each.id)
    else:
        show.table(
            ("id", "name", "image", "status", "created", "ports"),
            [
                (each.id, each.name, each.image, each.status, show.moment(each.created_at), _ports(each))
                for each in found
            ],
        )


def start(containers: options.ContainerRefs, json: options.Json = False) -> None:
    _act("start", containers, json=json)


def stop(containers: options.ContainerRefs, grace: options.Grace = 10, json: options.Json = False) -> None:
    _act("stop", containers, grace=grace, json=json)


def restart(containers: options.ContainerRefs, grace: options.Grace = 10, json: options.Json = False) -> None:
    _act("restart", containers, grace=grace, json=json)


def rm(
    containers: options.ContainerRefs,
    force: Annotated[bool, typer.Option("--force", "-f", help=text("help.force"))] = False,
    json: options.Json = False,
) -> None:
    _act("delete", containers, force=force, json=json)


def logs(
    container: options.ContainerRef,
    follow: Annotated[bool, typer.Option("--follow", "-f", help=text("help.container_follow"))] = False,
    tail: Annotated[int, typer.Option("--tail", "-n", min=0, max=10_000, help=text("help.tail"))] = 100,
    since: Annotated[str | None, typer.Option(help=text("help.since"))] = None,
    until: Annotated[str | None, typer.Option(help=text("help.until"))] = None,
    timestamps: Annotated[bool, typer.Option("--timestamps", "-t", help=text("help.timestamps"))] = False,
    json: options.Json = False,
) -> None:
    from eulermaker.cli import container_log
    from eulermaker.cli.session import connect

    if follow and until is not None:
        raise Complaint(text("input.until"))
    with connect() as client:
        if follow:
            container_log.follow(
                client.containers.follow(container, tail=tail, since=since), timestamps=timestamps, json=json
            )
        else:
            had = client.containers.logs(
                container, tail=tail, since=since, until=until, timestamps=timestamps
            )
            container_log.page(had, json=json)


def stats(
    containers: Annotated[
        list[str], typer.Argument(metavar="[CONTAINER...]", help=text("help.stats_containers"))
    ] = [],  # noqa: B006  # typer copies it
    no_stream: Annotated[bool, typer.Option("--no-stream", help=text("help.no_stream"))] = False,
    json: options.Json = False,
) -> None:
    from rich.live import Live

    from eulermaker.cli import show
    from eulermaker.cli.session import connect

    with connect() as client:
        rounds = _rounds(client, containers, once=no_stream)
        if json:
            for samples in rounds:
                for name, sample in samples.items():
                    show.document({"container": name, **sample.model_dump(mode="json", exclude_unset=True)})
        elif no_stream:
            for samples in rounds:
                show.table(_STATS, _stats_rows(samples))
        else:
            with Live() as live:
                for samples in rounds:
                    live.update(show.grid(_STATS, _stats_rows(samples)))


def top(container: options.ContainerRef, json: options.Json = False) -> None:
    from eulermaker.cli import show
    from eulermaker.cli.session import connect

    with connect() as client:
        found = client.containers.top(container)
    if json:
        show.record(found)
    else:
        show.processes(found)


def _filters(wanted: list[str]) -> dict[str, str]:
    given = options.pairs("--filter", wanted)
    for name in given:
        if name not in _FILTERS:
            raise Complaint(text("input.filter", name=name, known=", ".join(_FILTERS)))
    return given


def _found(client: "Client", filters: dict[str, str], *, everything: bool) -> "Iterator[ContainerSummary]":
    matching = client.containers.iterate(
        status=filters.get("status"),
        name=filters.get("name"),
        image=filters.get("image"),
        label=filters.get("label"),
    )
    for each in matching:
        if everything or each.status in _LIVE:
            yield each


def _ports(container: "ContainerSummary") -> str:
    return ", ".join(container.ports)


def _act(
    action: "Action", containers: list[str], *, grace: int = 10, force: bool = False, json: bool
) -> None:
    from eulermaker.cli import show
    from eulermaker.cli.session import connect

    results: list[BatchResult] = []
    with connect() as client:
        for first in range(0, len(containers), _BATCH):
            names = containers[first : first + _BATCH]
            results += client.containers.batch(action, names, timeout=grace, force=force).results
    if json:
        show.document({"results": [each.model_dump(mode="json", exclude_unset=True) for each in results]})
    for each in results:
        if each.error:
            message = f"{each.container}: {each.error.message} [{each.error.code}]"
            typer.echo(text("error", message=message), err=True)
        elif not json:
            typer.echo(each.container)
    if any(each.error for each in results):
        raise typer.Exit(ExitCode.ERROR)


_STATS = ("name", "cpu", "memory", "memory_share", "network", "block", "pids")


def _rounds(client: "Client", containers: list[str], *, once: bool) -> "Iterator[dict[str, Stats]]":
    """Samples of those containers, else of all that run, once or about every second."""
    import time
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(max_workers=8) as pool:
        while True:
            names = containers or [each.name for each in client.containers.iterate(status="running")]
            yield dict(zip(names, pool.map(client.containers.stats, names), strict=True))
            if once:
                return
            time.sleep(1)


def _stats_rows(samples: "dict[str, Stats]") -> Iterator[tuple[str, ...]]:
    from eulermaker.cli import show

    for name, sample in samples.items():
        memory, network, block = sample.memory_usage, sample.network_io, sample.block_io
        yield (
            name,
            f"{sample.cpu_usage.usage_percent:.2f}%",
            f"{show.size(memory.usage)} / {show.size(memory.limit)}",
            f"{memory.usage_percent:.2f}%",
            f"{show.size(network.rx_bytes)} / {show.size(network.tx_bytes)}",
            f"{show.size(block.read_bytes)} / {show.size(block.write_bytes)}",
            str(sample.pids),
        )
