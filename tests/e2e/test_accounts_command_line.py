"""Accounts by command line, on a real server: from `login` with a code to the record of it all."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from eulermaker.features.accounts import totp
from eulermaker.kernel.call import Role
from tests.api.people import add_user, signed_in
from tests.server import PASSWORD, ServerProcess

SECONDS = 120
FAILED = 5


class CommandLine:
    """`eulermaker` as one user of this machine."""

    def __init__(self, url: str, home: Path) -> None:
        self._environment = {
            **os.environ,
            "EULERMAKER_URL": url,
            "EULERMAKER_LANGUAGE": "en",
            "XDG_CONFIG_HOME": str(home),
        }

    def run(self, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            [sys.executable, "-m", "eulermaker", *arguments],
            input=typed,
            capture_output=True,
            text=True,
            env=self._environment,
            timeout=SECONDS,
            check=False,
        )

    def json(self, *arguments: str, typed: str = "") -> dict[str, object]:
        """What a command that succeeds tells programs."""
        done = self.run(*arguments, "--json", typed=typed)
        assert done.returncode == 0, done.stderr
        told: dict[str, object] = json.loads(done.stdout)
        return told


@pytest.fixture
def shell(shared_server: ServerProcess, tmp_path: Path) -> CommandLine:
    """Somebody who is signed in as the administrator."""
    line = CommandLine(shared_server.url, tmp_path)
    signed = line.run("login", "--username", "admin", "--password-stdin", typed=f"{PASSWORD}\n")
    assert signed.returncode == 0, signed.stderr
    return line


def test_from_an_account_to_its_end(shell: CommandLine, shared_server: ServerProcess, tmp_path: Path) -> None:
    assert shell.run("whoami").stdout == f"admin (root) at {shared_server.url}\n"
    typed = f"{PASSWORD}\n"
    made = shell.json(
        "users", "add", "shell-li", "--email", "shell-li@example.org", "--password-stdin", typed=typed
    )
    identifier = str(made["id"])
    assert (made["username"], made["role"], made["status"]) == ("shell-li", "user", "active")
    assert shell.json("users", "role", identifier, "operator")["role"] == "operator"
    assert "shell-li@example.org" in shell.run("users", "list", "--search", "shell-li").stdout
    li = CommandLine(shared_server.url, tmp_path / "li")
    assert li.run("login", "--username", "shell-li", "--password-stdin", typed=typed).returncode == 0
    assert shell.json("users", "pause", identifier, "--reason", "left")["status"] == "disabled"
    refused = li.run("whoami")
    assert refused.returncode == FAILED
    assert "[account-suspended]" in refused.stderr
    assert shell.json("users", "resume", identifier)["status"] == "active"
    assert shell.run("users", "rm", identifier).returncode == 0
    missing = shell.run("users", "rm", identifier)
    assert (missing.returncode, "[user-not-found]" in missing.stderr) == (FAILED, True)
    found = shell.run("audit", "list", "--action", "user").stdout
    assert "user.delete" in found
    assert "user.suspend" in found
    exported = shell.run("audit", "export", "--user", "admin", "--action", "user").stdout.splitlines()
    assert [json.loads(line)["action"] for line in exported][-1] == "user.delete"
    assert shell.run("audit", "export", "--format", "csv").stdout.startswith("at,user_id,username,action")


def test_keys_are_shown_once_and_replace_a_sign_in(shell: CommandLine, shared_server: ServerProcess) -> None:
    created = shell.run("keys", "create", "shell", "--scope", "builds:read", "--days", "7")
    key = created.stdout.strip()
    assert key.startswith("emk_")
    with shared_server.client(token=key) as client:
        assert client.get("/api/v1/builds").status_code == 200
        assert client.get("/api/v1/containers").status_code == 403
    listed = shell.run("keys", "list").stdout
    assert key not in listed
    identifier = next(line.split()[0] for line in listed.splitlines() if " shell " in f" {line} ")
    rotated = shell.run("keys", "rotate", identifier, "--overlap", "0").stdout.strip()
    with shared_server.client() as client:
        assert client.get("/api/v1/builds", headers={"X-API-Key": key}).status_code == 401
        assert client.get("/api/v1/builds", headers={"X-API-Key": rotated}).status_code == 200


def test_login_takes_the_code_of_a_second_factor(shared_server: ServerProcess, tmp_path: Path) -> None:
    add_user(shared_server, "shell-mfa", Role.USER, email="shell-mfa@example.org")
    with signed_in(shared_server, "shell-mfa") as client:
        provisioning = client.post("/api/auth/mfa/totp/provision").json()
        secret, now = provisioning["secret"], datetime.now(UTC)
        body = {"token": provisioning["token"], "code": totp.code_at(secret, totp.step_at(now) - 1)}
        assert client.post("/api/auth/mfa/totp/verify", json=body).status_code == 200
    line = CommandLine(shared_server.url, tmp_path)
    login = ("login", "--username", "shell-mfa", "--password-stdin")
    without = line.run(*login, typed=f"{PASSWORD}\n")
    assert (without.returncode, "[mfa-required]" in without.stderr) == (FAILED, True)
    code = totp.code_at(secret, totp.step_at(datetime.now(UTC)) + 1)
    assert line.run(*login, "--code", code, typed=f"{PASSWORD}\n").returncode == 0
    assert line.run("whoami").stdout.startswith("shell-mfa (user)")


def test_logout_ends_the_session_on_the_server(shell: CommandLine, tmp_path: Path) -> None:
    saved = json.loads((tmp_path / "eulermaker" / "credentials.json").read_text())
    kept = CommandLine(saved["url"], tmp_path / "copy")
    (tmp_path / "copy" / "eulermaker").mkdir(parents=True)
    (tmp_path / "copy" / "eulermaker" / "credentials.json").write_text(json.dumps(saved))
    assert shell.run("logout").returncode == 0
    refused = kept.run("whoami")
    assert refused.returncode == FAILED
    assert "[session-ended]" in refused.stderr
