"""The API's own document, fuzzed: no undocumented failure, status or shape."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from eulermaker.kernel.call import Role
from tests.api.people import add_user, signed_in
from tests.faults.conftest import SOAK
from tests.faults.engines import ROOT, own_engine
from tests.server import ServerProcess

SECONDS = 600 if SOAK else 25
SEED = os.environ.get("EULERMAKER_SEED", "20261120")
#: Nobody is asked for an image: what has no registry of its own gets no answer at once.
NO_REGISTRY = {"HTTP_PROXY": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9"}


@pytest.fixture
def fuzzed(database_kind: str, tmp_path: Path) -> Iterator[ServerProcess]:
    """A server with something of everything, on an engine that nobody else needs."""
    if database_kind != "sqlite":
        pytest.skip("the database plays no part")  # the run on SQLite has had it
    if os.geteuid() != 0:
        pytest.skip("only root may start dockerd")  # CI is root; there a missing dockerd fails
    with own_engine(tmp_path / "tree", **NO_REGISTRY) as engine:
        settings = {"EULERMAKER_DOCKER_HOST": engine.host, "EULERMAKER_OVERLOAD__ENABLED": "false"}
        with ServerProcess(tmp_path / "data", settings).running() as server:
            add_user(server, "fuzzer", Role.USER, email="fuzzer@example.org")
            add_user(server, "operator", Role.OPERATOR, email="operator@example.org")
            yield server


def test_the_api_is_what_its_document_says(fuzzed: ServerProcess) -> None:
    with (
        signed_in(fuzzed, "fuzzer") as client,
        signed_in(fuzzed, "fuzzer") as spare,
        signed_in(fuzzed, "operator") as operator,
        fuzzed.signed_in() as administrator,
    ):
        environment = {
            **os.environ,
            "FUZZ_URL": fuzzed.url,
            "FUZZ_ADMINISTRATOR": administrator.headers["Authorization"],
            "FUZZ_PERSON": client.headers["Authorization"],
            "FUZZ_OPERATOR": operator.headers["Authorization"],
            "FUZZ_SPARE": spare.headers["Authorization"],
            "PYTHONPATH": str(ROOT),
        }
        command = [
            *(str(Path(sys.executable).with_name("schemathesis")), "--config-file"),
            *(str(Path(__file__).with_name("schemathesis.toml")), "run", f"{fuzzed.url}/openapi.json"),
            *("--header", f"Authorization: {client.headers['Authorization']}"),
            *("--seed", SEED, "--max-time", str(SECONDS)),
        ]
        run = subprocess.run(
            command,
            cwd=fuzzed.data_dir.parent,
            env=environment,
            capture_output=True,
            text=True,
            timeout=SECONDS + 120,
            check=False,
        )
    assert run.returncode == 0, f"{run.stdout}\n{run.stderr}"
