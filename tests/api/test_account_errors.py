"""Every error that the documents list for accounts, each provoked by what really causes it.

A row of `account_rows.csv` without a provoker fails the suite. Each is asked for in its family's own
dialect and as problem+json, in Chinese and in English.
"""

import csv
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from eulermaker.features.accounts import faults as accounts
from eulermaker.features.accounts import totp
from eulermaker.kernel.call import Role
from tests.api.accounts_stage import Headers, Stage, stage
from tests.api.answers import MOMENT, is_chinese
from tests.server import PASSWORD

ROWS = Path(__file__).with_name("account_rows.csv")
PROBLEM = "application/problem+json"
NEW = "a password of some length"
Provoke = Callable[[Stage, Headers], httpx.Response]


@dataclass(frozen=True)
class Row:
    """One documented error."""

    family: str
    code: str
    status: int
    extras: tuple[str, ...]

    @property
    def id(self) -> str:
        """Its name in the report."""
        return f"{self.family} {self.code}"


def rows() -> list[Row]:
    """All that accounts have to provoke."""
    with ROWS.open(encoding="utf-8", newline="") as file:
        return [
            Row(one["family"], one["code"], int(one["status"]), tuple(one["extras"].split()))
            for one in csv.DictReader(file)
        ]


@pytest.fixture(scope="module")
def scene(database_kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The servers, with whatever they speak to."""
    with stage(database_kind, tmp_path_factory.mktemp("scene")) as found:
        yield found


def ask(
    scene: Stage,
    headers: Headers,
    method: str,
    path: str,
    body: object = None,
    *,
    as_: str = "",
    austere: bool = False,
) -> httpx.Response:
    """One request."""
    with scene.client(headers, as_=as_, austere=austere) as client:
        return client.request(method, path, json=body)


def login(scene: Stage, headers: Headers, name: str, password: str, family: str) -> httpx.Response:
    """One attempt to sign in."""
    path = {"000": "/api/v1/auth/login", "003": "/api/auth/login", "004": "/v1/auth/login"}[family]
    key = {"000": "username", "003": "identifier", "004": "username"}[family]
    return ask(scene, headers, "POST", path, {key: name, "password": password})


def locked(scene: Stage, headers: Headers, family: str) -> httpx.Response:
    """What the fifth miss is answered with."""
    name = scene.somebody()
    for _ in range(4):
        login(scene, {}, name, "wrong", "000")
    return login(scene, headers, name, "wrong", family)


def suspended(scene: Stage, headers: Headers, path: str) -> httpx.Response:
    """What the session of a suspended account is answered with."""
    name = scene.somebody()
    scene.token(name)
    identifier = ask(scene, {}, "GET", "/api/v1/auth/me", as_=name).json()["data"]["id"]
    paused = ask(scene, {}, "POST", f"/api/auth/admin/users/{identifier}/pause", {"reason": "x"}, as_="admin")
    assert paused.status_code == 200, paused.text
    return ask(scene, headers, "GET", path, as_=name)


def with_token(scene: Stage, headers: Headers, path: str, token: str) -> httpx.Response:
    """What somebody with that token is told."""
    return ask(scene, {**headers, "Authorization": f"Bearer {token}"}, "GET", path)


def register(scene: Stage, headers: Headers, family: str = "003", **fields: str) -> httpx.Response:
    """One attempt to register."""
    fresh = f"n{secrets.token_hex(6)}"
    if family == "003":
        body = {"name": fresh, "email": f"{fresh}@example.org", "password": NEW, **fields}
        return ask(scene, headers, "POST", "/api/auth/register", body)
    if family == "004":
        body = {"username": fresh, "email": f"{fresh}@example.org", "password": NEW, **fields}
        return ask(scene, headers, "POST", "/v1/auth/register", body)
    body = {"name": fresh, "email": f"{fresh}@example.org", "password": NEW, **fields}
    return ask(scene, headers, "POST", "/api/v1/auth/register", body)


def unverified(scene: Stage, headers: Headers) -> httpx.Response:
    """Somebody signs in who has not shown the code from the e-mail."""
    name = f"n{secrets.token_hex(6)}"
    made = register(scene, {}, "000", name=name, email=f"{name}@example.org", password=PASSWORD)
    assert made.status_code == 201, made.text
    return login(scene, headers, name, PASSWORD, "003")


def user_lost(scene: Stage, headers: Headers) -> httpx.Response:
    """The user's row is gone while the session is known by heart."""
    name = scene.somebody()
    with scene.client(headers, as_=name) as client:
        assert client.get("/api/auth/session").status_code == 200
        scene.execute("DELETE FROM users WHERE username = :name", name=name)
        return client.get("/api/auth/session")


def wrong_mfa_code(scene: Stage, headers: Headers, *, times: int = 1) -> httpx.Response:
    """So many wrong codes; the last one's answer."""
    name = scene.somebody()
    secret = scene.enrolled(name)
    far = totp.code_at(secret, totp.step_at(datetime.now(UTC)) + 1000)
    ticket = scene.challenge(name)
    for _ in range(times - 1):
        ask(scene, {}, "POST", "/api/auth/mfa/verify", {"mfa_ticket": ticket, "code": far})
    return ask(scene, headers, "POST", "/api/auth/mfa/verify", {"mfa_ticket": ticket, "code": far})


def refusing_mail(scene: Stage, headers: Headers, path: str) -> httpx.Response:
    """The mail server takes no mail."""
    name = scene.somebody() if "reset" in path else f"n{secrets.token_hex(6)}"
    scene.mailbox.refusal = "554 no mail today"
    try:
        return ask(scene, headers, "POST", path, {"email": f"{name}@example.org"})
    finally:
        scene.mailbox.refusal = None


def oauth(scene: Stage, headers: Headers, provider: str) -> httpx.Response:
    """A provider that answers 500 somewhere."""
    scene.profiles.manner = "failing"
    try:
        with scene.client(headers) as client:
            return scene.come_back(client, provider)
    finally:
        scene.profiles.manner = "polite"


def second_writer(scene: Stage, headers: Headers) -> httpx.Response:
    """Somebody else wrote the settings first."""
    with scene.client(headers, as_="admin") as client:
        read = client.get("/api/auth/admin/settings").json()
        for _ in range(2):
            answer = client.post("/api/auth/admin/settings", json=read)
        return answer


def internal(scene: Stage, headers: Headers, path: str) -> httpx.Response:
    """A table is gone: a fault of ours."""
    scene.token("admin")
    scene.execute("ALTER TABLE sessions RENAME TO sessions_away")
    try:
        return ask(scene, headers, "GET", path, as_="admin")
    finally:
        scene.execute("ALTER TABLE sessions_away RENAME TO sessions")


def limited(scene: Stage, headers: Headers, path: str, method: str = "GET") -> httpx.Response:
    """So many requests that a quota is spent."""
    address = {"X-Forwarded-For": f"192.0.2.{secrets.randbelow(250)}"}
    with scene.client(address, austere=True) as client:
        for _ in range(61):
            if client.request(method, path).status_code == 429:
                break
        return client.request(method, path, headers=dict(headers))


def narrow_key(scene: Stage, headers: Headers) -> httpx.Response:
    """A key whose scopes leave out what it is used for."""
    key = new_key(scene, "admin", scopes=["builds:read"])
    return ask(scene, {**headers, "X-API-Key": key["key"]}, "GET", "/v1/users")


def new_key(scene: Stage, name: str, **fields: object) -> dict[str, Any]:
    """A new API key of somebody."""
    body = {"name": secrets.token_hex(6), **fields}
    answer = ask(scene, {}, "POST", "/v1/api-keys", body, as_=name)
    assert answer.status_code == 201, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


def expired_key(scene: Stage, headers: Headers) -> httpx.Response:
    """A key whose time is over."""
    key = new_key(scene, "admin", expiresInDays=1)
    past = datetime.now(UTC) - timedelta(days=2)
    scene.execute(
        "UPDATE api_keys SET expires_at = :past WHERE id = :id", past=_kept(scene, past), id=key["id"]
    )
    return ask(scene, {**headers, "X-API-Key": key["key"]}, "GET", "/v1/users/me")


def _kept(scene: Stage, moment: datetime) -> object:
    """A moment as the database keeps it."""
    postgres = "postgresql" in scene.server.environment.get("EULERMAKER_DATABASE_URL", "")
    return moment if postgres else moment.strftime("%Y-%m-%d %H:%M:%S.%f")


def key_twice(scene: Stage, headers: Headers) -> httpx.Response:
    """Two keys of one name."""
    key = new_key(scene, "admin")
    return ask(scene, headers, "POST", "/v1/api-keys", {"name": key["name"]}, as_="admin")


def boss(scene: Stage) -> str:
    """The name of an administrator who is not root."""
    return scene.somebody(Role.ADMIN)


def id_of(scene: Stage, name: str) -> str:
    """The id of somebody."""
    return str(ask(scene, {}, "GET", "/api/v1/auth/me", as_=name).json()["data"]["id"])


def root_email(scene: Stage, headers: Headers) -> httpx.Response:
    """Root for another address than the one that it is kept for."""
    body = {"username": "other-root", "email": "other@example.org", "role": "root"}
    return ask(scene, headers, "POST", "/api/auth/admin/users", body, as_="admin", austere=True)


def raw(scene: Stage, headers: Headers, path: str, *, as_: str = "") -> httpx.Response:
    """A body that is no JSON."""
    with scene.client({**headers, "Content-Type": "application/json"}, as_=as_) as client:
        return client.post(path, content=b'{"email":')


PROVOKED: Mapping[tuple[str, str], Provoke] = {
    ("000", "INVALID_REQUEST"): lambda s, h: ask(s, h, "POST", "/api/v1/auth/register", {"password": "x"}),
    ("000", "UNAUTHORIZED"): lambda s, h: ask(s, h, "GET", "/api/v1/auth/me"),
    ("000", "FORBIDDEN"): lambda s, h: locked(s, h, "000"),
    ("000", "RESOURCE_NOT_FOUND"): lambda s, h: ask(
        s, h, "DELETE", "/api/v1/auth/sessions/session_0", as_="admin"
    ),
    ("000", "RESOURCE_CONFLICT"): lambda s, h: register(s, h, "000", name="admin"),
    ("000", "RATE_LIMIT_EXCEEDED"): lambda s, h: limited(s, h, "/api/v1/auth/login", "POST"),
    ("000", "INTERNAL_ERROR"): lambda s, h: internal(s, h, "/api/v1/auth/sessions"),
    ("002", "邮箱或密码错误"): lambda s, h: login(s, h, s.somebody(), "wrong", "000"),
    ("002", "账户已被锁定"): lambda s, h: locked(s, h, "000"),
    ("002", "该邮箱已注册"): lambda s, h: register(s, h, "000", email=f"{s.somebody()}@example.org"),
    ("002", "Token 已过期"): lambda s, h: with_token(
        s, h, "/api/v1/auth/me", s.signed(age=timedelta(hours=1))
    ),
    ("002", "无效 Token"): lambda s, h: with_token(s, h, "/api/v1/auth/me", f"{s.signed()[:-8]}AAAAAAAA"),
    ("002", "请求过于频繁，请稍后重试"): lambda s, h: limited(s, h, "/api/v1/auth/policy"),
    ("002", "登录尝试过多"): lambda s, h: limited(s, h, "/api/v1/auth/login", "POST"),
    ("002", "(validation)"): lambda s, h: ask(s, h, "POST", "/api/v1/auth/login", {"email": "a@b.cn"}),
    ("003", "credentials_in_query"): lambda s, h: ask(s, h, "POST", "/api/auth/login?password=x", {}),
    ("003", "missing_credentials"): lambda s, h: ask(s, h, "POST", "/api/auth/login", {"identifier": "x"}),
    ("003", "user_not_found"): lambda s, h: ask(
        s, h, "POST", "/api/auth/admin/users/user_none/pause", as_="admin"
    ),
    ("003", "invalid_credentials"): lambda s, h: login(s, h, s.somebody(), "wrong", "003"),
    ("003", "email_not_verified"): unverified,
    ("003", "session_token_required"): lambda s, h: ask(s, h, "GET", "/api/auth/session"),
    ("003", "invalid_session"): lambda s, h: with_token(s, h, "/api/auth/session", s.signed()),
    ("003", "session_user_lookup_failed"): user_lost,
    ("003", "invalid_request"): lambda s, h: raw(s, h, "/api/auth/login"),
    ("003", "invalid_email"): lambda s, h: register(s, h, email="nobody"),
    ("003", "password_too_short"): lambda s, h: register(s, h, password="short", code="123456"),
    ("003", "missing authorization header"): lambda s, h: ask(s, h, "GET", "/api/auth/users"),
    ("003", "invalid or expired token"): lambda s, h: with_token(s, h, "/api/auth/users", "forged"),
    ("003", "mfa_ticket_required"): lambda s, h: ask(s, h, "POST", "/api/auth/mfa/verify", {"code": "1"}),
    ("003", "mfa_code_required"): lambda s, h: ask(s, h, "POST", "/api/auth/mfa/verify", {"mfaToken": "x"}),
    ("003", "invalid_mfa_ticket"): lambda s, h: ask(
        s, h, "POST", "/api/auth/mfa/verify", {"mfaToken": "unknown", "code": "123456"}
    ),
    ("003", "invalid_mfa_token"): lambda s, h: ask(
        s, h, "POST", "/api/auth/mfa/totp/verify", {"token": "unknown", "code": "123456"}, as_="admin"
    ),
    ("003", "invalid_mfa_code"): wrong_mfa_code,
    ("003", "mfa_challenge_locked"): lambda s, h: wrong_mfa_code(s, h, times=5),
    ("003", "mfa_not_enabled"): lambda s, h: ask(
        s, h, "POST", "/api/auth/mfa/disable", {"code": "123456"}, as_="admin"
    ),
    ("003", "verification_required"): register,
    ("003", "invalid_code"): lambda s, h: register(s, h, code="000000"),
    ("003", "verification_failed"): lambda s, h: refusing_mail(s, h, "/api/auth/register/send"),
    ("003", "email_already_exists"): lambda s, h: ask(
        s, h, "POST", "/api/auth/register/send", {"email": f"{s.somebody()}@example.org"}
    ),
    ("003", "name_already_exists"): lambda s, h: ask(
        s, h, "POST", "/api/auth/admin/users", {"username": "adm1n".replace("1", "i")}, as_="admin"
    ),
    ("003", "password_reset_failed"): lambda s, h: refusing_mail(s, h, "/api/auth/password/reset"),
    ("003", "invalid_token"): lambda s, h: ask(
        s, h, "POST", "/api/auth/password/reset/confirm", {"token": "used", "password": NEW}
    ),
    ("003", "provider_not_found"): lambda s, h: ask(s, h, "GET", "/api/auth/oauth/login/nowhere"),
    ("003", "code_missing"): lambda s, h: ask(s, h, "GET", "/api/auth/oauth/callback/mock?state=x"),
    ("003", "oauth_exchange_failed"): lambda s, h: oauth(s, h, "broken"),
    ("003", "fetch_profile_failed"): lambda s, h: oauth(s, h, "plain"),
    ("003", "invalid_exchange_code"): lambda s, h: ask(
        s, h, "POST", "/api/auth/token/exchange", {"exchange_code": "used"}
    ),
    ("003", "token_service_unavailable"): lambda s, h: ask(
        s, h, "POST", "/api/auth/token/refresh", {"refresh_token": "x"}, austere=True
    ),
    ("003", "invalid_refresh_token"): lambda s, h: ask(
        s, h, "POST", "/api/auth/token/refresh", {"refresh_token": "x"}
    ),
    ("003", "forbidden"): lambda s, h: ask(s, h, "GET", "/api/auth/users", as_=s.somebody()),
    ("003", "root_only"): lambda s, h: ask(
        s, h, "POST", "/api/auth/admin/users", {"username": "fresh-root", "role": "root"}, as_=boss(s)
    ),
    ("003", "root_email_enforced"): root_email,
    ("003", "metrics_unavailable"): lambda s, h: ask(
        s, h, "GET", "/api/auth/admin/users/metrics", as_="admin", austere=True
    ),
    ("003", "read_only_account"): lambda s, h: ask(
        s, h, "POST", "/api/auth/mfa/totp/provision", as_=s.somebody(Role.READONLY)
    ),
    ("003", "account_suspended"): lambda s, h: suspended(s, h, "/api/auth/session"),
    ("003", "settings_conflict"): second_writer,
    ("004", "E000"): lambda s, h: internal(s, h, "/v1/users/me"),
    ("004", "E001"): lambda s, h: ask(s, h, "DELETE", "/v1/api-keys/key_none", as_="admin"),
    ("004", "E002"): lambda s, h: raw(s, h, "/v1/auth/login"),
    ("004", "E003"): lambda s, h: ask(s, h, "GET", "/v1/users/me"),
    ("004", "E004"): narrow_key,
    ("004", "E005"): key_twice,
    ("004", "E006"): lambda s, h: ask(s, h, "POST", "/v1/auth/login", {"username": "x"}),
    ("004", "E007"): lambda s, h: limited(s, h, "/v1/users/me"),
    ("004", "E100"): lambda s, h: with_token(s, h, "/v1/users/me", s.signed(age=timedelta(hours=1))),
    ("004", "E101"): lambda s, h: ask(s, {**h, "Authorization": "Basic YTpi"}, "GET", "/v1/users/me"),
    ("004", "E102"): lambda s, h: ask(s, {**h, "X-API-Key": "emk_none"}, "GET", "/v1/users/me"),
    ("004", "E103"): expired_key,
    ("004", "E104"): lambda s, h: login(s, h, s.somebody(), "wrong", "004"),
    ("004", "E105"): lambda s, h: locked(s, h, "004"),
    ("004", "E200"): lambda s, h: ask(s, h, "GET", "/v1/users/user_none", as_="admin"),
    ("004", "E201"): lambda s, h: register(s, h, "004", email=f"{s.somebody()}@example.org"),
    ("004", "E202"): lambda s, h: register(s, h, "004", username="admin"),
    ("004", "E203"): lambda s, h: ask(s, h, "GET", "/v1/users", as_=s.somebody()),
    ("004", "E204"): lambda s, h: suspended(s, h, "/v1/users/me"),
}


def test_every_row_has_a_provoker() -> None:
    assert [(row.family, row.code) for row in rows()] == list(PROVOKED)


def test_every_entry_of_accounts_says_the_same_in_both_languages() -> None:
    assert len({entry.slug for entry in accounts.ENTRIES}) == len(accounts.ENTRIES)


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.id)
def test_a_documented_error_is_what_really_happens(row: Row, scene: Stage) -> None:
    provoke = PROVOKED[row.family, row.code]
    own = {"X-Error-Dialect": "002"} if row.family == "002" and row.code != "(validation)" else {}
    slugs = set()
    for language in ("zh", "en"):
        answer = provoke(scene, {**own, "Accept-Language": language})
        assert answer.status_code == row.status, answer.text
        told = "zh" if row.family == "002" and row.code == "(validation)" else language
        assert answer.headers["Content-Language"] == told
        check_headers(answer)
        SHAPES[row.family](row, answer, told)
        slugs.add(answer.headers["X-Error-Code"])

        answer = provoke(scene, {"Accept-Language": language, "Accept": PROBLEM})
        assert answer.status_code == row.status, answer.text
        check_headers(answer)
        check_problem(row, answer, told)
        slugs.add(answer.headers["X-Error-Code"])
    assert len(slugs) == 1


