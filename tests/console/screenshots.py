"""`make screenshots`: every page in both themes and languages, into `.run/screenshots`."""

import sys
import tempfile
from pathlib import Path

from tests.console.playing import played, surroundings
from tests.server import ServerProcess

FOLDER = Path(__file__).resolve().parents[2] / ".run" / "screenshots"


def main() -> int:
    """Start a server, visit its pages, and say where the pictures are."""
    with tempfile.TemporaryDirectory() as work, ServerProcess(Path(work) / "data").running() as server:
        environment = surroundings(server, control="http://127.0.0.1:1/") | {"CONSOLE_SHOTS": str(FOLDER)}
        told = played("console.shots.ts", environment)
    print(f"pictures: {FOLDER}" if told.returncode == 0 else told.stdout + told.stderr)
    return told.returncode


if __name__ == "__main__":
    sys.exit(main())
