"""The tree's scripts, run for real."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SET_UP = (
    "scripts",
    "examples",
    "src",
    "web",
    "Makefile",
    "pyproject.toml",
    "requirements.lock",
    "README.md",
    "LICENSE",
)


@dataclass(frozen=True)
class Tree:
    """A copy of the repository as a clone has it, nothing set up."""

    root: Path

    def run(
        self, *command: str, environment: Mapping[str, str] | None = None, timeout: float = 120
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in the tree, with `environment` beside what the tests were given."""
        return subprocess.run(
            command,
            cwd=self.root,
            env=environment_with(environment or {}),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )


def environment_with(changes: Mapping[str, str]) -> dict[str, str]:
    """The environment with `changes`; an empty value removes the name."""
    merged = {**os.environ, **changes}
    return {name: value for name, value in merged.items() if value}


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    root = tmp_path / "t"
    root.mkdir()
    for name in SET_UP:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, root / name, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
        else:
            shutil.copy2(source, root / name)
    return Tree(root)


@pytest.fixture(scope="session")
def docker_host() -> str:
    return os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