def check_headers(answer: httpx.Response) -> None:
    """What every error carries."""
    headers = answer.headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Request-ID"]
    assert ("WWW-Authenticate" in headers) == (answer.status_code == 401)
    if answer.status_code == 429:
        assert int(headers["Retry-After"]) > 0


def check_message(text: str, language: str) -> None:
    """A sentence in the language that was asked for."""
    assert text
    assert is_chinese(text) == (language == "zh"), text


def check_problem(row: Row, answer: httpx.Response, language: str) -> None:
    """RFC 9457."""
    assert answer.headers["Content-Type"] == PROBLEM
    body = answer.json()
    assert body["status"] == row.status
    assert body["code"] == answer.headers["X-Error-Code"]
    assert body["type"].startswith("/api/v1/errors/")
    assert body["request_id"] == answer.headers["X-Request-ID"]
    check_message(body["detail"], language)


def check_000(row: Row, answer: httpx.Response, language: str) -> None:
    """000's body; on these routes with 002's text beside it."""
    body = answer.json()
    assert set(body) == {"success", "error", "timestamp", "trace_id", "detail"}
    assert body["success"] is False
    assert MOMENT.fullmatch(body["timestamp"])
    assert set(body["error"]) == {"code", "message", "details"}
    assert body["error"]["code"] == row.code
    assert is_chinese(body["detail"])
    check_message(body["error"]["message"], language)


