"""The connection to an engine: one version is settled, and every misbehaviour becomes its fault."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest

from eulermaker.engines.docker.connection import (
    NEWEST,
    Connection,
    EngineAnswer,
    chunks,
    chunks_or_silence,
    lines,
)
from eulermaker.engines.docker.engine import DockerEngine
from eulermaker.engines.port import ENGINE_INCOMPATIBLE, ENGINE_REFUSED, ENGINE_UNAVAILABLE
from eulermaker.kernel.clock import utc_now
from eulermaker.kernel.faults import Entry, Fault
from tests.engines.faulty import (
    BabblingEngine,
    BrokenEngine,
    DeafEngine,
    DrippingEngine,
    FaultyEngine,
    FutureEngine,
    GarbageEngine,
    NonsenseEngine,
    OldEngine,
    PodmanEngine,
    SilentEngine,
    SlowEngine,
    StartingEngine,
    VanishingEngine,
    listening,
)

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("engine", "version", "buildkit"),
    [
        (FaultyEngine(), "1.41", True),
        (FutureEngine(), f"{NEWEST[0]}.{NEWEST[1]}", True),
        (SilentEngine(), "1.40", False),
        (BabblingEngine(), "1.40", False),
        (PodmanEngine(), "1.41", False),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_the_newest_common_version_is_spoken(
    engine: FaultyEngine, version: str, buildkit: bool, tmp_path: Path
) -> None:
    async with listening(engine, tmp_path) as http:
        assert await http.get("/info") == {}
        assert await http.api_version() == version
        assert await http.buildkit() is buildkit
    assert engine.asked == ["/_ping", f"/v{version}/info"]


async def test_an_engine_that_is_too_old_is_refused_with_its_version(tmp_path: Path) -> None:
    async with listening(OldEngine(), tmp_path) as http:
        with pytest.raises(Fault) as fault:
            await http.get("/info")
    assert fault.value.entry is ENGINE_INCOMPATIBLE
    assert "1.30" in fault.value.message("en")


async def test_the_version_is_settled_again_with_every_ping(tmp_path: Path) -> None:
    """The engine was replaced by a newer one, which refuses what the old one spoke."""
    engine = FutureEngine()
    async with listening(engine, tmp_path) as http:
        engine.ping_headers = FaultyEngine.ping_headers
        with pytest.raises(EngineAnswer, match=r"400: client version is too old\."):
            await http.get("/info")
        engine.ping_headers = FutureEngine.ping_headers
        await http.ping()
        assert await http.get("/info") == {}


@pytest.mark.parametrize(
    ("engine", "entry"),
    [
        (VanishingEngine(), ENGINE_UNAVAILABLE),
        (NonsenseEngine(), ENGINE_UNAVAILABLE),
        (StartingEngine(), ENGINE_UNAVAILABLE),
        (DeafEngine(), ENGINE_UNAVAILABLE),
        (GarbageEngine(), ENGINE_REFUSED),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_a_misbehaviour_becomes_its_fault(engine: FaultyEngine, entry: Entry, tmp_path: Path) -> None:
    async with listening(engine, tmp_path) as http:
        with pytest.raises(Fault) as fault, anyio.fail_after(60):
            await http.get("/info")
    assert fault.value.entry is entry


async def test_an_answer_that_does_not_come_in_time_is_a_loss(tmp_path: Path) -> None:
    async with listening(SlowEngine(), tmp_path) as http:
        with pytest.raises(Fault) as fault, anyio.fail_after(60):
            async with http.request("GET", "/info", seconds=0.1):
                pytest.fail("there was no answer")
    assert fault.value.entry is ENGINE_UNAVAILABLE


@pytest.mark.parametrize("reading", [lines, lambda answer: chunks(answer, 1024)], ids=["lines", "chunks"])
async def test_a_stream_that_breaks_off_is_a_loss_after_what_came(reading: object, tmp_path: Path) -> None:
    assert callable(reading)
    came: list[bytes] = []

    async def read(http: Connection) -> None:
        async with http.request("GET", "/export", seconds=None) as answer:
            stream: AsyncIterator[bytes] = reading(answer)
            came.extend([piece async for piece in stream])

    async with listening(VanishingEngine(), tmp_path) as http:
        with pytest.raises(Fault) as fault:
            await read(http)
    assert fault.value.entry is ENGINE_UNAVAILABLE


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), TimeoutError()], ids=["disk", "deadline"]
)
async def test_the_callers_own_errors_are_no_loss_of_the_engine(error: OSError, tmp_path: Path) -> None:
    async def fail_while_reading(http: Connection) -> None:
        async with http.request("GET", "/export") as answer:
            assert [chunk async for chunk in chunks(answer, 1024)] == [b"{}"]
            raise error

    async with listening(FaultyEngine(), tmp_path) as http:
        with pytest.raises(type(error)) as raised:
            await fail_while_reading(http)
    assert raised.value is error


async def test_no_engine_at_all_is_unavailable(tmp_path: Path) -> None:
    for host in (f"unix://{tmp_path}/missing.sock", "tcp://127.0.0.1:1"):
        http = Connection(host)
        with pytest.raises(Fault) as fault:
            await http.ping()
        assert fault.value.entry is ENGINE_UNAVAILABLE
        await http.close()


async def test_an_engine_that_comes_back_is_used_again(tmp_path: Path) -> None:
    async with listening(FaultyEngine(), tmp_path) as http:
        assert await http.get("/info") == {}
        os.unlink(tmp_path / "FaultyEngine.sock")
        await http.close()
        with pytest.raises(Fault):
            await http.get("/info")
        async with listening(FaultyEngine(), tmp_path):
            assert await http.get("/info") == {}
            await http.close()


async def test_what_the_engine_says_is_kept_for_the_log_only(tmp_path: Path) -> None:
    async with listening(BrokenEngine(), tmp_path) as http:
        with pytest.raises(EngineAnswer, match="no space left"):
            await http.get("/info")
        engine = DockerEngine(http.host, builder="auto", clock=utc_now)
        with pytest.raises(Fault) as fault:
            await engine.image("any")
        await engine.close()
    assert fault.value.entry is ENGINE_REFUSED
    assert "space" not in fault.value.message("en") + str(fault.value.details)


async def test_what_comes_in_drops_is_left_to_gather(tmp_path: Path) -> None:
    async with (
        listening(DrippingEngine(), tmp_path) as http,
        http.request("GET", "/log", seconds=None) as answer,
    ):
        pieces = [piece async for piece in chunks_or_silence(answer, 1024, seconds=60, rest=0.05)]
    assert b"".join(pieces) == b"line\n" * 100
    # The first drop is told at once; a piece for each drop would be a hundred.
    assert pieces[0].startswith(b"line\n")
    assert sum(bool(piece) for piece in pieces) < 50
