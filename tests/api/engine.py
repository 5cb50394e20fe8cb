"""What the engine itself says, past the product."""

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from scripts import engine_api
from tests.server import IMAGE

HOST = os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
RUNTIME = "eulermaker/rpm-runtime:latest"


def has_image(reference: str) -> bool:
    """Whether the engine holds that id or tag."""
    return engine_api.has_image(HOST, reference)


def image(reference: str) -> dict[str, Any]:
    """The engine's description of an image."""
    described: dict[str, Any] = _get(f"/images/{quote(reference)}/json")
    return described


def takes_name(repository: str, tag: str) -> bool:
    """Whether an image can be given that name; it is taken back at once."""
    path = f"/images/{quote(IMAGE)}/tag?{urlencode({'repo': repository, 'tag': tag})}"
    try:
        with engine_api.exchange(HOST, "POST", path):
            pass
    except engine_api.EngineError:
        return False
    with engine_api.exchange(HOST, "DELETE", f"/images/{quote(f'{repository}:{tag}')}"):
        return True


def tags_of(repository: str) -> set[str]:
    """All tags of a repository."""
    found = _get("/images/json?" + urlencode({"filters": f'{{"reference": ["{repository}"]}}'}))
    return {tag for one in found for tag in one["RepoTags"] or () if tag.startswith(f"{repository}:")}


def containers_labelled(label: str) -> list[str]:
    """Ids of containers, running or not, that carry the label `key=value`."""
    query = urlencode({"all": "true", "filters": f'{{"label": ["{label}"]}}'})
    return [one["Id"] for one in _get(f"/containers/json?{query}")]


def running_commands() -> list[str]:
    """The commands of the containers that run now."""
    return [one["Command"] for one in _get("/containers/json")]


def rpm_query(file: Path, arguments: list[str]) -> str:
    """What `rpm -qp` says about a package, asked in a container with rpm in it."""
    code, output = engine_api.run(
        HOST, RUNTIME, ["rpm", "-qp", *arguments, f"/tmp/{file.name}"], file, timeout=60
    )
    assert code == 0, output
    return output


def _get(path: str) -> Any:
    with engine_api.exchange(HOST, "GET", path) as answer:
        return json.loads(answer.response.read())
