"""`images`, `pull` and `analyze`."""

from typing import TYPE_CHECKING, Annotated

import typer

from eulermaker.cli import options
from eulermaker.cli.exits import ExitCode
from eulermaker.cli.messages import text

if TYPE_CHECKING:
    from eulermaker.client import ImageAnalysis, ImageSummary, Pull

_UNNAMED = "<none>"
_SHOWN, _STEP = 10, 80


def images(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help=text("help.image_name"))] = None,
    quiet: options.Quiet = False,
    json: options.Json = False,
) -> None:
    from eulermaker.cli import show
    from eulermaker.cli.session import connect

    with connect() as client:
        found = list(client.images.iterate(name=name))
    if json:
        show.document({"images": [each.model_dump(mode="json", exclude_unset=True) for each in found]})
    elif quiet:
        for each in found:
            typer.echo(each.id)
    else:
        rows = [
            (tag, _short(each), show.moment(each.created_at), show.size(each.size))
            for each in found
            for tag in each.tags or (_UNNAMED,)
        ]
        show.table(("image", "id", "created", "size"), rows)


def pull(
    image: Annotated[str, typer.Argument(metavar="IMAGE", help=text("help.image"))],
    json: options.Json = False,
) -> None:
    from eulermaker.cli import display, show
    from eulermaker.cli.session import connect

    with connect() as client, display.choose(json=json) as shown:
        begun = client.images.pull(image)
        moved = shown.transfer(text("pull.begun", image=begun.image))
        for pulled in client.images.watch(begun.id):
            moved(pulled.current, pulled.total or None)
    if json:
        show.record(pulled)
    elif pulled.status == "success":
        typer.echo(text("pull.done", image=pulled.image, id=pulled.image_id or ""))
    if pulled.status != "success":
        typer.echo(text("error", message=_reason(pulled)), err=True)
        raise typer.Exit(ExitCode.ERROR)


def analyze(
    image: Annotated[str, typer.Argument(metavar="IMAGE", help=text("help.image"))],
    json: options.Json = False,
) -> None:
    from eulermaker.cli import show
    from eulermaker.cli.session import connect

    with connect() as client:
        found = client.images.analyze(image)
    if json:
        show.record(found)
    else:
        _show_analysis(found)


def _show_analysis(found: "ImageAnalysis") -> None:
    from eulermaker.cli import show

    useful = f"{100 * found.efficiency:.1f} %"
    typer.echo(
        text("analysis.sum", size=show.size(found.size), wasted=show.size(found.wasted), useful=useful)
    )
    layers = [
        (str(number), show.size(layer.size), show.size(layer.wasted), _one_line(layer.created_by))
        for number, layer in enumerate(found.layers)
    ]
    show.table(("layer", "size", "wasted", "step"), layers)
    largest = [(show.size(file.bytes), str(file.layer), file.path) for file in found.largest[:_SHOWN]]
    show.table(("size", "layer", "largest_file"), largest)
    if found.advice:
        advice = [(show.size(each.bytes), each.kind, each.message) for each in found.advice]
        show.table(("wasted", "type", "message"), advice)
        waste = [
            (show.size(file.bytes), file.kind, str(file.layer), file.path) for file in found.waste[:_SHOWN]
        ]
        show.table(("wasted", "type", "layer", "file"), waste)


def _one_line(step: str) -> str:
    return " ".join(step.split())[:_STEP]


def _short(image: "ImageSummary") -> str:
    return image.id.removeprefix("sha256:")[:12]


def _reason(pull: "Pull") -> str:
    if pull.error:
        return f"{pull.error.message} [{pull.error.code}]"
    return text("pull.ended", image=pull.image, status=pull.status)
