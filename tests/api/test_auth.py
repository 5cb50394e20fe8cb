"""Signing in: tokens, their renewal, socket tickets, and everything that is no token."""

import base64
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from eulermaker.features.accounts.tokens import AccessTokens
from tests.api.answers import data_of, is_chinese, refusal_of, refused_fields
from tests.server import PASSWORD, ServerProcess

LOGIN, REFRESH, TICKET = "/api/v1/auth/login", "/api/v1/auth/refresh", "/api/v1/auth/ws-ticket"
WRONG = "not the password"


def test_login_by_each_name_gives_a_token_that_works(
    anonymous: httpx.Client, people: dict[str, httpx.Client]
) -> None:
    for name in (
        {"username": "owner"},
        {"email": "owner@example.org"},
        {"email": "Owner@Example.ORG"},
        {"identifier": "owner"},
        {"identifier": "owner@example.org"},
    ):
        data = data_of(anonymous.post(LOGIN, json={**name, "password": PASSWORD}))
        assert set(data) == {"token", "expires_in", "token_type", "refresh_token"}
        assert (data["expires_in"], data["token_type"]) == (3600, "Bearer")
        listed = anonymous.get("/api/v1/builds", headers=_bearer(data["token"]))
        assert listed.status_code == 200


def test_wrong_password_and_unknown_user_answer_alike(anonymous: httpx.Client) -> None:
    answers = [
        anonymous.post(LOGIN, json={"username": name, "password": WRONG}) for name in ("admin", "nobody")
    ]
    errors = [refusal_of(answer, 401, "UNAUTHORIZED", "wrong-credentials") for answer in answers]
    # How many tries are left is told of each alike, too.
    assert all(set(error.pop("details")) == {"remaining_attempts", "lockout_time"} for error in errors)
    assert errors[0] == errors[1]
    assert is_chinese(errors[0]["message"])
    assert answers[0].json()["detail"] == "邮箱或密码错误"


def test_refresh_token_works_once_and_its_reuse_ends_the_session(anonymous: httpx.Client) -> None:
    first = _login(anonymous)
    second = data_of(anonymous.post(REFRESH, json={"refresh_token": first["refresh_token"]}))
    assert set(second) == {"token", "expires_in", "token_type", "refresh_token"}
    assert anonymous.get("/api/v1/builds", headers=_bearer(second["token"])).status_code == 200

    again = anonymous.post(REFRESH, json={"refresh_token": first["refresh_token"]})

    refusal_of(again, 401, "UNAUTHORIZED", "refresh-token-invalid")
    # A thief and the owner can't be told apart: everything of the session is void.
    for token in (first["token"], second["token"]):
        ended = anonymous.get("/api/v1/builds", headers=_bearer(token))
        refusal_of(ended, 401, "UNAUTHORIZED", "session-ended")
    newest = anonymous.post(REFRESH, json={"refresh_token": second["refresh_token"]})
    refusal_of(newest, 401, "UNAUTHORIZED", "refresh-token-invalid")
    bearer = anonymous.post(REFRESH, headers=_bearer(second["token"]))
    refusal_of(bearer, 401, "UNAUTHORIZED", "session-ended")


def test_one_refresh_token_used_at_once_by_many_serves_one(
    shared_server: ServerProcess, anonymous: httpx.Client
) -> None:
    body = {"refresh_token": _login(anonymous)["refresh_token"]}
    with ThreadPoolExecutor(8) as pool:
        answers = pool.map(lambda _: httpx.post(f"{shared_server.url}{REFRESH}", json=body), range(8))
        assert sorted(answer.status_code for answer in answers) == [200] + [401] * 7


def test_bearer_refresh_renews_an_expired_token_of_a_living_session(
    shared_server: ServerProcess, anonymous: httpx.Client
) -> None:
    living = _login(anonymous)["token"]
    expired = _signed(shared_server, session=_claims(living)["sid"], age=timedelta(hours=2))
    refused = anonymous.get("/api/v1/builds", headers=_bearer(expired))
    refusal_of(refused, 401, "UNAUTHORIZED", "token-expired")

    renewed = data_of(anonymous.post(REFRESH, headers=_bearer(expired)))

    assert renewed["expires_in"] == 3600
    assert anonymous.get("/api/v1/builds", headers=_bearer(renewed["token"])).status_code == 200


