"""Checks of a real container on the real engine: its network, commands in it, what it uses and logs."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from eulermaker.engines.containers import Container, NewContainer
from eulermaker.engines.docker.engine import DockerEngine
from eulermaker.features.containers.stats import StatsHub
from eulermaker.features.probes.checks.make import Means, check_of
from eulermaker.features.probes.checks.names import Names
from eulermaker.features.probes.checks.target import Reaching, Target
from eulermaker.features.probes.checks.verdict import Check, Status, Verdict
from eulermaker.features.probes.config import Exec, ProbeType, read
from eulermaker.kernel.clock import utc_now
from tests.features.probes.checks.asking import GENEROUS, SHORT, ask, failure, success, unknown
from tests.features.probes.checks.seen import Listed
from tests.features.probes.checks.servers import serving, silent
from tests.server import IMAGE

pytestmark = pytest.mark.anyio

HOST = os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
#: Serves /www, and says what it is told to.
RUNNING = """
mkdir /www && echo -n OK >/www/health && httpd -p 80 -h /www
echo started; echo warming up >&2
mkfifo /say && while true; do cat /say; done
"""
END = "ps -o pid,args | grep '[s]leep 32.7' | while read number rest; do kill $number; done"


@dataclass(frozen=True)
class Running:
    """A container of the test's own, and what checks of it are made with."""

    engine: DockerEngine
    seen: Listed
    container: Container
    means: Means
    target: Target

    def check(self, probe_type: ProbeType, **config: Any) -> Check:
        """The check of a configuration."""
        return check_of(read(probe_type, config), self.target, self.means)  # type: ignore[arg-type]  # no push

    async def ask(self, probe_type: ProbeType, *, seconds: float = GENEROUS, **config: Any) -> Verdict:
        """The verdict of one check."""
        return await ask(self.check(probe_type, **config), seconds=seconds)

    async def run(self, *command: str) -> Verdict:
        """Run something in it that has to end well."""
        verdict = await self.ask("exec", command=["sh", "-c", *command])
        success(verdict)
        return verdict


async def opened(engine: DockerEngine, host_config: dict[str, Any]) -> Container:
    """A container that runs."""
    body = {
        "Image": IMAGE,
        "Cmd": ["sh", "-c", RUNNING],
        "ExposedPorts": {"80/tcp": {}},
        "Labels": {"eulermaker.kind": "test"},
        "HostConfig": host_config,
    }
    made = await engine.containers.create(NewContainer(None, body))
    await engine.containers.start(made)
    found = await engine.containers.get(made)
    assert found is not None
    return found


