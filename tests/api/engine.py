"""What the engine itself says, past the product."""

import io
import json
import os
import tarfile
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


def remove_image(identifier: str) -> None:
    """Remove an image with all of its names."""
    with engine_api.exchange(HOST, "DELETE", f"/images/{quote(identifier)}?force=1"):
        pass


def files_of(image: str) -> dict[str, tuple[object, ...]]:
    """Every file of an image by path: type, mode, owner, time and content."""
    order = {"Image": image, "Cmd": ["/never-started"]}
    container = f"/containers/{engine_api.post_json(HOST, '/containers/create', order)['Id']}"
    try:
        with engine_api.exchange(HOST, "GET", f"{container}/export", timeout=120) as answer:
            content = io.BytesIO(answer.response.read())
    finally:
        with engine_api.exchange(HOST, "DELETE", f"{container}?force=1&v=1"):
            pass
    with tarfile.open(fileobj=content) as archive:
        return {member.name: _described(archive, member) for member in archive if member.name not in _OWN}


#: What the engine puts into each container.
_OWN = {".dockerenv", "dev/console", "etc/hostname", "etc/hosts", "etc/mtab", "etc/resolv.conf"}


def _described(archive: tarfile.TarFile, member: tarfile.TarInfo) -> tuple[object, ...]:
    file = archive.extractfile(member) if member.isreg() else None
    told = (member.type, member.mode, member.uid, member.gid, member.linkname)
    # Directories and links are made when a step runs; files that are copied keep their times.
    return told if file is None else (*told, member.mtime, file.read())


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
