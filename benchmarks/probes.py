"""What a check costs: alone, beside blackbox_exporter, and in the server with its result stored."""

import asyncio
import gc
import json
import re
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, cast

import httpx
import uvloop
from tests.server import ServerProcess, free_port

from benchmarks.blackbox import blackbox
from benchmarks.figures import AtLeast, Baseline, Figure
from benchmarks.probe_records import add_probes
from benchmarks.servers import first_answer, pid_of, processor_seconds
from eulermaker.engines.containers import Container, Containers
from eulermaker.features.probes.checks.make import Means, check_of
from eulermaker.features.probes.checks.metrics import Samples
from eulermaker.features.probes.checks.names import Names
from eulermaker.features.probes.checks.target import Reaching, Target
from eulermaker.features.probes.checks.verdict import Status
from eulermaker.features.probes.config import Checked, Http, Tcp
from eulermaker.kernel.clock import utc_now

Kind = Literal["http", "tcp"]
KINDS: tuple[Kind, ...] = ("http", "tcp")
ASKED: dict[Kind, float] = {"http": 5_000, "tcp": 10_000}
TIMES_BLACKBOX = 3.0
AT_ONCE = 64
#: Probes of the server; each is checked every second, or as often as one core allows.
PROBES = 6_000
_STARTED = re.compile(r'eulermaker_probe_slip_seconds_bucket\{le="\+Inf"\} (\S+)')


class NoContainers:
    """A view without any containers."""

    version = 0
    connected = True

    def find(self, reference: str) -> Container | None:
        """None of them."""
        return None

    def newest_first(self) -> Sequence[Container]:
        """None of them."""
        return ()


def measure(work: Path, *, quick: bool) -> list[Figure]:
    """Each kind of check, in turns with the baseline, and then in the server."""
    seconds, rounds = (1.0, 1) if quick else (3.0, 5)
    figures: list[Figure] = []
    with _target() as port, blackbox() as baseline:
        for kind in KINDS:
            ours, theirs = [], []
            for _ in range(rounds):
                ours.append(_rate(kind, port, seconds=seconds))
                if baseline is not None:
                    theirs.append(baseline.rate(kind, _where(kind, port), seconds=seconds))
            figures += _alone(kind, ours, theirs)
        for kind in KINDS:
            figures.append(_stored(work / kind, kind, port, seconds=5 if quick else 20))
    if baseline is None:
        print("no blackbox_exporter, and apt cannot get it: no baseline", file=sys.stderr)
    return figures


def _alone(kind: Kind, ours: list[float], theirs: list[float]) -> list[Figure]:
    rate = statistics.median(ours)
    if not theirs:
        return [Figure(f"{kind} checks alone", rate, "a CPU-second")]
    base = statistics.median(theirs)
    ratio = statistics.median(mine / other for mine, other in zip(ours, theirs, strict=True))
    return [
        Figure(f"{kind} checks alone", rate, "a CPU-second", None, Baseline(base, "blackbox_exporter")),
        Figure("  times the baseline", ratio, "times", AtLeast(TIMES_BLACKBOX)),
    ]


def _rate(kind: Kind, port: int, *, seconds: float) -> float:
    """Checks in each second of this process' time; garbage is collected as in the server."""
    gc.collect()
    gc.freeze()
    try:
        return uvloop.run(_checks(_config(kind, port), seconds))
    finally:
        gc.unfreeze()


async def _checks(config: Checked, seconds: float) -> float:
    # No check here needs an engine.
    nothing = cast("Any", None)
    means = Means(
        Reaching(NoContainers(), Names()), cast("Containers", nothing), cast("Samples", nothing), utc_now
    )
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    made = 0

    async def one() -> None:
        nonlocal made
        check = check_of(config, Target(None, unconfined=True), means)
        while loop.time() < end:
            verdict = await check(loop.time() + config.timeout)
            assert verdict.status is Status.SUCCESS, verdict
            made += 1

    busy = time.process_time()
    await asyncio.gather(*(one() for _ in range(AT_ONCE)))
    return made / (time.process_time() - busy)


def _stored(work: Path, kind: Kind, port: int, *, seconds: float) -> Figure:
    """Checks of a whole server: scheduled, judged, their results stored."""
    server = ServerProcess(work / "data")
    with server.running():
        pass
    add_probes(server, PROBES, url=_where("http", port), interval=1.0)
    if kind == "tcp":
        config = json.dumps({"host": "127.0.0.1", "port": port, "interval": 1.0, "timeout": 1.0})
        with sqlite3.connect(server.data_dir / "eulermaker.db") as database:
            database.execute("UPDATE probes SET probe_type = 'tcp', config = ?", (config,))
        database.close()
    with server.running():
        process = pid_of(server)
        while not _started(server):
            time.sleep(0.1)
        time.sleep(2)
        made, busy = _started(server), processor_seconds(process)
        time.sleep(seconds)
        made, busy = _started(server) - made, processor_seconds(process) - busy
    return Figure(f"{kind} checks, scheduled and stored", made / busy, "a CPU-second", AtLeast(ASKED[kind]))


def _started(server: ServerProcess) -> int:
    told = _STARTED.search(httpx.get(f"{server.url}/metrics", timeout=30).text)
    return int(float(told[1])) if told else 0


def _config(kind: Kind, port: int) -> Checked:
    return Http(url=_where("http", port)) if kind == "http" else Tcp(host="127.0.0.1", port=port)


def _where(kind: Kind, port: int) -> str:
    return f"http://127.0.0.1:{port}/health" if kind == "http" else f"127.0.0.1:{port}"


@contextmanager
def _target() -> Iterator[int]:
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.probe_target", str(port)])
    try:
        first_answer(port, "/")
        yield port
    finally:
        process.terminate()
        process.wait()
