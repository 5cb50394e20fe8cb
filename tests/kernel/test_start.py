"""What a start leaves out: libraries that many servers never use are imported by what uses them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

#: Each costs every server time and memory. Who needs one at the start takes it out and says why.
NOT_AT_THE_START = {
    "aiosmtplib",
    "alembic",
    "apprise",
    "asyncpg",
    "httpx",
    "redis",
    "rich",
    "typer",
}
# What is imported at its first use is in sys.modules before, as a module of a kind of its own.
STARTED = """
import json, sys
from eulermaker.__main__ import start_lean
start_lean()
import eulermaker.process
from eulermaker.assembly import assemble
from eulermaker.kernel.settings import load_settings
assemble(load_settings())
print(json.dumps([name for name, module in sys.modules.items() if type(module).__name__ == "module"]))
"""


@pytest.mark.usefixtures("any_database")
def test_a_server_starts_without_what_it_may_never_use(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", STARTED],
        env={**os.environ, "EULERMAKER_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    imported = set(json.loads(run.stdout))
    assert "eulermaker.process" in imported
    assert not NOT_AT_THE_START & imported
