"""The baseline of probes: blackbox_exporter, asked to probe over connections that are kept open."""

import asyncio
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from tests.server import free_port

from benchmarks.servers import first_answer, processor_seconds

PACKAGE = "prometheus-blackbox-exporter"
UNPACKED = Path(".run/blackbox")
MODULES = """\
modules:
  http: {prober: http, timeout: 5s, http: {preferred_ip_protocol: ip4}}
  tcp: {prober: tcp, timeout: 5s, tcp: {preferred_ip_protocol: ip4}}
"""
ASKING = 32


@dataclass(frozen=True, slots=True)
class Blackbox:
    """One that runs."""

    port: int
    process: int

    def rate(self, module: str, target: str, *, seconds: float) -> float:
        """Probes of the target in each second of processor time."""
        busy = processor_seconds(self.process)
        made = asyncio.run(self._probe(module, target, seconds))
        return made / (processor_seconds(self.process) - busy)

    async def _probe(self, module: str, target: str, seconds: float) -> int:
        end = time.monotonic() + seconds
        query = {"module": module, "target": target}
        made = 0
        async with aiohttp.ClientSession(f"http://127.0.0.1:{self.port}") as session:

            async def ask() -> None:
                nonlocal made
                while time.monotonic() < end:
                    async with session.get("/probe", params=query) as answer:
                        assert "probe_success 1" in await answer.text()
                    made += 1

            await asyncio.gather(*(ask() for _ in range(ASKING)))
        return made


@contextmanager
def blackbox() -> Iterator[Blackbox | None]:
    """A blackbox_exporter while it runs; None where there is none and apt cannot get it."""
    program = _program()
    if program is None:
        yield None
        return
    port = free_port()
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as modules:
        modules.write(MODULES)
        modules.flush()
        listen = f"--web.listen-address=127.0.0.1:{port}"
        process = subprocess.Popen([program, f"--config.file={modules.name}", listen, "--log.level=error"])
        try:
            first_answer(port, "/-/healthy")
            yield Blackbox(port, process.pid)
        finally:
            process.terminate()
            process.wait()


def _program() -> str | None:
    unpacked = UNPACKED / "usr/bin" / PACKAGE
    found = shutil.which(PACKAGE) or (str(unpacked) if unpacked.exists() else None)
    if found is not None or shutil.which("apt-get") is None:
        return found
    # Unpacked, not installed: its service would start.
    with tempfile.TemporaryDirectory() as work:
        got = subprocess.run(["apt-get", "-qq", "download", PACKAGE], cwd=work, check=False)
        packages = list(Path(work).glob("*.deb"))
        if got.returncode or not packages:
            return None
        subprocess.run(["dpkg-deb", "-x", str(packages[0]), str(UNPACKED)], check=True)
    return str(unpacked)
