"""kill -9 between the wish to publish and the moment readers see it: nothing is lost, nothing half seen."""

import gzip
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.faults.conftest import NewServer
from tests.faults.waiting import wait_until
from tests.packages import build_bringing, file_of, rpm, start_bringing
from tests.server import NO_TRUST, ServerProcess, build, finished

REPOSITORIES = "/api/v1/repositories"
#: Tells that it runs, and goes on when it is let.
GATED = """\
#!/bin/sh
touch {folder}/waiting
while [ -e {folder}/closed ]; do sleep 0.05; done
exec createrepo_c "$@"
"""


class Gate:
    """A createrepo_c that waits where the test wants it to."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.program = folder / "createrepo"
        self.program.write_text(GATED.format(folder=folder))
        self.program.chmod(0o755)

    def close(self) -> None:
        """Let none through from now on."""
        (self._folder / "waiting").unlink(missing_ok=True)
        (self._folder / "closed").touch()

    def wait_until_reached(self) -> None:
        """Return when one waits."""
        wait_until(lambda: (self._folder / "waiting").exists(), "createrepo_c to be called")

    def open(self) -> None:
        """Let all through."""
        (self._folder / "closed").unlink()


def listed(server: ServerProcess, name: str) -> set[str]:
    """The packages in the metadata that a reader is given, all of which can be read."""
    with httpx.Client(base_url=f"{server.url}/repos/{name}", timeout=30, verify=NO_TRUST) as client:
        repomd = client.get("/repodata/repomd.xml").text
        href = re.search(r'href="(repodata/[^"]+-filelists\.xml\.gz)"', repomd)
        assert href is not None, repomd
        assert client.get(f"/{href[1]}").status_code == 200
        names = re.search(r'href="(repodata/[^"]+-primary\.xml\.gz)"', repomd)
        assert names is not None
        primary = gzip.decompress(client.get(f"/{names[1]}").content).decode()
        found = set(re.findall(r'href="Packages/([^"]+)"', primary))
        for file in found:
            assert client.get(f"/Packages/{file}").status_code == 200
        return found


@contextmanager
def reading(server: ServerProcess, name: str, *, least: int) -> Iterator[list[str]]:
    """A reader who asks again and again; what it yields are the half things that were seen."""
    seen: list[str] = []
    ended = threading.Event()

    def read() -> None:
        while not ended.is_set():
            try:
                if len(found := listed(server, name)) < least:
                    seen.append(f"only {found}")
            except httpx.TransportError:
                time.sleep(0.05)  # The server is being killed.
            except AssertionError as error:
                seen.append(str(error))

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield seen
    finally:
        ended.set()
        thread.join()


@pytest.mark.parametrize("signed", [False, True], ids=["unsigned", "signed"])
def test_what_was_accepted_is_published_after_a_kill(
    new_server: NewServer, tmp_path: Path, signed: bool
) -> None:
    gate = Gate(tmp_path)
    server = new_server(EULERMAKER_REPOSITORIES__CREATEREPO=str(gate.program))
    with server.signed_in() as client:
        body = {"name": "killed", "public": True, "generate_key": signed}
        assert client.post(REPOSITORIES, json=body).status_code == 201
        first = build_bringing(client, [rpm("first")])
        assert client.post(f"/api/v1/builds/{first}/publish", json={"repository": "killed"}).is_success
        wait_until(lambda: _published(client, "killed"), "the first package")
        with reading(server, "killed", least=1) as half_seen:
            gate.close()
            second = build_bringing(client, [rpm("second")])
            assert client.post(f"/api/v1/builds/{second}/publish", json={"repository": "killed"}).is_success
            # The build is deleted: what was accepted needs it no more.
            assert client.delete(f"/api/v1/builds/{second}").is_success
            gate.wait_until_reached()
            server.kill()
            gate.open()
            server.start()
            wait_until(lambda: _published(client, "killed"), "what was accepted")
        assert half_seen == []
        assert listed(server, "killed") == {file_of("first"), file_of("second")}
        kept = next((server.data_dir / "repositories").glob("repository_*"))
        assert not list(kept.glob("*/*.part"))


def test_a_promise_outlives_the_server_and_the_build_that_it_waits_for(new_server: NewServer) -> None:
    server = new_server()
    with server.signed_in() as client:
        assert client.post(REPOSITORIES, json={"name": "promised", "public": True}).status_code == 201
        waiting = start_bringing(client, [rpm("waited")], publish="promised", execute=False)
        gone = build(client, "FROM scratch\n", publish="promised", execute=False)
        server.kill()
        server.start()
        assert client.post(f"/api/v1/builds/{gone}/cancel").is_success
        assert client.post(f"/api/v1/builds/{waiting}/execute").is_success
        assert finished(client, waiting)["status"] == "success"
        server.kill()
        server.start()
        wait_until(lambda: listed(server, "promised") == {file_of("waited")}, "the promise to be kept")
        told = client.get(f"{REPOSITORIES}/promised/publications").json()["data"]["publications"]
        assert {one["build_id"]: one["status"] for one in told} == {waiting: "published", gone: "refused"}


def _published(client: httpx.Client, name: str) -> bool:
    found = client.get(f"{REPOSITORIES}/{name}").json()["data"]
    return bool(found["revision"] == found["published_revision"])
