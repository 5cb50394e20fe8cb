"""`eulermaker optimize`: findings, a diff, and a Dockerfile changed in its place."""

from pathlib import Path

import pytest

from tests.e2e.test_command_line import SPEC, Terminal
from tests.server import IMAGE, ServerProcess

DOCKERFILE = f"FROM {IMAGE}\nWORKDIR /src\nCOPY . .\nRUN pip install --no-cache-dir -r requirements.txt\n"
OPTIMIZED = (
    f"FROM {IMAGE}\nWORKDIR /src\nCOPY requirements.txt requirements.txt\n"
    "RUN --mount=type=cache,target=/root/.cache/pip,sharing=locked \\\n"
    "    pip install -r requirements.txt\nCOPY . .\n"
)


@pytest.fixture
def terminal(shared_server: ServerProcess, tmp_path: Path) -> Terminal:
    """A signed-in user in a folder with a project."""
    terminal = Terminal(tmp_path, shared_server.url)
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    (tmp_path / "requirements.txt").write_text("flask==3.0\n")
    return terminal


def test_findings_are_listed_and_nothing_is_changed(terminal: Terminal) -> None:
    output = terminal.run("optimize", "Dockerfile")
    assert "dependencies-first" in output
    assert "--write" in output
    assert (terminal.home / "Dockerfile").read_text() == DOCKERFILE


def test_the_diff_is_what_write_does(terminal: Terminal) -> None:
    diff = terminal.run("optimize", "Dockerfile", "--diff")
    assert "+COPY requirements.txt requirements.txt\n" in diff
    terminal.run("optimize", "Dockerfile", "--write")
    assert (terminal.home / "Dockerfile").read_text() == OPTIMIZED
    assert terminal.run("optimize", "Dockerfile", "--diff") == ""


def test_a_spec_with_an_error_ends_with_a_code(terminal: Terminal) -> None:
    (terminal.home / "greeter.spec").write_text(SPEC)
    found = terminal.run("optimize", "greeter.spec", "--json", code=1)
    assert '"spec-source-missing"' in found
    (terminal.home / "greeter.sh").write_text("#!/bin/sh\n")
    assert terminal.read("optimize", "greeter.spec")["findings"] == []
    terminal.run("optimize", "greeter.spec", "--write", code=2)
    assert "Dockerfiles only" in terminal.errors


def test_what_is_no_dockerfile_is_told_with_its_line(terminal: Terminal) -> None:
    (terminal.home / "Broken").write_text(f"FROM {IMAGE}\nNOTHING\n")
    terminal.run("optimize", "Broken", code=2)
    assert "line 2" in terminal.errors.lower()
    terminal.run("optimize", "missing", code=2)