def test_refresh_with_nothing_to_show_is_unauthenticated(anonymous: httpx.Client) -> None:
    for answer in (anonymous.post(REFRESH), anonymous.post(REFRESH, json={})):
        refusal_of(answer, 401, "UNAUTHORIZED", "token-missing")
    unknown = anonymous.post(REFRESH, json={"refresh_token": "x" * 43})
    refusal_of(unknown, 401, "UNAUTHORIZED", "refresh-token-invalid")


def test_ticket_is_short_lived_and_opaque(admin: httpx.Client, anonymous: httpx.Client) -> None:
    data = data_of(admin.post(TICKET))
    assert set(data) == {"ticket", "expires_in"}
    assert data["expires_in"] == 30
    assert "." not in data["ticket"]
    refusal_of(anonymous.post(TICKET), 401, "UNAUTHORIZED", "token-missing")
    # It opens sockets, nothing else.
    as_bearer = anonymous.get("/api/v1/builds", headers=_bearer(data["ticket"]))
    refusal_of(as_bearer, 401, "UNAUTHORIZED", "token-invalid")


def test_what_is_no_token_is_refused(shared_server: ServerProcess, anonymous: httpx.Client) -> None:
    genuine = _login(anonymous)["token"]
    header, payload, signature = genuine.split(".")
    claims = _claims(genuine)
    elevated = _encoded({**claims, "sub": "user_of_mine"})
    forged: dict[str, str] = {
        "another secret": AccessTokens("x" * 64).sign(
            session=claims["sid"], user="u", now=datetime.now(UTC), seconds=3600
        ),
        "alg none": f"{_encoded({'alg': 'none', 'typ': 'at+jwt'})}.{payload}.",
        "alg none, signed": f"{_encoded({'alg': 'none', 'typ': 'at+jwt'})}.{payload}.{signature}",
        "changed claims": f"{header}.{elevated}.{signature}",
        "truncated": genuine[:-4],
        "cut in two": f"{header}.{payload}",
        "another type": _resigned(shared_server, claims, typ="JWT"),
        "another audience": _resigned(shared_server, {**claims, "aud": "someone-else"}),
        "no session": _resigned(shared_server, {k: v for k, v in claims.items() if k != "sid"}),
        "no expiry": _resigned(shared_server, {k: v for k, v in claims.items() if k != "exp"}),
        "from the future": _signed(shared_server, session=claims["sid"], age=timedelta(hours=-2)),
        "not a token": "hello",
        "huge": "a" * 10_000,
        "not ASCII": "é.é.é",
    }
    for what, token in forged.items():
        header = httpx.Headers({"Authorization": f"Bearer {token}"}, encoding="latin-1")
        answer = anonymous.get("/api/v1/builds", headers=header)
        assert answer.headers["X-Error-Code"] == "token-invalid", what
        refusal_of(answer, 401, "UNAUTHORIZED", "token-invalid")
    # The control: what was changed above is what made the difference.
    unchanged = _resigned(shared_server, claims)
    assert anonymous.get("/api/v1/builds", headers=_bearer(unchanged)).status_code == 200
    stray = _signed(shared_server, session="session_000000000000", age=timedelta(0))
    refusal_of(anonymous.get("/api/v1/builds", headers=_bearer(stray)), 401, "UNAUTHORIZED", "session-ended")


@pytest.mark.parametrize("header", ["Basic YWRtaW46YWRtaW4=", "Bearer", "token abc", "abc"])
def test_authorization_that_is_no_bearer_is_malformed(anonymous: httpx.Client, header: str) -> None:
    answer = anonymous.get("/api/v1/builds", headers={"Authorization": header})
    error = refusal_of(answer, 401, "UNAUTHORIZED", "token-malformed")
    assert "Bearer <token>" in error["message"]
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


