"""An engine that claims to have thousands of containers, and to have done at once whatever it is asked to do.

`python -m benchmarks.claiming_engine SOCKET CONTAINERS CHANGES` answers at the unix socket SOCKET what Engine
20.10 would, as far as the server asks: version, lists, details, counters, events and actions. CHANGES
containers a second stop or start by themselves. `GET /described` tells how many were described so far.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvloop
from aiohttp import web

START_SECONDS = 60.0
CREATED = 1_790_000_000
ACTIONS = {
    "start": ("running", ["start"]),
    "stop": ("exited", ["kill", "die", "stop"]),
    "restart": ("running", ["kill", "die", "stop", "start", "restart"]),
    "kill": ("exited", ["kill", "die"]),
    "pause": ("paused", ["pause"]),
    "unpause": ("running", ["unpause"]),
}

MEMORY_STATS = (
    "active_anon",
    "active_file",
    "cache",
    "dirty",
    "hierarchical_memory_limit",
    "hierarchical_memsw_limit",
    "inactive_anon",
    "inactive_file",
    "mapped_file",
    "pgfault",
    "pgmajfault",
    "pgpgin",
    "pgpgout",
    "rss",
    "rss_huge",
    "total_active_anon",
    "total_active_file",
    "total_cache",
    "total_dirty",
    "total_inactive_anon",
    "total_inactive_file",
    "total_mapped_file",
    "total_pgfault",
    "total_pgmajfault",
    "total_pgpgin",
    "total_pgpgout",
    "total_rss",
    "total_rss_huge",
    "total_unevictable",
    "total_writeback",
    "unevictable",
    "writeback",
)


class Engine:
    """The containers and those who listen to their events."""

    def __init__(self, count: int) -> None:
        self._numbers = {f"{number:064x}": number for number in range(1, count + 1)}
        self._states = dict.fromkeys(self._numbers, "running")
        self._described: set[str] = set()
        self._listeners: set[asyncio.Queue[bytes]] = set()

    def app(self) -> web.Application:
        """Its HTTP interface."""
        app = web.Application()
        app.router.add_get("/_ping", self._ping)
        app.router.add_get("/described", self._count_described)
        app.router.add_get("/v{version}/version", self._version)
        app.router.add_get("/v{version}/containers/json", self._list)
        app.router.add_get("/v{version}/images/json", self._nothing)
        app.router.add_get("/v{version}/networks", self._nothing)
        app.router.add_get("/v{version}/events", self._events)
        app.router.add_get("/v{version}/containers/{id}/json", self._describe)
        app.router.add_get("/v{version}/containers/{id}/stats", self._count)
        app.router.add_post("/v{version}/containers/{id}/{action}", self._act)
        return app

    async def change(self, per_second: float) -> None:
        """Stop or start one container after the other."""
        while per_second:
            for identifier in self._numbers:
                await asyncio.sleep(1 / per_second)
                self._do(identifier, "stop" if self._states[identifier] == "running" else "start")

    async def _ping(self, _: web.Request) -> web.Response:
        return web.Response(text="OK", headers={"Api-Version": "1.41", "OSType": "linux"})

    async def _count_described(self, _: web.Request) -> web.Response:
        return web.json_response(len(self._described))

    async def _version(self, _: web.Request) -> web.Response:
        return web.json_response(
            {"Version": "20.10.24", "ApiVersion": "1.41", "Os": "linux", "Arch": "amd64"}
        )

    async def _nothing(self, _: web.Request) -> web.Response:
        return web.json_response([])

    async def _list(self, _: web.Request) -> web.Response:
        return web.json_response([self._listed(identifier) for identifier in self._numbers])

    async def _describe(self, request: web.Request) -> web.Response:
        identifier = request.match_info["id"]
        if identifier not in self._numbers:
            return web.json_response({"message": "No such container"}, status=404)
        self._described.add(identifier)
        return web.json_response(self._inspected(identifier))

    async def _act(self, request: web.Request) -> web.Response:
        self._do(request.match_info["id"], request.match_info["action"])
        return web.Response(status=204)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        # The server takes the stream as open once its head has come.
        queue: asyncio.Queue[bytes] = asyncio.Queue()
        self._listeners.add(queue)
        try:
            while True:
                await answer.write(await queue.get())
        except ConnectionResetError:
            return answer
        finally:
            self._listeners.discard(queue)

    async def _count(self, request: web.Request) -> web.StreamResponse:
        """A sample a second, as long as somebody reads."""
        answer = web.StreamResponse()
        await answer.prepare(request)
        number = self._numbers[request.match_info["id"]]
        try:
            while True:
                await answer.write(json.dumps(_sample(number)).encode() + b"\n")
                await asyncio.sleep(1)
        except ConnectionResetError:
            return answer

    def _do(self, identifier: str, action: str) -> None:
        self._states[identifier], told = ACTIONS[action]
        number = self._numbers[identifier]
        for event in told:
            at = time.time_ns()
            attributes = {"image": _image(number), "name": f"service-{number}", **_labels(number)}
            actor = {"ID": identifier, "Attributes": attributes}
            message = {
                "Type": "container",
                "Action": event,
                "Actor": actor,
                "time": at // 10**9,
                "timeNano": at,
            }
            for queue in self._listeners:
                queue.put_nowait(json.dumps(message).encode() + b"\n")

    def _listed(self, identifier: str) -> dict[str, Any]:
        number = self._numbers[identifier]
        return {
            "Id": identifier,
            "Names": [f"/service-{number}"],
            "Image": _image(number),
            "ImageID": f"sha256:{number % 40:064x}",
            "Command": "/usr/bin/serve --port 8080",
            "Created": CREATED + number,
            "Ports": [{"IP": "0.0.0.0", "PrivatePort": 8080, "PublicPort": _port(number), "Type": "tcp"}],
            "Labels": _labels(number),
            "State": self._states[identifier],
            "Status": "Up 2 hours" if self._states[identifier] == "running" else "Exited (0) 1 second ago",
            "HostConfig": {"NetworkMode": "default"},
            "NetworkSettings": {"Networks": _networks(number)},
            "Mounts": [],
        }

    def _inspected(self, identifier: str) -> dict[str, Any]:
        number = self._numbers[identifier]
        state = self._states[identifier]
        published = {"8080/tcp": [{"HostIp": "0.0.0.0", "HostPort": str(_port(number))}]}
        return {
            "Id": identifier,
            "Created": _moment(CREATED + number),
            "Name": f"/service-{number}",
            "Image": f"sha256:{number % 40:064x}",
            "RestartCount": 0,
            "State": {
                "Status": state,
                "StartedAt": _moment(CREATED + number + 1),
                "FinishedAt": "0001-01-01T00:00:00Z",
                "ExitCode": 0,
                "OOMKilled": False,
                "Error": "",
                "Pid": 1000 + number if state == "running" else 0,
            },
            "Config": {
                "Image": _image(number),
                "Cmd": ["/usr/bin/serve", "--port", "8080"],
                "Entrypoint": None,
                "Env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", f"SERVICE=service-{number}", "LOG_LEVEL=info"],
                "Labels": _labels(number),
                "WorkingDir": "/srv",
                "User": "",
                "Tty": False,
            },
            "HostConfig": {
                "NetworkMode": "default",
                "RestartPolicy": {"Name": "unless-stopped", "MaximumRetryCount": 0},
                "Memory": 536_870_912,
                "NanoCpus": 500_000_000,
                "PortBindings": published,
                "Privileged": False,
            },
            "Mounts": [],
            "NetworkSettings": {
                "IPAddress": f"172.17.{number // 250}.{number % 250 + 2}",
                "Ports": published,
                "Networks": _networks(number),
            },
        }


def _sample(number: int) -> dict[str, Any]:
    """What Engine 20.10 tells of a container on a host with two cores and cgroup v1."""
    now = time.time_ns()
    used = {"total_usage": now // 100, "percpu_usage": [now // 200, now // 200]}
    cpu = {
        "cpu_usage": used | {"usage_in_kernelmode": 0, "usage_in_usermode": 10_000_000},
        "system_cpu_usage": 2 * now,
        "online_cpus": 2,
        "throttling_data": {"periods": 0, "throttled_periods": 0, "throttled_time": 0},
    }
    kinds = ("service_bytes", "serviced", "queue", "service_time", "wait_time", "merged", "time")
    moment = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f123Z")
    return {
        "read": moment,
        "preread": moment,
        "pids_stats": {"current": 1},
        "blkio_stats": {f"io_{kind}_recursive": [] for kind in kinds} | {"sectors_recursive": []},
        "num_procs": 0,
        "storage_stats": {},
        "cpu_stats": cpu,
        "precpu_stats": cpu,
        "memory_stats": {
            "usage": 397_312,
            "max_usage": 4_075_520,
            "stats": dict.fromkeys(MEMORY_STATS, 4096),
            "limit": 536_870_912,
        },
        "name": f"/service-{number}",
        "id": f"{number:064x}",
    }


def _image(number: int) -> str:
    return f"registry.example/team-{number % 40}/service:1.{number % 7}"


def _labels(number: int) -> dict[str, str]:
    return {
        "com.docker.compose.project": f"project-{number % 50}",
        "com.docker.compose.service": f"service-{number}",
        "com.docker.compose.container-number": "1",
        "team": f"team-{number % 40}",
    }


def _networks(number: int) -> dict[str, Any]:
    return {"bridge": {"IPAddress": f"172.17.{number // 250}.{number % 250 + 2}", "NetworkID": f"{1:064x}"}}


def _port(number: int) -> int:
    return 20_000 + number


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.123456789Z")


async def serve(socket: str, count: int, changes: float) -> None:
    """Answer at that socket."""
    engine = Engine(count)
    runner = web.AppRunner(engine.app(), access_log=None)
    await runner.setup()
    await web.UnixSite(runner, socket).start()
    await engine.change(changes)
    await asyncio.Event().wait()


@contextmanager
def claiming_engine(socket: Path, count: int, *, changes: float = 0) -> Iterator[str]:
    """Its DOCKER_HOST while it runs as a process of its own."""
    command = [sys.executable, "-m", "benchmarks.claiming_engine", str(socket), str(count), str(changes)]
    socket.unlink(missing_ok=True)
    process = subprocess.Popen(command)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not socket.exists():
            if time.monotonic() > deadline or process.poll() is not None:
                raise TimeoutError("the claiming engine does not start")
            time.sleep(0.05)
        yield f"unix://{socket}"
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    uvloop.run(serve(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