def check_002(row: Row, answer: httpx.Response, language: str) -> None:
    """002's body: the documented text, or Pydantic's list."""
    body = answer.json()
    if row.code == "(validation)":
        assert list(body) == ["detail"]
        assert all(set(one) == set(row.extras) for one in body["detail"])
        return
    assert body == {"detail": row.code}


def check_003(row: Row, answer: httpx.Response, language: str) -> None:
    """003's body: code and message, and what the document adds to them."""
    body = answer.json()
    assert set(body) == {"error", "message", *row.extras}
    assert body["error"] == row.code
    check_message(body["message"], language)
    if "retryAt" in body:
        assert MOMENT.fullmatch(body["retryAt"])


def check_004(row: Row, answer: httpx.Response, language: str) -> None:
    """004's body, its details those of the document."""
    body = answer.json()
    assert set(body) == {"success", "error", "timestamp", "requestId"}
    assert body["success"] is False
    assert MOMENT.fullmatch(body["timestamp"])
    assert body["requestId"] == answer.headers["X-Request-ID"]
    assert set(body["error"]) == {"code", "message", "details"}
    assert body["error"]["code"] == row.code
    assert set(body["error"]["details"]) == set(row.extras)
    check_message(body["error"]["message"], language)


SHAPES: Mapping[str, Callable[[Row, httpx.Response, str], None]] = {
    "000": check_000,
    "002": check_002,
    "003": check_003,
    "004": check_004,
}