@pytest.fixture(scope="module")
async def running() -> AsyncIterator[Running]:
    """A container for all tests that leave it as it was."""
    engine = DockerEngine(HOST, builder="auto", clock=utc_now)
    try:
        container = await opened(
            engine, {"PortBindings": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": ""}]}}
        )
        seen = Listed(container)
        reaching = Reaching(seen, Names(), docker_host=HOST)
        means = Means(reaching, engine.containers, StatsHub(engine.containers), utc_now)
        yield Running(engine, seen, container, means, Target(container.id, owner="ann"))
        await engine.containers.remove(container.id, force=True, volumes=True)
    finally:
        await engine.close()


async def eventually(look: Callable[[], Awaitable[Verdict]], status: Status = Status.SUCCESS) -> Verdict:
    """The first verdict with that status."""
    async with asyncio.timeout(GENEROUS):
        verdict = await look()
        while verdict.status is not status:
            await asyncio.sleep(0.02)
            verdict = await look()
        return verdict


async def test_localhost_is_the_container(running: Running) -> None:
    verdict = await eventually(lambda: running.ask("http", url="http://localhost/health"))
    assert success(verdict) == {"status_code": 200, "response_body": "OK"}
    success(await running.ask("tcp", host="localhost", port=80))
    success(await running.ask("icmp", host="localhost"))
    assert failure(await running.ask("tcp", host="localhost", port=81)) == "connection refused"


async def test_localhost_is_reached_through_the_published_port(running: Running) -> None:
    published = next(port.host_port for port in running.container.ports if port.host_port)
    await eventually(lambda: running.ask("http", url="http://localhost/health"))
    configs: list[dict[str, Any]] = [
        {"url": f"http://localhost:{published}/health"},
        {"url": "http://localhost/health", "reach": "published"},
    ]
    for config in configs:
        assert success(await running.ask("http", **config))["response_body"] == "OK"


async def test_commands(running: Running) -> None:
    details = success(await running.ask("exec", command=["sh", "-c", "echo out; echo err >&2"]))
    assert details["exit_code"] == 0
    assert sorted(details["output"].split()) == ["err", "out"]
    verdict = await running.ask("exec", command=["sh", "-c", "echo why; exit 3"])
    assert failure(verdict) == "unexpected exit code"
    assert (verdict.details["exit_code"], verdict.details["output"]) == (3, "why\n")
    success(await running.ask("exec", command=["sh", "-c", "exit 3"], expected_exit_code=3))
    success(await running.ask("exec", command=["echo", "ready 7"], expected_output=r"ready \d"))
    assert (
        failure(await running.ask("exec", command=["echo", "no"], expected_output="yes"))
        == "unexpected output"
    )
    details = success(
        await running.ask(
            "exec", command=["sh", "-c", "echo $A; pwd"], environment={"A": "b"}, working_dir="/www"
        )
    )
    assert details["output"] == "b\n/www\n"


async def test_commands_that_cannot_start(running: Running) -> None:
    for command in (["/no/such/thing"], ["/www/health"]):
        assert failure(await running.ask("exec", command=command)) == "command not started"


async def test_output_is_capped(running: Running) -> None:
    details = success(await running.ask("exec", command=["sh", "-c", "head -c 3000000 /dev/zero"]))
    assert details["truncated"] is True
    assert len(details["output"]) == 1024


async def test_a_command_that_hangs_is_killed(running: Running) -> None:
    verdict = await running.ask("exec", seconds=1.0, command=["sh", "-c", "echo begun; sleep 31.7"])
    assert failure(verdict) == "timeout"
    assert verdict.details["output"] == "begun\n"
    processes = await running.run("ps -o args | grep -c '[s]leep 31.7' || true")
    assert processes.details["output"].strip() == "0"


async def test_what_could_not_be_killed_is_not_started_again(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    # An engine far away: its processes are out of our reach.
    async def powerless(*_: object) -> None:
        return None

    monkeypatch.setattr("eulermaker.features.containers.commands._kill", powerless)
    check = running.check("exec", command=["sh", "-c", "echo x >>/begun; sleep 32.7"], timeout=1)
    for _ in range(3):
        assert failure(await ask(check, seconds=1.0)) == "timeout"
    assert (await running.run("cat /begun")).details["output"] == "x\n"
    await running.run(END)
    # The engine notices a moment later, and then the command is started anew.
    anew = ["sh", "-c", "test $(wc -l </begun) = 2"]
    async with asyncio.timeout(GENEROUS):
        while (await running.ask("exec", command=anew)).status is not Status.SUCCESS:
            assert failure(await ask(check, seconds=1.0)) == "timeout"
    await running.run(END)


async def test_measures(running: Running) -> None:
    details = success(await running.ask("metrics", metrics=["cpu", "memory", "disk", "network", "pids"]))
    assert details["memory_bytes"] > 0
    assert details["pids"] >= 1
    assert {"cpu", "memory", "disk", "network"} <= set(details)
    verdict = await running.ask("metrics", metrics=["pids"], thresholds={"pids": 0})
    assert failure(verdict) == "outside thresholds"
    assert verdict.details["outside"][0]["metric"] == "pids"
    verdict = await running.ask("metrics", metrics=["cpu"], thresholds={"cpu": {"min": 6400}})
    assert failure(verdict) == "outside thresholds"


async def test_logs(running: Running) -> None:
    present = running.check("log", pattern="request [0-9]+", window=600)
    absent = running.check("log", pattern="panic", expect="absent", window=600)
    assert failure(await ask(present)) == "pattern not found"
    success(await ask(absent))
    await running.run("echo request 42 >/say; echo panic >/say")
    found = await eventually(lambda: ask(present))
    assert found.details["line"] == "request 42"
    assert failure(await eventually(lambda: ask(absent), Status.FAILURE)) == "pattern found"
    # What was read once is not read again, and stays known for the window.
    assert success(await ask(present))["line"] == "request 42"
    success(await running.ask("log", pattern="WARMING", case_sensitive=False, stream="stderr", window=600))
    assert (
        failure(await running.ask("log", pattern="warming", stream="stdout", window=600))
        == "pattern not found"
    )


async def test_a_pattern_ages(running: Running) -> None:
    now = utc_now()
    means = replace(running.means, clock=lambda: now)
    check = check_of(read("log", {"pattern": "started", "window": 60}), running.target, means)  # type: ignore[arg-type]  # no push
    success(await ask(check))
    now += timedelta(seconds=120)
    assert failure(await ask(check)) == "pattern not found"


async def test_a_container_that_stops_is_not_held_against_it(running: Running) -> None:
    stopped = await opened(running.engine, {})
    seen = Listed(stopped)
    means = replace(running.means, reaching=Reaching(seen, Names()))
    target = Target(stopped.id)
    await running.engine.containers.remove(stopped.id, force=True, volumes=True)
    for probe_type, config in (
        ("exec", {"command": ["true"]}),
        ("log", {"pattern": "x"}),
        ("metrics", {"metrics": ["cpu"]}),
    ):
        # The view has not heard of it yet, and the engine says so.
        verdict = await ask(check_of(read(probe_type, config), target, means))  # type: ignore[arg-type]  # literals
        assert unknown(verdict) == "container not found"


async def test_no_engine_is_our_own_trouble(running: Running) -> None:
    away = DockerEngine("unix:///nonexistent/docker.sock", builder="auto", clock=utc_now)
    means = replace(running.means, engine=away.containers, samples=StatsHub(away.containers))
    for probe_type, config in (
        ("exec", {"command": ["true"]}),
        ("log", {"pattern": "x"}),
        ("metrics", {"metrics": ["cpu"]}),
    ):
        verdict = await ask(check_of(read(probe_type, config), running.target, means))  # type: ignore[arg-type]  # literals
        assert unknown(verdict) == "engine unavailable"
    await away.close()


async def test_an_engine_that_hangs_is_our_own_trouble(running: Running) -> None:
    async with serving(silent) as port:
        stuck = DockerEngine(f"tcp://127.0.0.1:{port}", builder="auto", clock=utc_now)
        means = replace(running.means, engine=stuck.containers)
        verdict = await ask(check_of(Exec(command=["true"]), running.target, means), seconds=SHORT)
        await stuck.close()
    assert unknown(verdict) == "engine does not answer"


async def test_retries_are_told(running: Running) -> None:
    verdict = await running.ask("exec", command=["sh", "-c", "echo x >>/tried; exit 1"], retries=2)
    assert failure(verdict) == "unexpected exit code"
    assert verdict.details["attempts"] == 3
    assert (await running.run("wc -l </tried")).details["output"].strip() == "3"
    once = await running.ask("exec", command=["true"], retries=2)
    assert "attempts" not in success(once)
    third = await running.ask(
        "exec", command=["sh", "-c", "echo y >>/third; test $(wc -l </third) = 3"], retries=5
    )
    assert success(third)["attempts"] == 3
