"""The main job as `make demo` does it, from the spec to a greeting out of the installed RPM."""

import os
import pty
import re
import signal
import subprocess
from pathlib import Path

import httpx
import pytest

from tests.scripts.conftest import ROOT

ADDRESS = re.compile(r"console +(http://\S+)")


def assert_done(output: str) -> str:
    """Check what the demonstration says at its end; returns the console's address."""
    assert "Hello, world!" in output
    for kind, suffix in (("RPM", "x86_64|aarch64"), ("source RPM", "src")):
        found = re.search(rf"^ *{kind} +(\S+hello-2\.10-1\S*\.(?:{suffix})\.rpm)", output, re.MULTILINE)
        assert found, output
        assert Path(found[1]).read_bytes().startswith(b"\xed\xab\xee\xdb")
    address = ADDRESS.search(output)
    assert address, output
    return address[1]


def assert_nobody_serves(address: str) -> None:
    with pytest.raises(httpx.ConnectError):
        httpx.get(address)


def test_without_a_terminal_the_demo_ends_by_itself() -> None:
    run = subprocess.run(
        [ROOT / "scripts" / "demo.sh"], capture_output=True, text=True, timeout=600, check=False
    )

    assert run.returncode == 0, run.stdout + run.stderr
    assert_nobody_serves(assert_done(run.stdout))


def read_until(terminal: int, text: str) -> str:
    """What comes out of the terminal up to `text`, or to its end."""
    output = b""
    while text.encode() not in output:
        try:
            output += os.read(terminal, 65536)
        except OSError:  # what Linux answers once the other side is closed
            break
    return output.decode(errors="replace").replace("\r\n", "\n")


def test_on_a_terminal_the_demo_serves_until_ctrl_c() -> None:
    terminal, theirs = pty.openpty()
    demo = subprocess.Popen(
        [ROOT / "scripts" / "demo.sh"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        env={**os.environ, "TERM": "dumb", "COLUMNS": "200"},
    )
    os.close(theirs)
    try:
        address = assert_done(read_until(terminal, "Serving until Ctrl-C."))
        assert httpx.get(f"{address}/readyz").is_success

        os.killpg(demo.pid, signal.SIGINT)

        assert demo.wait(timeout=60) == 0
        assert_nobody_serves(address)
    finally:
        if demo.poll() is None:
            demo.terminate()
            demo.wait(timeout=60)
        os.close(terminal)
