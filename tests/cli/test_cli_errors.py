"""`errors …` on a real server's catalogue, in both languages."""

import json
from collections.abc import Callable

import httpx
import pytest
from typer.testing import Result

from tests.cli.conftest import run
from tests.server import ServerProcess

Errors = Callable[..., Result]


@pytest.fixture
def errors(shared_server: ServerProcess, admin_token: str, monkeypatch: pytest.MonkeyPatch) -> Errors:
    """Runs `errors …` as the administrator of the shared server."""
    monkeypatch.setenv("EULERMAKER_URL", shared_server.url)
    monkeypatch.setenv("EULERMAKER_TOKEN", admin_token)
    return lambda *arguments: run("errors", *arguments)


def test_codes_are_listed(errors: Errors) -> None:
    listed = errors("list", "--family", "004", "--status", "401")
    assert listed.exit_code == 0
    assert "E105" in listed.stdout
    assert "E001" not in listed.stdout
    whole = json.loads(errors("list", "--family", "004", "--json").stdout)
    assert whole["total"] == len(whole["errors"]) > 30
    assert json.loads(errors("list", "--planned", "--family", "001", "--json").stdout)["total"] == 9


def test_a_code_is_explained_in_the_users_language(errors: Errors, monkeypatch: pytest.MonkeyPatch) -> None:
    english = errors("show", "E105").stdout
    assert "What to do: Wait until the lock ends" in english
    assert "lockoutTime, remainingTime" in english
    monkeypatch.setenv("EULERMAKER_LANGUAGE", "zh")
    assert "如何处理: 等待锁定结束" in errors("show", "E105").stdout


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("003/invalid_token", {("003", 400), ("003", 401)}),
        ("build-step-failed", {("000", 500), ("001", 500), ("002", 500), ("003", 500), ("004", 500)}),
        ("无效 Token", {("002", 401)}),
    ],
)
def test_a_code_is_found_by_family_name_or_slug(
    errors: Errors, code: str, told: set[tuple[str, int]]
) -> None:
    found = json.loads(errors("show", code, "--json").stdout)
    assert {(each["family"], each["status"]) for each in found} == told


def test_a_code_that_is_none_is_told(errors: Errors) -> None:
    ended = errors("show", "E999")
    assert ended.exit_code == 2
    assert "eulermaker errors list" in ended.stderr


def test_what_clients_were_told(errors: Errors, admin: httpx.Client) -> None:
    request = admin.get("/api/v1/builds/build_000000000000").headers["X-Request-ID"]
    stats = errors("stats", "--slug", "build-not-found")
    assert stats.exit_code == 0
    assert "/api/v1/builds/{build}" in stats.stdout
    counted = json.loads(errors("stats", "--code", "RESOURCE_NOT_FOUND", "--json").stdout)
    assert counted["occurrences"] >= 1
    found = errors("lookup", request)
    assert "build-not-found" in found.stdout
    assert json.loads(errors("lookup", request, "--json").stdout)["occurrences"][0]["status"] == 404
    missing = errors("lookup", "req_nobody")
    assert missing.exit_code == 5
    assert "failed-request-not-found" in missing.stderr
