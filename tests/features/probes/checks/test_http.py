"""HTTP checks against real servers, well-behaved and not."""

import asyncio
import base64
import gzip
import json
import os
import resource
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest

from eulermaker.features.probes.checks.http import MAX_READ
from eulermaker.features.probes.checks.target import Reaching
from tests.features.probes.checks.asking import SHORT, failure, http, success, unknown
from tests.features.probes.checks.conftest import HERE
from tests.features.probes.checks.servers import (
    closing,
    ok,
    resetting,
    saying,
    serving,
    silent,
    unused_port,
)

pytestmark = pytest.mark.anyio

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nheal\r\n3\r\nthy\r\n0\r\n\r\n"


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[str]:
    """The URL of a server with that answer."""
    async with serving(saying(answer)) as port:
        yield f"http://127.0.0.1:{port}/health"


@asynccontextmanager
async def recording() -> AsyncIterator[tuple[str, list[bytes]]]:
    """The URL of a server that answers 200, and the requests that it got."""
    seen: list[bytes] = []

    async def conversation(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            (
                int(line.split(b":")[1])
                for line in head.split(b"\r\n")
                if line.lower().startswith(b"content-l")
            ),
            0,
        )
        seen.append(head + await reader.readexactly(length))
        writer.write(ok(b"OK"))
        await writer.drain()

    async with serving(conversation) as port:
        yield f"http://127.0.0.1:{port}/", seen


async def test_a_good_answer_tells_status_and_body(reaching: Reaching) -> None:
    async with answering(ok(b"OK")) as url:
        verdict = await http(reaching, HERE, url=url)
    assert success(verdict) == {"status_code": 200, "response_body": "OK"}
    assert verdict.response_ms > 0


@pytest.mark.parametrize(
    ("expected", "status", "is_success"),
    [
        (None, "204 No Content", True),
        (None, "404 Not Found", False),
        (None, "500 Oops", False),
        (200, "200 OK", True),
        (200, "201 Created", False),
        ("4xx", "404 Not Found", True),
        ("200-299", "299 Odd", True),
        ([200, "5xx"], "503 Busy", True),
        ([200, "5xx"], "404 Not Found", False),
    ],
)
async def test_statuses(reaching: Reaching, expected: Any, status: str, is_success: bool) -> None:
    body = b"" if status.startswith("204") else b"x"
    async with answering(ok(body, status=status)) as url:
        verdict = await http(reaching, HERE, url=url, expected_status=expected)
    assert verdict.details["status_code"] == int(status[:3])
    if is_success:
        success(verdict)
    else:
        assert failure(verdict) == "unexpected status"


@pytest.mark.parametrize(
    ("expectation", "body", "error"),
    [
        ({"expected_body": "ready"}, b"all ready", None),
        ({"expected_body": "ready"}, b"starting", "expected_body is missing"),
        ({"unexpected_body": "panic"}, b"all ready", None),
        ({"unexpected_body": "panic"}, b"panic!", "unexpected_body is there"),
        ({"expected_body_regex": r"^up: \d+$"}, b"up: 42", None),
        ({"expected_body_regex": r"^up: \d+$"}, b"up: no", "expected_body_regex does not match"),
        (
            {"expected_json": {"status": "ok", "parts.0.up": True}},
            b'{"status":"ok","parts":[{"up":true}]}',
            None,
        ),
        ({"expected_json": {"status": "ok"}}, b'{"status":"bad"}', "status differs"),
        ({"expected_json": {"up": 1}}, b'{"up":true}', "up differs"),
        ({"expected_json": {"parts.3": 1}}, b'{"parts":[]}', "parts.3 differs"),
        ({"expected_json": {"status": "ok"}}, b"<html>", "the body is no JSON"),
        ({"expected_json": {"a": 1}}, b"[" * 20_000, "the body is no JSON"),
    ],
)
async def test_bodies(
    reaching: Reaching, expectation: dict[str, Any], body: bytes, error: str | None
) -> None:
    async with answering(ok(body)) as url:
        verdict = await http(reaching, HERE, url=url, **expectation)
    if error is None:
        success(verdict)
    else:
        assert failure(verdict) == "unexpected body"
        assert verdict.details["reason"] == error


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (["Content-Encoding: gzip"], gzip.compress("服务正常".encode(), mtime=0)),
        (["Content-Type: text/plain; charset=GBK"], "服务正常".encode("gbk")),
        (["Content-Type: text/plain; charset=no-such"], "服务正常".encode()),
    ],
)
async def test_other_encodings_are_read(reaching: Reaching, headers: list[str], body: bytes) -> None:
    async with answering(ok(body, *headers)) as url:
        details = success(await http(reaching, HERE, url=url, expected_body="正常"))
    assert details["response_body"] == "服务正常"


