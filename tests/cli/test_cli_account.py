"""Signing in and out, and the file between commands."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.cli.conftest import run
from tests.client.server import Server

PASSWORD = "correct horse\n"


def login(url: str, *more: str) -> None:
    result = run("login", "--url", url, "--username", "admin", "--password-stdin", *more, input=PASSWORD)
    assert result.exit_code == 0, result.output


def test_login_leaves_a_session_for_later_commands(url: str, server: Server, credentials: Path) -> None:
    server.stored()
    login(url)
    assert credentials.stat().st_mode & 0o777 == 0o600
    assert credentials.parent.stat().st_mode & 0o777 == 0o700
    assert run("builds", "show", "build_1", "--json").exit_code == 0
    assert server.requests("GET /builds/build_1")[0].headers["Authorization"] == "Bearer access-1"


def test_login_prints_no_token(url: str) -> None:
    result = run("login", "--url", url, "--username", "admin", "--password-stdin", "--json", input=PASSWORD)
    assert json.loads(result.stdout) == {"url": url, "username": "admin"}
    assert result.stderr == ""


def test_a_wrong_password(url: str, credentials: Path) -> None:
    result = run("login", "--url", url, "--username", "admin", "--password-stdin", input="wrong\n")
    assert result.exit_code == 5
    assert result.stderr == "error: Wrong credentials! [wrong-credentials] (request req-7)\n"
    assert not credentials.exists()


@pytest.mark.parametrize(
    ("arguments", "input"),
    [
        (["--username", "admin"], ""),
        (["--password-stdin"], PASSWORD),
        (["--username", "admin", "--password-stdin"], "\n"),
    ],
)
def test_without_a_terminal_nothing_is_asked(url: str, arguments: list[str], input: str) -> None:
    result = run("login", "--url", url, *arguments, input=input)
    assert result.exit_code == 2
    assert result.stderr.startswith("error: ")
    assert result.stdout == ""


def test_logout_forgets(url: str, credentials: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    login(url)
    monkeypatch.setenv("EULERMAKER_URL", url)
    assert run("logout").stdout == f"Signed out of {url}\n"
    assert not credentials.exists()
    result = run("builds", "list")
    assert result.exit_code == 5
    assert run("logout").stdout == "Nobody was signed in\n"


def test_the_token_goes_to_no_other_server(
    url: str, server: Server, credentials: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    login("http://localhost:" + url.rsplit(":", 1)[1])
    server.received.clear()
    monkeypatch.setenv("EULERMAKER_URL", url)
    assert run("builds", "list").exit_code == 5
    assert "Authorization" not in server.received[0].headers


def test_the_environment_beats_the_file(url: str, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    login(url)
    monkeypatch.setenv("EULERMAKER_TOKEN", " access-0\n")
    assert run("builds", "list").exit_code == 0
    assert server.received[-1].headers["Authorization"] == "Bearer access-0"


def test_a_renewed_token_is_kept(url: str, server: Server, credentials: Path) -> None:
    login(url)
    server.expire()
    assert run("builds", "list").exit_code == 0
    saved = json.loads(credentials.read_text())
    assert (saved["token"], saved["refresh_token"]) == ("access-2", "refresh-2")
    assert credentials.stat().st_mode & 0o777 == 0o600


def test_commands_side_by_side_do_not_sign_each_other_out(url: str, server: Server) -> None:
    login(url)
    server.expire()
    command = [
        sys.executable,
        "-c",
        "from eulermaker.cli.main import main; main()",
        "builds",
        "list",
        "--json",
    ]
    with ThreadPoolExecutor(4) as pool:
        ended = list(pool.map(lambda _: subprocess.run(command, capture_output=True, check=False), range(4)))
    assert [each.returncode for each in ended] == [0] * 4, [each.stderr for each in ended]
    assert not server.revoked


def test_a_session_that_is_over_says_what_to_do(url: str, server: Server) -> None:
    login(url)
    server.expire()
    server.revoked = True
    result = run("builds", "list")
    assert result.exit_code == 5
    assert result.stderr == "error: Session ended! [session-ended]; run: eulermaker login (request req-7)\n"


@pytest.mark.parametrize("content", ["{torn", "[]", "\xff"])
def test_a_damaged_file_is_told_and_mended_by_signing_in(url: str, credentials: Path, content: str) -> None:
    credentials.parent.mkdir(parents=True)
    credentials.write_text(content, encoding="latin-1")
    result = run("builds", "list")
    assert result.exit_code == 2
    assert "is damaged; run: eulermaker login" in result.stderr
    assert run("logout").exit_code == 0
    credentials.write_text(content, encoding="latin-1")
    login(url)
    assert run("builds", "list").exit_code == 0
