"""A real OpenID Connect provider, as a process of its own."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.server import free_port

START_SECONDS = 60.0


@contextmanager
def oidc_provider(*people: Mapping[str, object]) -> Iterator[str]:
    """The issuer of a running provider that knows these people, by their `sub`."""
    port = free_port()
    program = Path(sys.executable).with_name("oidc-provider-mock")
    claims = [argument for one in people for argument in ("--user-claims", json.dumps(one))]
    process = subprocess.Popen(
        [program, "--port", str(port), *claims], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    issuer = f"http://localhost:{port}"
    try:
        _wait(issuer, process)
        yield issuer
    finally:
        process.terminate()
        process.wait(30)


def _wait(issuer: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{issuer}/.well-known/openid-configuration").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError("the provider does not answer")
