"""Options and arguments that several commands share."""

import json
import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from eulermaker.cli.exits import Complaint
from eulermaker.cli.messages import text

URL_HELP = text("help.url", default="http://127.0.0.1:8080")


class OptimizeLevel(StrEnum):
    """How much is done to make a build cheaper."""

    OFF = "off"
    SAFE = "safe"
    MAX = "max"


BuildId = Annotated[str, typer.Argument(metavar="ID", help=text("help.build_id"))]
Json = Annotated[bool, typer.Option("--json", help=text("help.json"))]

Source = Annotated[Path, typer.Argument(metavar="SPEC|DIR", help=text("help.source"))]
Name = Annotated[str | None, typer.Option("--name", help=text("help.name"))]
BuildArgs = Annotated[
    list[str], typer.Option("--build-arg", metavar="KEY=VALUE", help=text("help.build_arg"))
]
Labels = Annotated[list[str], typer.Option("--label", metavar="KEY=VALUE", help=text("help.label"))]
Target = Annotated[str | None, typer.Option("--target", help=text("help.target"))]
NoCache = Annotated[bool, typer.Option("--no-cache", help=text("help.no_cache"))]
BaseImage = Annotated[str | None, typer.Option("--base-image", help=text("help.base_image"))]
Optimize = Annotated[
    OptimizeLevel | None, typer.Option("--optimize", metavar="off|safe|max", help=text("help.optimize_level"))
]
Timeout = Annotated[int | None, typer.Option("--timeout", min=1, help=text("help.timeout"))]
PublishIn = Annotated[str | None, typer.Option("--publish", metavar="REPO", help=text("help.publish_in"))]
Output = Annotated[Path, typer.Option("--output", "-o", file_okay=False, help=text("help.output"))]


ContainerRef = Annotated[str, typer.Argument(metavar="CONTAINER", help=text("help.container"))]
ContainerRefs = Annotated[list[str], typer.Argument(metavar="CONTAINER...", help=text("help.containers"))]
Command = Annotated[list[str], typer.Argument(metavar="COMMAND...", help=text("help.command"))]
Env = Annotated[list[str], typer.Option("--env", "-e", metavar="KEY=VALUE", help=text("help.env"))]
User = Annotated[str | None, typer.Option("--user", "-u", help=text("help.user"))]
Workdir = Annotated[str | None, typer.Option("--workdir", "-w", help=text("help.workdir"))]
Limit = Annotated[int, typer.Option("--limit", min=1, help=text("help.limit"))]
Offset = Annotated[int, typer.Option("--offset", min=0, help=text("help.offset"))]
Settings = Annotated[list[str], typer.Option("--set", metavar="KEY=VALUE", help=text("help.setting"))]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help=text("help.quiet"))]
Grace = Annotated[int, typer.Option("--time", "-t", min=0, help=text("help.grace"))]


def pairs(option: str, values: list[str]) -> dict[str, str]:
    """`KEY=VALUE` strings as a mapping; the last of a key counts."""
    return dict(_pair(option, value) for value in values)


def variables(values: list[str]) -> dict[str, str]:
    """`KEY=VALUE`, or `KEY` for the value that it has here; one that has none is left out."""
    plain = {value: os.environ[value] for value in values if "=" not in value and value in os.environ}
    return plain | pairs("--env", [value for value in values if "=" in value])


def _pair(option: str, value: str) -> tuple[str, str]:
    key, separator, rest = value.partition("=")
    if not key or not separator:
        raise Complaint(text("input.pair", option=option, value=value))
    return key, rest


def settings(values: list[str]) -> dict[str, Any]:
    """`KEY=VALUE` as fields; a value that is JSON is taken for what it says."""
    return {key: _told(value) for key, value in pairs("--set", values).items()}


def _told(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value
