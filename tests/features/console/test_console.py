"""The console as it is served: one page for all of its addresses, and assets in the form a browser takes."""

import gzip
import json
import re
from pathlib import Path

import anyio
import httpx
import pytest
from fastapi import FastAPI

from eulermaker.features.console.api import router

SCRIPT = "console.log('containers')\n" * 100


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A directory as `vite build` leaves it."""
    assets = tmp_path / "assets"
    assets.mkdir()
    (assets / "index-1a2b.js").write_text(SCRIPT)
    (assets / "index-1a2b.js.gz").write_bytes(gzip.compress(SCRIPT.encode()))
    (assets / "index-1a2b.js.br").write_bytes(b"as Brotli has it")
    (assets / "icon-3c4d.svg").write_text("<svg/>")
    (tmp_path / "sections.json").write_text(json.dumps(["containers", "overview"]))
    (tmp_path / "index.html").write_text('<meta property="csp-nonce" nonce="__NONCE__"><div id="root">')
    return tmp_path


def test_every_address_of_a_section_is_the_page(built: Path) -> None:
    for path in ("/", "/containers", "/containers/container_1?tab=logs", "/overview"):
        answer = ask(built, path)
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
        assert 'id="root"' in answer.text


def test_what_is_no_section_is_not_swallowed(built: Path) -> None:
    for path in ("/api/v1/nothing", "/elsewhere", "/containersx", "/assets/none.js", "/assets/../index.html"):
        assert ask(built, path).status_code == 404


def test_each_page_has_a_nonce_of_its_own_and_no_inline_script(built: Path) -> None:
    answers = [ask(built, "/") for _ in range(2)]
    nonces = [re.search(r'nonce="([^"]+)"', answer.text) for answer in answers]
    assert nonces[0]
    assert nonces[1]
    assert nonces[0][1] != nonces[1][1]
    policy = answers[0].headers["Content-Security-Policy"]
    assert f"'nonce-{nonces[0][1]}'" in policy
    assert "script-src 'self';" in policy


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip, deflate, br", "br"),
        ("gzip", "gzip"),
        ("br;q=0, gzip;q=0.5", "gzip"),
        ("identity", None),
        ("", None),
    ],
)
def test_assets_come_as_the_browser_takes_them(built: Path, accepted: str, encoding: str | None) -> None:
    answer = ask(built, "/assets/index-1a2b.js", accepted=accepted)
    assert answer.headers.get("Content-Encoding") == encoding
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["Vary"] == "Accept-Encoding"
    suffix = {"br": ".br", "gzip": ".gz", None: ""}[encoding]
    assert answer.content == (built / f"assets/index-1a2b.js{suffix}").read_bytes()


def test_without_a_build_there_is_a_page_that_says_how_to_begin(tmp_path: Path) -> None:
    answer = ask(tmp_path, "/")
    assert "eulermaker login" in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert ask(tmp_path, "/containers").status_code == 404


def ask(directory: Path, path: str, *, accepted: str = "identity") -> httpx.Response:
    """The answer to a GET, its body as it travelled."""
    app = FastAPI(openapi_url=None)
    app.include_router(router(directory))

    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with (
            httpx.AsyncClient(transport=transport, base_url="http://console") as client,
            client.stream("GET", path, headers={"Accept-Encoding": accepted}) as answer,
        ):
            answer._content = b"".join([chunk async for chunk in answer.aiter_raw()])
            return answer

    return anyio.run(asked)
