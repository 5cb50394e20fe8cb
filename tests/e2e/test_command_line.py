"""The command `eulermaker` as a user types it, against the real server and the real engine."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.server import IMAGE, PASSWORD, ServerProcess

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
SPEC = """\
Name: greeter
Version: 1.2
Release: 3
Summary: Says a greeting
License: MIT
Source0: greeter.sh
BuildArch: noarch
%description
Says a greeting.
%install
install -D -m 755 %{SOURCE0} %{buildroot}/usr/bin/greeter
%files
/usr/bin/greeter
"""


class Terminal:
    """A user's shell: a home of its own, and the command."""

    def __init__(self, home: Path, url: str) -> None:
        self.home = home
        self.environment = {**os.environ, "HOME": str(home), "EULERMAKER_LANGUAGE": "en"}
        self.environment.pop("XDG_CONFIG_HOME", None)
        self.run("login", "--url", url, "--username", "admin", "--password-stdin", stdin=PASSWORD)

    def run(self, *arguments: str, code: int = 0, stdin: str = "") -> str:
        """Run the command; it has to end with that exit code. Tells what it printed on stdout."""
        done = subprocess.run(
            [sys.executable, "-m", "eulermaker", *arguments],
            env=self.environment,
            cwd=self.home,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=180,
        )
        assert done.returncode == code, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        self.errors = done.stderr
        return done.stdout

    def read(self, *arguments: str) -> Any:
        """What the command answers to `--json`."""
        return json.loads(self.run(*arguments, "--json"))


@pytest.fixture
def terminal(shared_server: ServerProcess, tmp_path: Path) -> Terminal:
    """A signed-in user."""
    return Terminal(tmp_path, shared_server.url)


@pytest.mark.parametrize(
    ("example", "made"),
    [
        ("greeter/greeter.spec", ["greeter-1.0-1.noarch.rpm", "greeter-1.0-1.src.rpm"]),
        ("dockerfile", ["greet", "greeting.txt"]),
    ],
)
def test_the_examples_build_as_the_readme_says(terminal: Terminal, example: str, made: list[str]) -> None:
    terminal.run("build", str(EXAMPLES / example))
    assert sorted(path.name for path in (terminal.home / "output").iterdir()) == made


def test_a_spec_becomes_packages(terminal: Terminal) -> None:
    (terminal.home / "greeter.spec").write_text(SPEC)
    (terminal.home / "greeter.sh").write_text("#!/bin/sh\necho 你好\n")

    output = terminal.run("build", "greeter.spec", "--output", "rpms")

    assert "Step 1/" in output
    made = sorted(path.name for path in (terminal.home / "rpms").iterdir())
    assert [name.partition("-1.2-3")[0] for name in made] == ["greeter", "greeter"]
    assert {name.rsplit(".", 2)[-2] for name in made} == {"noarch", "src"}
    for path in (terminal.home / "rpms").iterdir():
        named = subprocess.run(["rpm", "-qp", "--qf", "%{NAME}", path], capture_output=True, text=True)
        assert named.stdout == "greeter"


def test_a_folder_is_built_and_its_artifacts_come_back(terminal: Terminal) -> None:
    folder = terminal.home / "context"
    folder.mkdir()
    (folder / "Dockerfile").write_text(
        f"FROM {IMAGE}\nCOPY . /src/\nRUN mkdir /output && cp /src/a.txt /output/\n"
    )
    (folder / "a.txt").write_text("payload")
    (folder / "secret.txt").write_text("not sent")
    (folder / ".dockerignore").write_text("secret.txt\n")

    terminal.run("build", "context", "--name", "folder-build", "--output", "out")

    assert (terminal.home / "out" / "a.txt").read_text() == "payload"
    build = terminal.read("builds", "list", "--name", "folder-build")["builds"][0]
    assert build["status"] == "success"
    shown = terminal.read("builds", "show", build["id"])
    assert [artifact["name"] for artifact in shown["artifacts"]] == ["a.txt"]
    assert "Successfully tagged folder-build:latest" in terminal.run("builds", "logs", build["id"])
    terminal.run("builds", "rm", build["id"], "--clean-image")
    terminal.run("builds", "show", build["id"], code=5)
    assert "build-not-found" in terminal.errors


def test_the_exit_code_tells_the_result(terminal: Terminal) -> None:
    (terminal.home / "Dockerfile").write_text(f"FROM {IMAGE}\nRUN exit 7\n")
    assert "exit code 7" in terminal.run("build", ".", "--name", "fails", code=1)

    (terminal.home / "Dockerfile").write_text(f"FROM {IMAGE}\nRUNX exit 7\n")
    terminal.run("build", ".", "--name", "refused", code=2)
    assert "line 2" in terminal.errors

    (terminal.home / "Dockerfile").write_text(f"FROM {IMAGE}\nRUN sleep 60\n")
    terminal.run("build", ".", "--name", "late", "--timeout", "1", code=4)
