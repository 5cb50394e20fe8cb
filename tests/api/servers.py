"""Servers with settings of their own, and what a server keeps."""

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx

from tests.api import engine
from tests.server import ServerProcess, fresh_postgres


@contextmanager
def tailored(kind: str, data_dir: Path, settings: Mapping[str, str]) -> Iterator[ServerProcess]:
    """A running server with these settings, on an empty database of that kind."""
    with ExitStack() as stack:
        if kind == "postgresql":
            url = stack.enter_context(fresh_postgres(os.environ["EULERMAKER_TEST_POSTGRES_URL"]))
            settings = {**settings, "EULERMAKER_DATABASE_URL": url}
        yield stack.enter_context(ServerProcess(data_dir, settings).running())


def kept(server: ServerProcess, client: httpx.Client) -> dict[str, object]:
    """What a server keeps: rows, files by path, and its tags on the engine."""
    builds = server.data_dir / "builds"
    files = {str(Path(root) / name) for root, _, names in os.walk(builds) for name in [*names, ""]}
    node = (server.data_dir / "installation").read_text().strip().removeprefix("node_")
    return {
        "rows": client.get("/api/v1/builds", params={"limit": 1}).json()["data"]["total"],
        "files": files,
        "tags": engine.tags_of(f"eulermaker-build-{node}"),
    }
