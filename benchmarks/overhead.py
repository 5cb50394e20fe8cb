"""What a build costs through the API beyond the same build sent straight to the engine."""

import io
import json
import os
import statistics
import tarfile
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

import aiohttp
import uvloop
from tests.server import IMAGE, ServerProcess

from benchmarks.figures import AtMost, Baseline, Figure
from benchmarks.servers import pid_of, processor_seconds
from eulermaker.engines.docker.engine import DockerEngine
from eulermaker.features.builds.artifacts import Collector, rpm_trees
from eulermaker.kernel.clock import utc_now

TAG = "eulermaker-bench"
FILES = {"main.c": "int main(void) { return 0; }\n" * 200, "README": "A benchmark.\n" * 50}
CACHED = f"""\
FROM {IMAGE}
COPY main.c README /src/
RUN echo compiling && wc -c /src/main.c
RUN mkdir -p /output && cp /src/README /output/
"""
# A thousand lines in 20 s, as a compiler prints them, and hardly any work: what others do on the same
# machine changes little in it.
WAITING = f"""\
FROM {IMAGE}
COPY main.c README /src/
RUN for n in $(seq {{units}}); do for part in a b c d e; do \
    echo "gcc -DHAVE_CONFIG_H -I. -I./lib -O2 -g -pipe -Wall -MT u-$n$part.o -c -o u-$n$part.o u-$n$part.c"; \
    done; sleep 0.1; done
RUN mkdir -p /output && cp /src/README /output/
"""
# The same amount of work every time, with the lines that a compiler prints beside it.
COMPUTING = f"""\
FROM {IMAGE}
COPY main.c README /src/
RUN for n in $(seq {{units}}); do head -c 16777216 /dev/zero | sha256sum >/dev/null; \
    echo "gcc -DHAVE_CONFIG_H -I. -I./lib -O2 -g -pipe -Wall -MT unit-$n.o -c -o unit-$n.o unit-$n.c"; done
RUN mkdir -p /output && cp /src/README /output/
"""
WAITING_UNITS_PER_SECOND = 9.5
CALIBRATING_UNITS = 20
AIMED_SECONDS = 21
QUICK_SECONDS = 4
ASKED_SECONDS = 18


@dataclass(frozen=True, slots=True)
class Build:
    """A build that both ways make."""

    dockerfile: str
    cache: bool


@dataclass(frozen=True, slots=True)
class Told:
    """A build through the API, in seconds: all of it, what lay before its start and after its end, and the
    server's processor time."""

    whole: float
    before: float
    after: float
    processor: float
    image: str


@dataclass(frozen=True, slots=True)
class Pair:
    """The same build both ways, one right after the other."""

    ours: Told
    straight: float

    @property
    def added(self) -> float:
        """Seconds that the build takes longer through the API."""
        return self.ours.whole - self.straight

    @property
    def part(self) -> float:
        """What part of the straight build that is."""
        return self.added / self.straight


@dataclass(frozen=True, slots=True)
class Ways:
    """The two ways to a build."""

    api: aiohttp.ClientSession
    engine: aiohttp.ClientSession
    server: int


def measure(work: Path, *, quick: bool) -> list[Figure]:
    """The overhead on a cached build, on one that waits for a while, and on one that computes."""
    server = ServerProcess(work / "data")
    with server.running(), server.signed_in() as client:
        token = client.headers["Authorization"]
        return uvloop.run(_measure(work, server.url, token, pid_of(server), quick=quick))


async def _measure(work: Path, url: str, token: str, server: int, *, quick: bool) -> list[Figure]:
    host = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    engine_at = aiohttp.UnixConnector(host.removeprefix("unix://")) if host.startswith("unix://") else None
    engine_url = "http://docker" if engine_at else host.replace("tcp://", "http://")
    async with (
        aiohttp.ClientSession(engine_url, connector=engine_at) as engine,
        aiohttp.ClientSession(url, headers={"Authorization": token}) as api,
    ):
        ways = Ways(api, engine, server)
        cached = Build(CACHED, cache=True)
        await _straight(engine, cached)
        pairs = await _pairs(ways, cached, 7 if quick else 25)
        figures = _cached_figures(pairs, *await _collecting(work, pairs[-1].ours.image, len(pairs)))
        seconds = QUICK_SECONDS if quick else AIMED_SECONDS
        waiting = Build(WAITING.format(units=round(seconds * WAITING_UNITS_PER_SECOND)), cache=False)
        figures += _long_figures("waits", await _pairs(ways, waiting, 2 if quick else 5))
        unit = await _straight(engine, Build(COMPUTING.format(units=CALIBRATING_UNITS), cache=False))
        units = round(seconds * CALIBRATING_UNITS / unit)
        computing = Build(COMPUTING.format(units=units), cache=False)
        return [*figures, *_long_figures("computes", await _pairs(ways, computing, 1 if quick else 3))]


