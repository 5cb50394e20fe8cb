"""`builds …`: one command for each thing that can be done with a build."""

from pathlib import Path
from typing import Annotated

import typer

from eulermaker.cli import options
from eulermaker.cli.messages import text

app = typer.Typer(no_args_is_help=True)


@app.command(help=text("help.create"))
def create(
    source: options.Source,
    name: options.Name = None,
    build_arg: options.BuildArgs = [],  # noqa: B006  # typer copies it
    label: options.Labels = [],  # noqa: B006  # typer copies it
    target: options.Target = None,
    no_cache: options.NoCache = False,
    base_image: options.BaseImage = None,
    optimize: options.Optimize = None,
    timeout: options.Timeout = None,
    publish: options.PublishIn = None,
    execute: Annotated[bool, typer.Option("--execute", help=text("help.execute_now"))] = False,
    json: options.Json = False,
) -> None:
    from eulermaker.cli import display, run, show
    from eulermaker.cli.session import connect

    order = run.read_order(
        source,
        name=name,
        build_args=options.pairs("--build-arg", build_arg),
        labels=options.pairs("--label", label),
        target=target,
        no_cache=no_cache,
        base_image=base_image,
        optimize=optimize,
        timeout=timeout,
        publish=publish,
    )
    with connect() as client, display.choose(json=json) as shown:
        made = run.Run(client, shown).submit(order, execute=execute)
    if json:
        show.document(made.model_dump(mode="json", exclude_unset=True))


@app.command(help=text("help.execute"))
def execute(build_id: options.BuildId, json: options.Json = False) -> None:
    from eulermaker.cli import show
    from eulermaker.cli.session import connect

    with connect() as client:
        begun = client.builds.execute(build_id)
    if json:
        show.document(begun.model_dump(mode="json", exclude_unset=True))
    else:
        typer.echo(text("build.status", id=begun.id, status=begun.status))


@app.command("list", help=text("help.list"))
def list_(
    status: Annotated[str | None, typer.Option(help=text("help.status"))] = None,
    name: Annotated[str | None, typer.Option(help=text("help.name_filter"))] = None,
    limit: Annotated[int, typer.Option(min=1, help=text("help.limit"))] = 20,
    offset: Annotated[int, typer.Option(min=0, help=text("help.offset"))] = 0,
    json: options.Json = False,
) -> None:
    from eulermaker.cli import show
    from eulermaker.cli.session import connect

    with connect() as client:
        page = client.builds.list(status=status, name=name, limit=limit, offset=offset)
    if json:
        show.document(page.model_dump(mode="json", exclude_unset=True))
    else:
        show.builds(page)


@app.command("show", help=text("help.show"))
def show_(build_id: options.BuildId, json: options.Json = False) -> None:
    from eulermaker.cli import show
    from eulermaker.cli.session import connect

    with connect() as client:
        build = client.builds.get(build_id)
    if json:
        show.document(build.model_dump(mode="json", exclude_unset=True))
        return
    show.build(build)
    if build.artifacts:
        typer.echo()
        show.artifacts(build.artifacts)


@app.command(help=text("help.logs"))
def logs(
    build_id: options.BuildId,
    tail: Annotated[int | None, typer.Option(min=1, help=text("help.tail"))] = None,
    since_seq: Annotated[int | None, typer.Option(min=0, help=text("help.since_seq"))] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help=text("help.follow"))] = False,
    json: options.Json = False,
) -> None:
    from eulermaker.cli import log
    from eulermaker.cli.session import connect

    with connect() as client:
        if follow:
            log.follow(client, build_id, tail=tail, since_seq=since_seq, json=json)
        else:
            log.page(client, build_id, tail=tail, since_seq=since_seq, json=json)


@app.command(help=text("help.cancel"))
def cancel(build_id: options.BuildId, json: options.Json = False) -> None:
    from eulermaker.cli import show
    from eulermaker.cli.session import connect

    with connect() as client:
        ended = client.builds.cancel(build_id)
    if json:
        show.document(ended.model_dump(mode="json", exclude_unset=True))
    else:
        typer.echo(text("build.status", id=ended.id, status=ended.status))


@app.command(help=text("help.rm"))
def rm(
    build_id: options.BuildId,
    clean_image: Annotated[bool, typer.Option("--clean-image", help=text("help.clean_image"))] = False,
    json: options.Json = False,
) -> None:
    from eulermaker.cli import show
    from eulermaker.cli.session import connect

    with connect() as client:
        client.builds.delete(build_id, clean_image=clean_image)
    if json:
        show.document({"id": build_id, "removed": True})
    else:
        typer.echo(text("build.removed", id=build_id))


@app.command(help=text("help.artifacts"))
def artifacts(
    build_id: options.BuildId,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", file_okay=False, help=text("help.output"))
    ] = None,
    json: options.Json = False,
) -> None:
    from eulermaker.cli import display, run, show
    from eulermaker.cli.session import connect

    with connect() as client:
        found = client.builds.artifacts(build_id)
        files: dict[str, str] = {}
        if output is not None:
            with display.choose(json=json) as shown:
                saved = run.download(client, shown, build_id, found, output)
            files = {each.artifact.name: str(each.file) for each in saved}
    if json:
        told = [
            {**each.model_dump(mode="json", exclude_unset=True), "file": files.get(each.name)}
            for each in found
        ]
        show.document({"artifacts": told})
    else:
        show.artifacts(found)
