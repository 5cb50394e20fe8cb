"""One fault in every dialect: the body changes, the status and the headers do not."""

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.answers import MOMENT, is_chinese, refusal_of
from tests.api.servers import tailored
from tests.server import IMAGE, ServerProcess, build

BUILDS = "/api/v1/builds"
LOGIN = "/api/v1/auth/login"
MISSING = f"{BUILDS}/build_000000000000"
PROBLEM = "application/problem+json"
DIALECTS = ("000", "001", "002", "003", "004", "problem")
#: What must never be told outside development.
INSIDE = re.compile(
    r"Traceback|File \"|site-packages|\.py\b|SELECT|INSERT|UPDATE|sqlite|asyncpg|/tmp/|/root/"
)


def test_missing_resource_in_every_dialect(shared_server: ServerProcess, admin: httpx.Client) -> None:
    bodies = _bodies(admin, "GET", MISSING, status=404, slug="build-not-found")
    message = "There is no build build_000000000000; check the id"
    details = {"build_id": "build_000000000000", "resource_type": "build"}
    assert bodies["000"]["error"] == {"code": "RESOURCE_NOT_FOUND", "message": message, "details": details}
    assert bodies["001"] == {
        "success": False,
        "code": 1002,
        "name": "RecordNotExistError",
        "message": message,
        "details": details,
        "trace_id": bodies["001"]["trace_id"],
    }
    assert bodies["002"] == {"detail": "资源不存在"}
    assert bodies["003"] == {"error": "not_found", "message": message}
    assert set(bodies["004"]) == {"success", "error", "timestamp", "requestId"}
    named = {"resource": "build", "resourceId": "build_000000000000"}
    assert bodies["004"]["error"] == {"code": "E001", "message": message, "details": named}
    assert MOMENT.fullmatch(bodies["004"]["timestamp"])
    problem = bodies["problem"]
    assert {key: problem[key] for key in problem if key not in ("request_id", "trace_id")} == {
        "type": "/api/v1/errors/000/RESOURCE_NOT_FOUND#build-not-found",
        "title": "Build not found",
        "status": 404,
        "detail": message,
        "instance": MISSING,
        "code": "build-not-found",
        "retryable": False,
        "retry_after": None,
        "details": details,
    }
    # What `type` points to is there.
    described = admin.get(problem["type"]).json()["data"]
    assert (described["code"], described["status"]) == ("RESOURCE_NOT_FOUND", 404)
    fault = next(each for each in described["faults"] if each["slug"] == "build-not-found")
    assert fault["families"]["000"] == {"status": 404, "code": "RESOURCE_NOT_FOUND", "origin": "document"}


def test_refused_fields_in_every_dialect(admin: httpx.Client) -> None:
    bodies = _bodies(admin, "GET", f"{BUILDS}?limit=0", status=400, slug="invalid-request")
    sentence = "Input should be greater than or equal to 1"
    assert bodies["000"]["error"]["details"] == {"field_errors": {"limit": sentence}}
    assert (bodies["001"]["code"], bodies["001"]["details"]) == (1001, {"field_errors": {"limit": sentence}})
    assert bodies["002"] == {
        "detail": [{"loc": ["query", "limit"], "msg": sentence, "type": "greater_than_equal"}]
    }
    assert bodies["003"]["error"] == "invalid_request"
    assert bodies["004"]["error"]["code"] == "E006"
    assert bodies["004"]["error"]["details"] == {"errors": [{"field": "limit", "message": sentence}]}
    assert bodies["problem"]["details"] == {"field_errors": {"limit": sentence}}


def test_conflict_and_authentication_in_every_dialect(anonymous: httpx.Client, admin: httpx.Client) -> None:
    draft = build(admin, f"FROM {IMAGE}\n", execute=False)
    admin.post(f"{BUILDS}/{draft}/cancel")
    bodies = _bodies(admin, "POST", f"{BUILDS}/{draft}/execute", status=409, slug="build-state-conflict")
    assert {dialect: _code(body) for dialect, body in bodies.items()} == {
        "000": "RESOURCE_CONFLICT",
        "001": 1005,
        "002": "资源冲突",
        "003": "conflict",
        "004": "E005",
        "problem": "build-state-conflict",
    }
    bodies = _bodies(anonymous, "GET", BUILDS, status=401, slug="token-missing")
    assert {dialect: _code(body) for dialect, body in bodies.items()} == {
        "000": "UNAUTHORIZED",
        "001": 1003,
        "002": "无效 Token",
        "003": "session_token_required",
        "004": "E003",
        "problem": "token-missing",
    }


