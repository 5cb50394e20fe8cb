"""`build SPEC|DIR`: from the files on the disk to the artifacts on the disk."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from eulermaker.cli import options
from eulermaker.cli.messages import text

if TYPE_CHECKING:
    from eulermaker.cli.run import Saved
    from eulermaker.client import Build


def build(
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
    output: options.Output = Path("output"),
    no_follow: Annotated[bool, typer.Option("--no-follow", help=text("help.no_follow"))] = False,
    json: options.Json = False,
) -> None:
    from eulermaker.cli import display, run
    from eulermaker.cli.exits import exit_code
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
    with connect() as client:
        with display.choose(json=json) as shown:
            made, saved = run.Run(client, shown).all(order, output=output, follow=not no_follow)
        _tell(made, saved, json=json)
    if not no_follow:
        raise typer.Exit(exit_code(made.status))


def _tell(made: "Build", saved: "tuple[Saved, ...]", *, json: bool) -> None:
    from eulermaker.cli import show

    if json:
        files = [each.as_document() for each in saved]
        show.document({"build": made.model_dump(mode="json", exclude_unset=True), "files": files})
        return
    if made.finished:
        show.ending(made)
    if made.status == "success" and not saved:
        typer.echo(text("build.nothing_made"))
    for each in saved:
        typer.echo(f"{each.file}  {each.description}")
