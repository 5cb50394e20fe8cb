"""A real Prometheus reads what is told of probes; and what only servers with small bounds answer."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.answers import data_of, refusal_of
from tests.server import ServerProcess, free_port

SECONDS = 60.0
PROBES = "/api/v1/probes"
CONFIG = """
global:
  scrape_interval: 1s
scrape_configs:
  - job_name: eulermaker
    static_configs:
      - targets: ["127.0.0.1:{port}"]
"""


@pytest.fixture(scope="module")
def bounded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server where everybody may have two probes, and one of them has series."""
    settings = {"EULERMAKER_PROBES__MAX_PER_USER": "2", "EULERMAKER_PROBES__MAX_SERIES": "1"}
    with ServerProcess(tmp_path_factory.mktemp("bounded") / "data", settings).running() as process:
        yield process


@pytest.fixture(scope="module")
def prometheus(bounded: ServerProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A Prometheus that reads that server."""
    binary = shutil.which("prometheus")
    assert binary, "prometheus is missing: scripts/test.sh installs it"
    folder: Path = tmp_path_factory.mktemp("prometheus")
    (folder / "prometheus.yml").write_text(CONFIG.format(port=bounded.port))
    port = free_port()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                binary,
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=log,
            stderr=log,
        )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            yield client
    finally:
        process.terminate()
        process.wait()


def asked(prometheus: httpx.Client, query: str) -> list[dict[str, Any]]:
    """What Prometheus answers, once it has something to say."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        try:
            answer = prometheus.get("/api/v1/query", params={"query": query})
        except httpx.TransportError:
            time.sleep(0.2)  # It is starting.
            continue
        found: list[dict[str, Any]] = answer.json().get("data", {}).get("result", [])
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError(f"nothing is known of {query}")


def test_prometheus_reads_probes_and_their_number_is_bounded(
    bounded: ServerProcess, prometheus: httpx.Client
) -> None:
    with bounded.signed_in() as client:
        config = {"host": "127.0.0.1", "port": bounded.port, "interval": 1, "timeout": 1}
        body = {"probe_type": "tcp", "name": 'with "quotes"', "config": config}
        first, second = (data_of(client.post(PROBES, json=body), 201, message="Probe added") for _ in "12")
        refusal_of(client.post(PROBES, json=body), 409, "RESOURCE_CONFLICT", "too-many-probes")
    [up] = asked(prometheus, "eulermaker_probe_up == 1")
    assert up["metric"].items() >= {"probe": first["id"], "name": 'with "quotes"', "type": "tcp"}.items()
    assert asked(prometheus, f'eulermaker_probe_duration_seconds{{probe="{first["id"]}"}} < 5')
    assert asked(prometheus, 'rate(eulermaker_probe_checks_total{result="success"}[10s]) > 0')
    [both] = asked(prometheus, 'eulermaker_probes{state="success"} == 2')
    assert both["value"][1] == "2"
    [hidden] = asked(prometheus, "eulermaker_probes_without_series")
    assert hidden["value"][1] == "1"
    told = httpx.get(f"{bounded.url}/metrics", timeout=30).text
    assert first["id"] in told
    assert second["id"] not in told