async def test_a_compressed_bomb_is_inflated_to_the_bound_alone(reaching: Reaching) -> None:
    bomb = gzip.compress(bytes(50 * 1024 * 1024))
    async with answering(ok(bomb, "Content-Encoding: gzip")) as url:
        verdict = await http(reaching, HERE, url=url, expected_body="needle")
    assert failure(verdict) == "unexpected body"


async def test_chunks_are_put_together(reaching: Reaching) -> None:
    async with answering(CHUNKED) as url:
        details = success(await http(reaching, HERE, url=url, expected_body="healthy"))
    assert details["response_body"] == "healthy"


async def test_a_body_may_end_with_the_connection(reaching: Reaching) -> None:
    async with answering(b"HTTP/1.0 200 OK\r\n\r\nall of it") as url:
        details = success(await http(reaching, HERE, url=url, expected_body="all of it"))
    assert details["response_body"] == "all of it"


async def test_a_provisional_answer_is_passed_over(reaching: Reaching) -> None:
    async with answering(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + ok(b"final")) as url:
        details = success(await http(reaching, HERE, url=url))
    assert details == {"status_code": 200, "response_body": "final"}


async def test_head_has_no_body_whatever_its_length_says(reaching: Reaching) -> None:
    async with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n") as url:
        details = success(await http(reaching, HERE, url=url, method="HEAD"))
    assert details == {"status_code": 200}