def test_login_validation_speaks_000_or_002_by_its_body(anonymous: httpx.Client) -> None:
    answer = anonymous.post(LOGIN, json={"username": "admin"})
    assert refused_fields(answer) == {"password": "缺少必填字段"}
    answer = anonymous.post(LOGIN, json={"password": "x"})
    assert list(refused_fields(answer)) == ["body"]

    by_email = anonymous.post(LOGIN, json={"email": "a@example.org"}, headers={"Accept-Language": "en"})

    assert by_email.status_code == 422
    assert by_email.json() == {
        "detail": [{"loc": ["body", "password"], "msg": "缺少必填字段", "type": "missing"}]
    }
    assert by_email.headers["Content-Language"] == "zh"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"username": "a" * 255, "password": "x"}, "username"),
        ({"username": "", "password": "x"}, "username"),
        ({"username": "a\0b", "password": "x"}, "username"),
        ({"username": ["admin"], "password": "x"}, "username"),
        ({"username": "admin", "password": "x" * 1025}, "password"),
        ({"username": "admin", "password": "\ud800"}, "password"),
        ({"username": "admin", "password": 1}, "password"),
    ],
)
def test_login_refuses_what_can_be_no_credentials(
    anonymous: httpx.Client, body: dict[str, Any], field: str
) -> None:
    answer = anonymous.post(LOGIN, content=json.dumps(body), headers={"Content-Type": "application/json"})
    assert list(refused_fields(answer)) == [field]


def test_no_secret_reaches_the_servers_log(
    shared_server: ServerProcess, anonymous: httpx.Client, admin: httpx.Client
) -> None:
    canary = "canary-7f3a9c51"
    tokens = _login(anonymous)
    ticket = data_of(admin.post(TICKET))["ticket"]
    forged = f"{tokens['token'][:-8]}AAAAAAAA"
    attempts: list[Callable[[], httpx.Response]] = [
        lambda: anonymous.post(LOGIN, json={"username": "admin", "password": canary}),
        lambda: anonymous.post(LOGIN, json={"username": "admin", "password": [canary]}),
        lambda: anonymous.post(LOGIN, content=f'{{"password": "{canary}", '),
        lambda: anonymous.post(REFRESH, json={"refresh_token": canary}),
        lambda: anonymous.get("/api/v1/builds", headers=_bearer(forged)),
        lambda: anonymous.get("/api/v1/builds", params={"limit": 0, "access_token": canary}),
        lambda: anonymous.get("/ws/builds/build_000000000000/logs", params={"ticket": ticket}),
    ]
    for attempt in attempts:
        answer = attempt()
        assert answer.status_code >= 400
        assert canary not in answer.text
    data_of(anonymous.post(REFRESH, json={"refresh_token": tokens["refresh_token"]}))

    log = shared_server.log()

    for secret in (canary, PASSWORD, tokens["token"], forged, tokens["refresh_token"], ticket):
        assert secret not in log


def test_first_administrator_has_a_generated_password_when_none_is_set(
    tmp_path: Path, database_url: str
) -> None:
    server = ServerProcess(tmp_path / "data", {"EULERMAKER_DATABASE_URL": database_url})
    del server.environment["EULERMAKER_ADMIN_PASSWORD"]
    with server.running():
        file = server.data_dir / "initial-admin-password"
        assert file.stat().st_mode & 0o777 == 0o600
        password = file.read_text().strip()
        answer = httpx.post(f"{server.url}{LOGIN}", json={"username": "admin", "password": password})
        assert answer.status_code == 200
        assert str(file) in server.log()
        assert password not in server.log()


def _login(client: httpx.Client) -> dict[str, Any]:
    data: dict[str, Any] = data_of(client.post(LOGIN, json={"username": "admin", "password": PASSWORD}))
    return data


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _secret(server: ServerProcess) -> str:
    return (server.data_dir / "secret-key").read_text().strip()


def _signed(server: ServerProcess, *, session: str, age: timedelta) -> str:
    now = datetime.now(UTC) - age
    return AccessTokens(_secret(server)).sign(session=session, user="user_x", now=now, seconds=3600)


def _resigned(server: ServerProcess, claims: dict[str, Any], *, typ: str = "at+jwt") -> str:
    return jwt.encode({"alg": "HS256", "typ": typ}, claims, OctKey.import_key(_secret(server).encode()))


def _claims(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


def _encoded(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def test_who_is_signed_in_is_told_what_the_role_allows(people: dict[str, httpx.Client]) -> None:
    told = {name: data_of(people[name].get("/api/v1/auth/me")) for name in ("owner", "readonly")}

    assert (told["owner"]["username"], told["owner"]["role"]) == ("owner", "user")
    assert {"containers:write", "terminals:use"} <= set(told["owner"]["permissions"])
    assert "containers:write-all" not in told["owner"]["permissions"]
    assert not [named for named in told["readonly"]["permissions"] if ":write" in named]
