"""A newcomer's way: build the example, publish it, and install it with the real dnf in a clean container."""

import os
import time
from pathlib import Path

import pytest

from scripts import engine_api
from tests.e2e.test_command_line import EXAMPLES, Terminal
from tests.server import ServerProcess, own_name

RUNTIME = "eulermaker/rpm-runtime:latest"
INSTALL = """\
mkdir -p /etc/yum.repos.d && cp /tmp/{file} /etc/yum.repos.d/
dnf -y {options} install greeter && rpm -q greeter && greeter
"""


def dnf(repo_file: Path, script: str = INSTALL, *, options: str = "") -> tuple[int, str]:
    """What a clean container makes of the repository; it shares this host's network, for the server."""
    command = ["sh", "-c", script.format(file=repo_file.name, options=options)]
    host = os.environ["DOCKER_HOST"]
    return engine_api.run(host, RUNTIME, command, repo_file, timeout=180, network="host")


@pytest.fixture(scope="module")
def terminal(shared_server: ServerProcess, tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """A signed-in user."""
    return Terminal(tmp_path_factory.mktemp("newcomer"), shared_server.url)


def repo_file(terminal: Terminal, name: str, *options: str) -> Path:
    """The .repo file on the disk."""
    file = terminal.home / f"{name}.repo"
    file.write_text(terminal.run("repo", "file", name, *options))
    return file


def test_a_newcomer_builds_publishes_and_installs(terminal: Terminal) -> None:
    name = own_name("stable")
    assert f"/repos/{name}/" in terminal.run("repo", "create", name, "--public")
    built = terminal.read("build", str(EXAMPLES / "greeter" / "greeter.spec"))["build"]["id"]
    assert "Published in" in terminal.run("repo", "publish", name, built)

    assert "greeter-1.0-1.noarch.rpm" in terminal.run("repo", "packages", name)
    code, output = dnf(repo_file(terminal, name))
    assert code == 0, output
    assert "greeter-1.0-1.noarch" in output

    terminal.run("repo", "publish", name, built, code=5)
    assert "package-published-already" in terminal.errors
    terminal.run("repo", "publish", "no-such-repository", built, code=5)
    assert "eulermaker repo create no-such-repository" in terminal.errors


def test_dnf_checks_the_signatures_of_packages_and_metadata(terminal: Terminal) -> None:
    name = own_name("signed")
    told = terminal.read("repo", "create", name, "--require-signing", "--generate-key")
    assert told["key_fingerprint"]
    spec = str(EXAMPLES / "greeter" / "greeter.spec")
    terminal.run("build", spec, "--publish", name, "--output", "signed")
    settled(terminal, name, packages=2)

    file = repo_file(terminal, name, "--token", told["token"])
    assert {"gpgcheck=1", "repo_gpgcheck=1", "username=reader"} <= set(file.read_text().splitlines())
    code, output = dnf(file)
    assert code == 0, output
    assert "greeter-1.0-1.noarch" in output
    # With another key than the one that signed dnf refuses both, so the checks are real.
    other = own_name("other")
    terminal.run("repo", "create", other, "--public", "--generate-key")
    file.write_text(file.read_text().replace(f"/repos/{name}/RPM-GPG-KEY", f"/repos/{other}/RPM-GPG-KEY"))
    code, output = dnf(file)
    assert code != 0, output
    assert "gpg" in output.lower(), output

    wrong = repo_file(terminal, name, "--token", "guessed")
    code, output = dnf(wrong)
    assert code != 0, output
    assert "401" in output, output


def settled(terminal: Terminal, name: str, *, packages: int) -> None:
    """Return once readers see so many packages."""
    deadline = time.monotonic() + 120
    while True:
        found = terminal.read("repo", "show", name)
        if found["packages"] == packages and found["revision"] == found["published_revision"]:
            return
        assert time.monotonic() < deadline, found


def test_a_repository_is_kept_from_the_command_line(terminal: Terminal) -> None:
    name = own_name("kept")
    assert "told this once" in terminal.run("repo", "create", name, "--keep", "2", "--description", "Mine")
    assert name in terminal.run("repo", "list", "--limit", "200")
    assert terminal.read("repo", "show", name)["keep_versions"] == 2
    assert "description" in terminal.run("repo", "show", name)
    assert "is signed by" in terminal.run("repo", "key", name, "--generate")
    assert "not signed" in terminal.run("repo", "key", name, "--drop")
    terminal.run("repo", "key", name, "--drop", "--generate", code=2)
    assert len(terminal.run("repo", "token", name).strip()) > 30
    terminal.run("repo", "unpublish", name, "none.rpm", code=5)
    assert "package-not-found" in terminal.errors
    assert "deleted" in terminal.run("repo", "rm", name)
    terminal.run("repo", "show", name, code=5)
    assert "repository-not-found" in terminal.errors