async def test_ten_megabytes_are_not_read(reaching: Reaching) -> None:
    sent = 0

    async def pouring(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n")
        for _ in range(1600):
            writer.write(b"x" * 65_536)
            await writer.drain()
            sent += 65_536

    async with serving(pouring) as port:
        details = success(await http(reaching, HERE, url=f"http://127.0.0.1:{port}/"))
    assert details["truncated"] is True
    assert len(details["response_body"]) == 1024
    assert sent < 50 * 1024 * 1024


async def test_what_lies_behind_the_bound_is_not_found(reaching: Reaching) -> None:
    async with answering(ok(b"x" * MAX_READ + b"needle")) as url:
        verdict = await http(reaching, HERE, url=url, expected_body="needle")
    assert failure(verdict) == "unexpected body"
    assert verdict.details["truncated"] is True


async def test_a_silent_server_times_out(reaching: Reaching) -> None:
    async with serving(silent) as port:
        verdict = await http(reaching, HERE, url=f"http://127.0.0.1:{port}/", seconds=SHORT)
    assert failure(verdict) == "timeout"
    assert verdict.details["phase"] == "receive"
    assert verdict.response_ms >= SHORT * 1000 - 20


@pytest.mark.parametrize(
    "beginning", [b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"]
)
async def test_a_slow_loris_times_out(reaching: Reaching, beginning: bytes) -> None:
    async def trickling(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(beginning)
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.01)

    async with serving(trickling) as port:
        verdict = await http(reaching, HERE, url=f"http://127.0.0.1:{port}/", seconds=SHORT)
    assert failure(verdict) == "timeout"


async def test_endless_headers_end_at_their_bound(reaching: Reaching) -> None:
    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            writer.write(b"X-More: " + b"x" * 1000 + b"\r\n")
            await writer.drain()

    async with serving(endless) as port:
        verdict = await http(reaching, HERE, url=f"http://127.0.0.1:{port}/")
    assert failure(verdict) == "headers too large"


async def test_nobody_listens(reaching: Reaching) -> None:
    verdict = await http(reaching, HERE, url=f"http://127.0.0.1:{unused_port()}/")
    assert failure(verdict) == "connection refused"
    assert verdict.details["phase"] == "connect"


async def test_a_reset_is_told(reaching: Reaching) -> None:
    async with serving(resetting) as port:
        verdict = await http(reaching, HERE, url=f"http://127.0.0.1:{port}/")
    assert failure(verdict) == "connection reset"


@pytest.mark.parametrize("half", [b"", b"HTTP/1.1 200 OK\r\nContent-Le", ok(b"x" * 100)[:-50], CHUNKED[:-9]])
async def test_a_connection_that_closes_too_early(reaching: Reaching, half: bytes) -> None:
    async with serving(saying(half) if half else closing) as port:
        verdict = await http(reaching, HERE, url=f"http://127.0.0.1:{port}/")
    assert failure(verdict) == "connection closed"


@pytest.mark.parametrize(
    "noise", [b"SSH-2.0-OpenSSH_9.2\r\n", b"\x00\x01\x02\x03", b"HTTP/1.1 200 OK\r\nBad\x00: 1\r\n\r\n"]
)
async def test_no_http_at_all(reaching: Reaching, noise: bytes) -> None:
    async with serving(saying(noise)) as port:
        verdict = await http(reaching, HERE, url=f"http://127.0.0.1:{port}/")
    assert failure(verdict) == "invalid response"


async def test_requests_carry_what_was_configured(reaching: Reaching) -> None:
    body = json.dumps({"ping": "乒"})
    async with recording() as (url, seen):
        success(
            await http(
                reaching,
                HERE,
                url=f"{url}path with space?q=中文#part".replace(" ", "%20"),
                method="POST",
                headers={"X-Mine": "yes", "User-Agent": "me"},
                body=body,
                auth={"type": "basic", "username": "ann", "password": "sécret"},
            )
        )
    head, _, sent = seen[0].partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /path%20with%20space?q=%E4%B8%AD%E6%96%87 HTTP/1.1"
    assert {"X-Mine: yes", "User-Agent: me", "Connection: close", "Content-Type: application/json"} <= set(
        lines
    )
    assert "Authorization: Basic " + base64.b64encode("ann:sécret".encode()).decode() in lines
    assert sent.decode() == body


async def test_redirects_are_followed(reaching: Reaching) -> None:
    async with (
        answering(ok(b"there")) as there,
        answering(ok(b"", f"Location: {there}", status="302 Found")) as url,
    ):
        details = success(await http(reaching, HERE, url=url, expected_status=200))
    assert details == {"status_code": 200, "redirects": 1, "response_body": "there"}


async def test_redirects_end_where_they_are_told_to(reaching: Reaching) -> None:
    loop = ok(b"", "Location: /again", status="301 Moved")
    async with answering(loop) as url:
        verdict = await http(reaching, HERE, url=url, max_redirects=3)
        assert failure(verdict) == "too many redirects"
        assert verdict.details["redirects"] == 4
        assert success(await http(reaching, HERE, url=url, follow_redirects=False))["status_code"] == 301
        assert success(await http(reaching, HERE, url=url, expected_status=301)) == {"status_code": 301}


@pytest.mark.parametrize(
    "location", ["gopher://127.0.0.1/", "file:///etc/passwd", "http://a b/", "http://127.0.0.1:0/"]
)
async def test_redirects_lead_to_http_alone(reaching: Reaching, location: str) -> None:
    async with answering(ok(b"", f"Location: {location}", status="302 Found")) as url:
        assert failure(await http(reaching, HERE, url=url)) == "bad redirect"


@pytest.mark.parametrize(
    "location", ["http://169.254.169.254/latest/meta-data/", "http://[fd00:ec2::254]/", "http://0.0.0.0/"]
)
async def test_redirects_to_refused_addresses(reaching: Reaching, location: str) -> None:
    async with answering(ok(b"", f"Location: {location}", status="302 Found")) as url:
        verdict = await http(reaching, HERE, url=url)
    assert failure(verdict) == "address refused"
    assert verdict.details["reason"] in ("link-local", "metadata", "unspecified")


async def test_another_server_is_not_told_the_secrets_of_the_first(reaching: Reaching) -> None:
    async with (
        recording() as (there, seen),
        answering(ok(b"", f"Location: {there}", status="307 Temporary Redirect")) as url,
    ):
        success(
            await http(
                reaching,
                HERE,
                url=url,
                headers={"X-Api-Key": "key", "X-Plain": "plain", "Host": "first.example"},
                auth={"type": "bearer", "token": "token"},
            )
        )
    told = seen[0].decode().lower()
    assert "x-plain: plain" in told
    assert "key" not in told
    assert "token" not in told
    assert "first.example" not in told


async def test_a_form_that_moved_is_fetched(reaching: Reaching) -> None:
    async with (
        recording() as (there, seen),
        answering(ok(b"", f"Location: {there}", status="303 See Other")) as url,
    ):
        success(await http(reaching, HERE, url=url, method="POST", body="x=1"))
    assert seen[0].startswith(b"GET / ")


async def test_no_sockets_left_is_our_own_trouble(reaching: Reaching) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    async with answering(ok(b"OK")) as url:
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
        try:
            verdict = await http(reaching, HERE, url=url)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert unknown(verdict) == "no sockets left"


CUT_OFF = """
import asyncio
from eulermaker.features.probes.checks.names import Names
from eulermaker.features.probes.checks.target import Reaching
from tests.features.probes.checks.asking import http
from tests.features.probes.checks.conftest import HERE
from tests.features.probes.checks.seen import Listed
verdict = asyncio.run(http(Reaching(Listed(), Names()), HERE, url="http://192.0.2.1/"))
print(verdict.status, verdict.details["error"])
"""


async def test_no_route_is_our_own_trouble() -> None:
    # A network namespace of its own has no way out.
    command = ["unshare", "--map-root-user", "--net", sys.executable, "-c", CUT_OFF]
    done = await anyio.run_process(command, env={**os.environ, "PYTHONPATH": "."})
    assert done.stdout.decode().split() == ["unknown", "no", "route"]
