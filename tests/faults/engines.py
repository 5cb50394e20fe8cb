"""What an engine itself says, and an engine of the tests' own that may be killed."""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from scripts import engine_api
from tests.server import IMAGE

ROOT = Path(__file__).resolve().parents[2]
SHARED_HOST = os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"


class EngineView:
    """What the engine at `host` holds, past the product."""

    def __init__(self, host: str = SHARED_HOST) -> None:
        self.host = host

    def tags_of(self, repository: str) -> set[str]:
        """All tags of a repository."""
        found = self._get("/images/json?" + urlencode({"filters": json.dumps({"reference": [repository]})}))
        return {tag for one in found for tag in one["RepoTags"] or () if tag.startswith(f"{repository}:")}

    def image_of(self, reference: str) -> str:
        """The id of the image with that tag."""
        return str(self._get(f"/images/{quote(reference, safe='/:')}/json")["Id"])

    def containers_labelled(self, label: str) -> list[str]:
        """The containers, running or not, that carry the label `key=value`."""
        query = urlencode({"all": "true", "filters": json.dumps({"label": [label]})})
        return [one["Id"] for one in self._get(f"/containers/json?{query}")]

    def forget_builds(self, data_dir: Path) -> None:
        """Remove the tags that keep the images of an installation's builds; it is no more."""
        node = (data_dir / "installation").read_text().strip()
        for tag in self.tags_of(f"eulermaker-build-{node.removeprefix('node_')}"):
            with engine_api.exchange(self.host, "DELETE", f"/images/{tag}"):
                pass

    def _get(self, path: str) -> Any:
        with engine_api.exchange(self.host, "GET", path) as answer:
            return json.loads(answer.response.read())


class OwnEngine(EngineView):
    """A Docker Engine started by the project's script in a tree of its own, with the test image."""

    def __init__(self, tree: Path, **environment: str) -> None:
        self._tree = tree
        self._environment = environment
        (tree / "scripts").mkdir(parents=True)
        for name in ("engine.sh", "engine_api.py", "system_packages.sh"):
            shutil.copy2(ROOT / "scripts" / name, tree / "scripts" / name)
        super().__init__("")
        self.start()
        self._load_image()

    def start(self) -> None:
        """Start it, again if need be, and wait until it answers."""
        self.host = self._script().splitlines()[-1]

    @contextmanager
    def restarted(self, **environment: str) -> Iterator[None]:
        """The engine with something else in its environment, for as long as the block."""
        self.terminate()
        self.host = self._script(**environment).splitlines()[-1]
        try:
            yield
        finally:
            self.terminate()
            self.start()

    def kill(self) -> None:
        """End dockerd as `kill -9` does."""
        self._signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask dockerd to end, and wait until it has."""
        self._signal(signal.SIGTERM)

    def remove(self) -> None:
        """End it and everything it started."""
        # The bridges of its networks would outlive it, and take addresses from other engines.
        with suppress(OSError, engine_api.EngineError):
            for container in self._get("/containers/json?all=true"):
                with engine_api.exchange(self.host, "DELETE", f"/containers/{container['Id']}?force=true"):
                    pass
            with engine_api.exchange(self.host, "POST", "/networks/prune"):
                pass
        self._script("stop")

    def _signal(self, number: signal.Signals) -> None:
        pid = int((self._tree / ".run" / "docker.pid").read_text())
        os.kill(pid, number)
        deadline = time.monotonic() + 60
        while _alive(pid):
            assert time.monotonic() < deadline, "dockerd does not end"
            time.sleep(0.05)

    def _script(self, *arguments: str, **changes: str) -> str:
        own = {"EULERMAKER_ENGINE_SOCKET": "/nonexistent/docker.sock", **self._environment}
        environment = {**os.environ, **own, **changes}
        environment.pop("DOCKER_HOST", None)
        log = self._tree / "engine.out"
        with log.open("ab") as errors:
            run = subprocess.run(
                ["scripts/engine.sh", *arguments],
                cwd=self._tree,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                timeout=180,
                check=False,
            )
        assert run.returncode == 0, log.read_text()
        return run.stdout

    def _load_image(self) -> None:
        with engine_api.exchange(SHARED_HOST, "GET", f"/images/{IMAGE}/get") as answer:
            image = answer.response.read()
        with engine_api.exchange(self.host, "POST", "/images/load", image) as answer:
            answer.response.read()


@contextmanager
def own_engine(tree: Path, **environment: str) -> Iterator[OwnEngine]:
    """An engine of the test's own with that in its environment, for as long as the block."""
    engine = OwnEngine(tree, **environment)
    try:
        yield engine
    finally:
        engine.remove()
        shutil.rmtree(tree, ignore_errors=True)


def processes_with(marker: str) -> list[int]:
    """The processes of this machine, those in containers among them, whose command line holds the marker."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            command = (entry / "cmdline").read_bytes()
        except OSError:
            continue  # It has just ended.
        if marker.encode() in command:
            found.append(int(entry.name))
    return found


def _alive(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
