"""How scenarios are played: by Node, in a real browser, against a server."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.server import IMAGE, PASSWORD, ServerProcess

WEB = Path(__file__).resolve().parents[2] / "web"
SCENARIO_SECONDS = 1800


def surroundings(server: ServerProcess, *, control: str) -> dict[str, str]:
    """What a scenario is told; `control` is where a POST restarts the server."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    assert chromium, "Chromium is missing: scripts/system_packages.sh chromium"
    return {
        "CONSOLE_SERVER": server.url,
        "CONSOLE_PASSWORD": PASSWORD,
        "CONSOLE_IMAGE": IMAGE,
        "CONSOLE_CONTROL": control,
        "CHROMIUM": chromium,
    }


def played(file: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """A file of `web/e2e`, run to its end."""
    return subprocess.run(
        ["npx", "--no-install", "vitest", "run", "--config", "vitest.e2e.config.ts", f"e2e/{file}"],
        cwd=WEB,
        env={**os.environ, "NO_COLOR": "1", **environment},
        capture_output=True,
        text=True,
        timeout=SCENARIO_SECONDS,
        check=False,
    )