def test_malformed_json_in_every_dialect(admin: httpx.Client) -> None:
    bodies = _bodies(admin, "POST", BUILDS, status=400, slug="malformed-body", content='{"name":')
    assert {dialect: _code(body) for dialect, body in bodies.items()} == {
        "000": "INVALID_REQUEST",
        "001": 1001,
        "002": "请求参数无效",
        "003": "invalid_request",
        "004": "E002",
        "problem": "malformed-body",
    }


def test_accept_beats_the_header_which_beats_the_family(admin: httpx.Client) -> None:
    def shape(**headers: str) -> tuple[str, set[str]]:
        answer = admin.get(MISSING, headers=headers)
        assert answer.status_code == 404
        return answer.headers["Content-Type"], set(answer.json())

    of_000 = ("application/json", {"success", "error", "timestamp", "trace_id"})
    problem_type, problem_keys = shape(Accept=PROBLEM)
    assert problem_type == PROBLEM
    assert {"type", "title", "status", "detail", "instance"} <= problem_keys
    assert shape(**{"Accept": f"application/json, {PROBLEM};q=0.5", "X-Error-Dialect": "003"})[0] == PROBLEM
    assert shape(**{"Accept": "application/json", "X-Error-Dialect": "002"})[1] == {"detail"}
    assert shape() == of_000
    for unknown in ("005", "", "problem+json", "000,001"):
        assert shape(**{"X-Error-Dialect": unknown}) == of_000


def test_login_is_000s_and_002s_at_once(anonymous: httpx.Client) -> None:
    answer = anonymous.post(LOGIN, json={"email": "nobody@example.org", "password": "wrong"})
    error = refusal_of(answer, 401, "UNAUTHORIZED", "wrong-credentials")
    assert answer.json()["detail"] == "邮箱或密码错误"
    assert is_chinese(error["message"])
    english = anonymous.post(
        LOGIN, json={"username": "nobody", "password": "wrong"}, headers={"Accept-Language": "en"}
    )
    assert english.json()["detail"] == "邮箱或密码错误"
    assert not is_chinese(english.json()["error"]["message"])
    # Only there, and only in the body that both share.
    assert "detail" not in anonymous.get(BUILDS).json()
    for dialect in ("001", "003", "004"):
        chosen = anonymous.post(
            LOGIN,
            json={"username": f"nobody-{dialect}", "password": "wrong"},
            headers={"X-Error-Dialect": dialect},
        )
        assert chosen.status_code == 401
        assert "detail" not in chosen.json()
    refused = anonymous.post(LOGIN, json={"email": "a@b"}, headers={"X-Error-Dialect": "000"})
    assert refused.status_code == 422
    assert list(refused.json()["error"]["details"]["field_errors"]) == ["password"]


@pytest.mark.parametrize(
    ("wanted", "language"),
    [
        (None, "zh"),
        ("en", "en"),
        ("en-GB,en;q=0.9", "en"),
        ("zh-CN", "zh"),
        ("zh;q=0.5, en;q=0.8", "en"),
        ("fr, en;q=0.1", "en"),
        ("fr, de", "zh"),
        ("en;q=0, *", "zh"),
        ("en;q=nonsense", "zh"),
        ("*", "zh"),
    ],
)
def test_language_is_the_clients_choice(chinese: httpx.Client, wanted: str | None, language: str) -> None:
    headers = {} if wanted is None else {"Accept-Language": wanted}
    answer = chinese.get(MISSING, headers=headers)
    assert answer.headers["Content-Language"] == language
    assert is_chinese(answer.json()["error"]["message"]) == (language == "zh")


