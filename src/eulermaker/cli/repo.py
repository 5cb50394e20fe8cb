"""`repo …`: keep RPM repositories, and publish builds in them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from eulermaker.cli import options
from eulermaker.cli.exits import Complaint, ExitCode
from eulermaker.cli.messages import text

if TYPE_CHECKING:
    from eulermaker.client import Repository

app = typer.Typer(no_args_is_help=True)

#: How long a command waits for readers to see what it did.
WAIT_SECONDS = 600.0

Name = Annotated[str, typer.Argument(metavar="REPO", help=text("help.repo_name"))]
Public = Annotated[bool, typer.Option("--public", help=text("help.repo_public"))]
RequireSigning = Annotated[bool, typer.Option("--require-signing", help=text("help.repo_require_signing"))]
Generate = Annotated[bool, typer.Option("--generate", help=text("help.repo_generate"))]
Limit = Annotated[int, typer.Option(min=1, help=text("help.limit"))]
Offset = Annotated[int, typer.Option(min=0, help=text("help.offset"))]


@app.command(help=text("help.repo_create"))
def create(
    name: Name,
    public: Public = False,
    require_signing: RequireSigning = False,
    generate_key: Annotated[bool, typer.Option("--generate-key", help=text("help.repo_generate"))] = False,
    keep: Annotated[int, typer.Option("--keep", min=1, help=text("help.repo_keep"))] = 5,
    description: Annotated[str, typer.Option(help=text("help.repo_description"))] = "",
    json: options.Json = False,
) -> None:
    from eulermaker.cli import show
    from eulermaker.cli.session import connect

    with connect() as client:
        made = client.repositories.create(
            name,
            description=description,
            public=public,
            signing_required=require_signing,
            keep_versions=keep,
            generate_key=generate_key,
        )
    if json:
        show.record(made)
        return
    typer.echo(text("repo.made", name=made.name, url=made.url))
    if made.token and not public:
        typer.echo(text("repo.token", token=made.token))


@app.command("list", help=text("help.repo_list"))
def list_(limit: Limit = 20, offset: Offset = 0, json: options.Json = False) -> None:
    from eulermaker.cli import show
    from eulermaker.cli.session import connect

    with connect() as client:
        page = client.repositories.list(limit=limit, offset=offset)
    if json:
        show.record(page)
        return
    show.table(
        ("name", "status", "packages", "signed"),
        [
            (each.name, each.status, str(each.packages), each.key_fingerprint or "")
            for each in page.repositories
        ],
    )
    typer.echo(text("table.shown", shown=len(page.repositories), total=page.total))


@app.command("show", help=text("help.repo_show"))
def show_(name: Name, json: options.Json = False) -> None:
    from eulermaker.cli import show
    from eulermaker.cli.session import connect

    with connect() as client:
        found = client.repositories.get(name)
    if json:
        show.record(found)
    else:
        show.facts(found.model_dump(mode="json", exclude_unset=True))


@app.command(help=text("help.repo_packages"))
def packages(name: Name, limit: Limit = 20, offset: Offset = 0, json: options.Json = False) -> None:
    from eulermaker.cli import show
    from eulermaker.cli.session import connect

    with connect() as client:
        page = client.repositories.packages(name, limit=limit, offset=offset)
    if json:
        show.record(page)
        return
    show.table(
        ("file", "size", "build"),
        [(each.file, show.size(each.size), each.build_id) for each in page.packages],
    )
    typer.echo(text("table.shown", shown=len(page.packages), total=page.total))


@app.command(help=text("help.repo_publish"))
def publish(
    name: Name,
    build_id: options.BuildId,
    artifact: Annotated[list[str], typer.Option("--artifact", help=text("help.repo_artifact"))] = [],  # noqa: B006  # typer copies it
    json: options.Json = False,
) -> None:
    from eulermaker.cli.session import connect

    with connect() as client:
        client.repositories.publish(name, build_id, artifacts=artifact)
        found = client.repositories.wait(name, timeout=WAIT_SECONDS)
    _tell_published(found, json=json)


@app.command(help=text("help.repo_unpublish"))
def unpublish(
    name: Name,
    file: Annotated[str, typer.Argument(metavar="FILE", help=text("help.repo_package_file"))],
    json: options.Json = False,
) -> None:
    from eulermaker.cli import show
    from eulermaker.cli.session import connect

    with connect() as client:
        client.repositories.unpublish(name, file)
    if json:
        show.document({"repository": name, "file": file, "removed": True})
    else:
        typer.echo(text("repo.package_removed", name=name, file=file))


@app.command(help=text("help.repo_rm"))
def rm(name: Name, json: options.Json = False) -> None:
    from eulermaker.cli import show
    from eulermaker.cli.session import connect

    with connect() as client:
        client.repositories.delete(name)
    if json:
        show.document({"repository": name, "removed": True})
    else:
        typer.echo(text("repo.removed", name=name))


@app.command(help=text("help.repo_key"))
def key(
    name: Name,
    generate: Generate = False,
    private_key: Annotated[Path | None, typer.Option(help=text("help.repo_private_key"))] = None,
    drop: Annotated[bool, typer.Option("--drop", help=text("help.repo_drop"))] = False,
    json: options.Json = False,
) -> None:
    from eulermaker.cli import show
    from eulermaker.cli.session import connect

    if [generate, private_key is not None, drop].count(True) != 1:
        raise Complaint(text("repo.which_key"))
    with connect() as client:
        if drop:
            client.repositories.drop_key(name)
        else:
            given = None if private_key is None else private_key.read_text(errors="replace")
            client.repositories.set_key(name, private_key=given)
        found = client.repositories.get(name)
    if json:
        show.record(found)
    elif found.key_fingerprint:
        typer.echo(text("repo.key", name=name, fingerprint=found.key_fingerprint))
    else:
        typer.echo(text("repo.no_key", name=name))


@app.command(help=text("help.repo_token"))
def token(name: Name, json: options.Json = False) -> None:
    from eulermaker.cli import show
    from eulermaker.cli.session import connect

    with connect() as client:
        renewed = client.repositories.renew_token(name)
    if json:
        show.document({"username": "reader", "token": renewed})
    else:
        typer.echo(renewed)


@app.command(help=text("help.repo_file"))
def file(
    name: Name,
    password: Annotated[
        str | None, typer.Option("--token", metavar="TOKEN", help=text("help.repo_password"))
    ] = None,
) -> None:
    from eulermaker.cli.session import connect

    with connect() as client:
        content = client.repositories.repo_file(name).content
    if password is not None:
        content = content.replace("# password=", f"password={password}")
    typer.echo(content, nl=False)


def _tell_published(found: "Repository", *, json: bool) -> None:
    from eulermaker.cli import show

    if json:
        show.record(found)
    elif found.error is None:
        typer.echo(text("repo.published", name=found.name, url=found.url))
    if found.error is not None:
        typer.echo(text("repo.failed", name=found.name, message=found.error.message), err=True)
        raise typer.Exit(ExitCode.ERROR)
