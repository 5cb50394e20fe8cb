"""The web console in a real browser: what is loaded, how soon it can be used, whether it stays quick."""

import json
from pathlib import Path

from tests.console.playing import played, surroundings
from tests.server import ServerProcess

from benchmarks.figures import AtLeast, AtMost, Figure

QUICK_SECONDS = 20
WHOLE_SECONDS = 600


def measure(work: Path, *, quick: bool) -> list[Figure]:
    """First load, scrolling through 5,000 rows, and a log of 2,000 lines a second."""
    seconds = QUICK_SECONDS if quick else WHOLE_SECONDS
    report = work / "console.json"
    with ServerProcess(work / "data").running() as server:
        told = played(
            "console.figures.ts",
            {
                **surroundings(server, control="http://127.0.0.1:1/"),
                "CONSOLE_REPORT": str(report),
                "CONSOLE_LOG_SECONDS": str(seconds),
            },
        )
    assert told.returncode == 0, told.stdout + told.stderr
    found = json.loads(report.read_text())
    return [
        Figure(
            "console: compressed scripts of sign-in and overview", found["scripts"] / 1000, "kB", AtMost(300)
        ),
        Figure("console: interactive after", found["interactive"], "s", AtMost(1.5)),
        Figure("console: 5,000 rows scrolled at", found["frames"], "frames/s", AtLeast(50)),
        Figure(f"console: heap after {seconds} s of log", found["heap"] / 2**20, "MiB", AtMost(200)),
        Figure("  lines shown in that time", found["lines"] / seconds, "1/s"),
        Figure("console: input delay beside that log, p95", found["delay"], "ms", AtMost(50)),
    ]