def test_default_language_is_a_setting(database_kind: str, tmp_path: Path) -> None:
    with tailored(database_kind, tmp_path / "data", {"EULERMAKER_LANGUAGE": "en"}) as server:
        assert not is_chinese(httpx.get(f"{server.url}{BUILDS}").json()["error"]["message"])
        chosen = httpx.get(f"{server.url}{BUILDS}", headers={"Accept-Language": "zh"})
        assert is_chinese(chosen.json()["error"]["message"])


def test_errors_of_ours_tell_nothing_of_the_inside_and_keep_the_connection(
    shared_server: ServerProcess, admin: httpx.Client
) -> None:
    broken = _broken(shared_server, admin)
    for dialect in DIALECTS:
        answer = admin.get(f"{BUILDS}/{broken}/logs", headers={"X-Error-Dialect": dialect})
        assert answer.status_code == 500
        assert answer.headers["X-Error-Code"] == "internal"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Retry-After" not in answer.headers
        assert not INSIDE.search(answer.text), answer.text
    error = refusal_of(admin.get(f"{BUILDS}/{broken}/logs"), 500, "INTERNAL_ERROR", "internal")
    assert error["details"] == {}
    # The administrator finds it by the request's id, told once.
    answer = admin.get(f"{BUILDS}/{broken}/logs", headers={"X-Request-ID": "find-me-1"})
    assert answer.headers["X-Request-ID"] == "find-me-1"
    logged = [json.loads(line) for line in shared_server.log().splitlines() if "find-me-1" in line]
    (failed,) = [line for line in logged if "exception" in line]
    assert failed["event"] == "request.failed"
    assert "IsADirectoryError" in failed["exception"]


def test_stack_is_told_in_development_and_in_004_only(database_kind: str, tmp_path: Path) -> None:
    settings = {"EULERMAKER_ENVIRONMENT": "development"}
    with tailored(database_kind, tmp_path / "data", settings) as server, server.signed_in() as client:
        broken = _broken(server, client)
        for dialect in DIALECTS:
            answer = client.get(f"{BUILDS}/{broken}/logs", headers={"X-Error-Dialect": dialect})
            assert ("Traceback" in answer.text) == (dialect == "004")


def test_refusals_tell_nothing_of_the_inside(admin: httpx.Client) -> None:
    for method, path, body in (
        ("POST", BUILDS, {"name": "x", "dockerfile_content": "RUN"}),
        ("POST", BUILDS, {"name": "x", "spec_content": "Name: x"}),
        ("POST", BUILDS, {"name": 1}),
        ("GET", MISSING, None),
        ("GET", f"{BUILDS}?limit=x", None),
    ):
        for dialect in DIALECTS:
            answer = admin.request(method, path, json=body, headers={"X-Error-Dialect": dialect})
            assert answer.status_code in (400, 404)
            assert not INSIDE.search(answer.text), answer.text


def _broken(server: ServerProcess, client: httpx.Client) -> str:
    """A build whose log cannot be read: something got in between on the disk."""
    identifier = build(client, f"FROM {IMAGE}\n", execute=False)
    (server.data_dir / "builds" / identifier / "log.ndjson").mkdir()
    return identifier


def _bodies(
    client: httpx.Client, method: str, path: str, *, status: int, slug: str, **request: Any
) -> dict[str, Any]:
    """The body in each dialect; status and headers are checked to be the same in all."""
    bodies = {}
    for dialect in DIALECTS:
        headers = {"X-Error-Dialect": dialect, "Content-Type": "application/json"}
        answer = client.request(method, path, headers=headers, **request)
        assert answer.status_code == status, answer.text
        assert answer.headers["X-Error-Code"] == slug
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Content-Language"] in ("zh", "en")
        assert {"Accept", "Accept-Language", "X-Error-Dialect"} <= set(answer.headers["Vary"].split(", "))
        assert ("WWW-Authenticate" in answer.headers) == (status == 401)
        assert answer.headers["Content-Type"] == (PROBLEM if dialect == "problem" else "application/json")
        bodies[dialect] = answer.json()
    return bodies


def _code(body: dict[str, Any]) -> Any:
    error = body.get("error")
    if isinstance(error, dict):
        return error["code"]
    return error or body.get("code") or body["detail"]