def _cached_figures(pairs: list[Pair], inspect: float, artifacts: float) -> list[Figure]:
    parts = {
        "before the engine is asked: stored, queued, claimed": statistics.median(
            pair.ours.before for pair in pairs
        ),
        "image inspected (timed alone)": inspect,
        "artifacts collected (timed alone)": artifacts,
        "end told to the follower": statistics.median(pair.ours.after for pair in pairs),
        "processor time of the server": statistics.median(pair.ours.processor for pair in pairs),
    }
    baseline = Baseline(_median_straight(pairs) * 1000, "straight to the engine")
    added = statistics.median(pair.added for pair in pairs)
    return [
        Figure("overhead on a cached build", added * 1000, "ms", AtMost(300), baseline),
        *(Figure(f"  {name}", seconds * 1000, "ms") for name, seconds in parts.items()),
    ]


def _long_figures(what: str, pairs: list[Pair]) -> list[Figure]:
    """The median of the pairs' overheads, and how far they and the straight builds lie apart."""
    alone = _median_straight(pairs)
    parts = [pair.part * 100 for pair in pairs]
    straight = [pair.straight for pair in pairs]
    apart = (max(straight) / min(straight) - 1) * 100
    # The bound is on builds of 20 s; on a shorter one the same milliseconds are a larger part.
    asked = AtMost(2) if alone >= ASKED_SECONDS else None
    baseline = Baseline(alone, "straight to the engine", "s")
    name = f"overhead on a build that {what} for {alone:.0f} s, median of {len(pairs)}"
    processor = statistics.median(pair.ours.processor for pair in pairs)
    return [
        Figure(name, statistics.median(parts), "%", asked, baseline),
        Figure("  the least of them", min(parts), "%"),
        Figure("  the most of them", max(parts), "%"),
        Figure("  the longest straight build over the shortest", apart, "%"),
        Figure("  added, median", statistics.median(pair.added for pair in pairs) * 1000, "ms"),
        Figure("  processor time of the server", processor * 1000, "ms"),
    ]


def _median_straight(pairs: list[Pair]) -> float:
    return statistics.median(pair.straight for pair in pairs)


async def _pairs(ways: Ways, build: Build, count: int) -> list[Pair]:
    """So many builds each way, one after the other, the way that goes first changing."""
    pairs = []
    for number in range(count):
        if number % 2:
            straight = await _straight(ways.engine, build)
            ours = await _through_api(ways, build)
        else:
            ours = await _through_api(ways, build)
            straight = await _straight(ways.engine, build)
        pairs.append(Pair(ours, straight))
    return pairs


async def _through_api(ways: Ways, build: Build) -> Told:
    api = ways.api
    body = {
        "name": TAG,
        "dockerfile_content": build.dockerfile,
        "context_files": FILES,
        "cache_enabled": build.cache,
        "execute": True,
    }
    processor = processor_seconds(ways.server)
    asked = time.time()
    async with api.post("/api/v1/builds", json=body) as answer:
        identifier = (await answer.json())["data"]["id"]
    async with api.ws_connect(f"/ws/builds/{identifier}/logs", compress=0) as socket:
        frames = [json.loads(message.data) async for message in socket]
    ended = time.time()
    processor = processor_seconds(ways.server) - processor
    assert frames[-1]["status"] == "success", frames
    async with api.get(f"/api/v1/builds/{identifier}") as answer:
        detail = (await answer.json())["data"]
    assert [artifact["name"] for artifact in detail["artifacts"]] == ["README"]
    started, finished = (
        datetime.fromisoformat(detail[key]).timestamp() for key in ("started_at", "finished_at")
    )
    return Told(ended - asked, started - asked, ended - finished, processor, detail["image"]["id"])


async def _straight(engine: aiohttp.ClientSession, build: Build) -> float:
    query = {
        "version": "2",
        "t": f"{TAG}:straight",
        "nocache": "false" if build.cache else "true",
        "rm": "true",
    }
    started = time.perf_counter()
    async with engine.post(
        "/v1.41/build",
        params=query,
        data=_archive(build.dockerfile),
        headers={"Content-Type": "application/x-tar"},
        timeout=aiohttp.ClientTimeout(total=None),
    ) as answer:
        told = await answer.read()
    seconds = time.perf_counter() - started
    assert b"moby.image.id" in told, told[-2000:]
    return seconds


async def _collecting(work: Path, image_id: str, times: int) -> tuple[float, float]:
    """Seconds to inspect an image and to take the artifacts out of it, as the product does."""
    engine = DockerEngine(
        os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock"), builder="auto", clock=utc_now
    )
    inspecting, collecting = [], []
    try:
        for _ in range(times):
            started = time.perf_counter()
            image = await engine.image(image_id)
            inspecting.append(time.perf_counter() - started)
            assert image is not None
            started = time.perf_counter()
            async with engine.files_of(image.id, labels={}) as files:
                trees: list[PurePosixPath] = rpm_trees(image, [])
                await Collector(work / "artifacts", max_bytes=1024**3).collect(files, trees, search=False)
            collecting.append(time.perf_counter() - started)
    finally:
        await engine.close()
    return statistics.median(inspecting), statistics.median(collecting)


def _archive(dockerfile: str) -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name, text in {"Dockerfile": dockerfile, **FILES}.items():
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            tar.addfile(info, io.BytesIO(text.encode()))
    return archive.getvalue()
