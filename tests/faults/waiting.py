"""Wait for a moment of a build by looking at what it leaves on disk, so that a kill hits that moment."""

import time
from collections.abc import Callable
from pathlib import Path

from tests.server import ServerProcess

WAIT_SECONDS = 60.0


def wait_until(happened: Callable[[], object], what: str, *, seconds: float = WAIT_SECONDS) -> None:
    """Return as soon as it has happened."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.005)


def wait_for_log(server: ServerProcess, build: str, text: str, *, attempt: int = 1) -> None:
    """Return as soon as the build's log holds the text, told by that attempt."""
    path = folder(server, build) / "log.ndjson"
    heading = f'"data":"Attempt {attempt} of' if attempt > 1 else ""

    def told() -> bool:
        return path.exists() and text in path.read_text(errors="replace").partition(heading or "{")[2]

    wait_until(told, f"{text!r} in the log")


def folder(server: ServerProcess, build: str) -> Path:
    """The build's directory."""
    return server.data_dir / "builds" / build
