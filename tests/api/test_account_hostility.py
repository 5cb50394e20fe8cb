"""What people send who mean no good: clear refusals, nothing stored, no secret anywhere, sockets that end."""

import json
import secrets
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from eulermaker.kernel.call import Role
from tests.api.accounts_stage import Stage, stage
from tests.api.people import add_user, signed_in
from tests.server import PASSWORD, ServerProcess

NEW = "a password of some length"
SQL = ("' OR 1=1 --", "'; DROP TABLE users; --", '" OR ""="', "x' UNION SELECT password_hash FROM users --")
POSTS = (
    "/api/v1/auth/login", "/api/v1/auth/register", "/api/v1/auth/register/verify", "/api/v1/auth/refresh",
    "/api/v1/auth/password/reset", "/api/v1/auth/password/reset/confirm",
    "/api/auth/login", "/api/auth/register", "/api/auth/register/send", "/api/auth/register/verify",
    "/api/auth/mfa/verify", "/api/auth/password/reset", "/api/auth/password/reset/confirm",
    "/api/auth/token/exchange", "/api/auth/token/refresh",
    "/v1/auth/login", "/v1/auth/register", "/v1/auth/refresh", "/v1/auth/password/reset/request",
    "/v1/auth/password/reset/confirm", "/v1/auth/mfa/verify",
)  # fmt: skip
FIELDS = (
    "username", "email", "identifier", "account", "password", "name", "code", "token", "refresh_token",
    "refreshToken", "exchange_code", "mfa_ticket", "mfaToken", "totp_code", "totpCode", "tenant_name",
    "invitation", "newPassword",
)  # fmt: skip


@pytest.fixture(scope="module")
def scene(database_kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A server where people may register, and what it speaks to."""
    with stage(database_kind, tmp_path_factory.mktemp("hostile")) as found:
        yield found


def users(scene: Stage) -> int:
    """How many accounts there are."""
    with scene.client(as_="admin") as client:
        return int(client.get("/api/auth/users").json()["total"])


def clear(answer: httpx.Response) -> None:
    """A refusal that the client can do something about, and that tells nothing of the inside."""
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["X-Error-Code"]
    for inside in ("Traceback", "SELECT", "sqlite", "asyncpg", "argon2"):
        assert inside not in answer.text


@pytest.mark.parametrize("path", POSTS)
def test_sql_in_every_field_is_a_clear_refusal(path: str, scene: Stage) -> None:
    before = users(scene)
    with scene.client() as client:
        for text in SQL:
            clear(client.post(path, json=dict.fromkeys(FIELDS, text)))
    assert users(scene) == before


@pytest.mark.parametrize("path", POSTS)
def test_a_megabyte_in_a_field_is_not_read_to_its_end(path: str, scene: Stage) -> None:
    with scene.client() as client:
        answer = client.post(path, json={"username": "admin", "password": "x" * 1024 * 1024})
    clear(answer)
    assert answer.headers["X-Error-Code"] == "body-too-large"


@pytest.mark.parametrize("value", [None, 1, True, [], {}, ["x"], {"$ne": ""}, "\0", "\ud800", "a" * 2000])
def test_values_of_other_kinds_are_clear_refusals(value: object, scene: Stage) -> None:
    with scene.client({"Content-Type": "application/json"}) as client:
        for path in POSTS:
            clear(client.post(path, content=json.dumps(dict.fromkeys(FIELDS, value))))


@pytest.mark.parametrize(
    "name",
    ["аdmin", "admın", "ADMIN", "ａｄｍｉｎ", "adm\u200bin", "adm\u202ein", " admin ", "admin\r\nX: y"],
)
def test_names_that_pass_for_the_administrators_are_refused(name: str, scene: Stage) -> None:
    before = users(scene)
    address = f"x{secrets.token_hex(4)}@example.org"
    with scene.client() as client:
        for path, key in (("/api/v1/auth/register", "name"), ("/v1/auth/register", "username")):
            clear(client.post(path, json={key: name, "email": address, "password": NEW}))
        body = {"name": name, "email": address, "password": NEW, "code": "123456"}
        clear(client.post("/api/auth/register", json=body))
    assert users(scene) == before


def test_no_mail_has_more_headers_than_ours(scene: Stage) -> None:
    with scene.client() as client:
        for address in ("a@b.cn\r\nBcc: c@d.cn", "a@b.cn\nSubject: x", "a@b.cn,c@d.cn", "<a@b.cn>"):
            clear(client.post("/api/auth/password/reset", json={"email": address}))
            clear(client.post("/api/auth/register/send", json={"email": address}))


def test_no_answer_has_more_headers_than_ours(scene: Stage) -> None:
    with scene.client() as client:
        for redirect in ("/a\r\nX-Bad: 1", "//evil.example", "https://evil.example"):
            answer = client.get("/api/auth/oauth/login/mock", params={"redirect": redirect})
            assert "x-bad" not in answer.headers
            assert answer.headers["Location"].startswith(scene.provider)


def test_a_secret_in_every_input_appears_nowhere(scene: Stage) -> None:
    canary = f"canary{secrets.token_hex(8)}"
    with scene.client() as client:
        answers = [client.post(path, json=dict.fromkeys(FIELDS, canary)) for path in POSTS]
        answers += [client.post(path, params={"password": canary}, json={}) for path in POSTS]
        for header in ("Authorization", "X-API-Key", "Cookie", "X-Error-Dialect", "Accept-Language"):
            value = f"Bearer {canary}" if header == "Authorization" else canary
            answers.append(client.get("/api/v1/auth/me", headers={header: value}))
        answers.append(client.get("/api/auth/oauth/callback/mock", params={"code": canary, "state": canary}))
        answers.append(client.get("/ws/events", params={"ticket": canary}))
    with scene.client(as_="admin") as client:
        for method, path, body in (
            ("PUT", "/api/v1/auth/password", {"current_password": canary, "new_password": f"{canary} new"}),
            ("PUT", "/v1/users/me/password", {"currentPassword": canary, "newPassword": f"{canary} new"}),
            ("POST", "/api/auth/mfa/totp/verify", {"token": canary, "code": canary}),
            ("POST", "/v1/auth/mfa/verify", {"mfaToken": canary, "code": canary}),
        ):
            answers.append(client.request(method, path, json=body))
        record = client.get("/api/v1/system/audit/export").text
        pages = client.get("/metrics").text + client.get("/api/v1/errors").text
    for answer in answers:
        assert canary not in answer.text
        assert canary not in str(answer.headers)
    assert canary not in record + pages
    assert canary not in scene.server.log()
    assert canary.encode() not in _stored(scene)


def _stored(scene: Stage) -> bytes:
    """All that an SQLite database holds; on PostgreSQL the record above has to do."""
    files = Path(scene.server.data_dir).glob("eulermaker.db*")
    return b"".join(path.read_bytes() for path in files)


def test_the_record_cannot_be_rewritten(scene: Stage, database_kind: str) -> None:
    scene.token("admin", fresh=True)
    refused = sqlite3.IntegrityError if database_kind == "sqlite" else Exception
    with pytest.raises(Exception, match="append-only") as error:
        scene.execute("UPDATE audit_log SET result = 'ok'")
    assert isinstance(error.value, refused) or "append-only" in str(error.value)
    with scene.client(as_="admin") as client:
        page = client.get("/api/v1/system/audit", params={"action": "login", "limit": 1}).json()["data"]
        assert page["entries"][0]["username"] == "admin"
        older = client.get("/api/v1/system/audit", params={"before": page["next"], "limit": 1}).json()["data"]
        assert older["entries"] != page["entries"]
        assert client.get("/api/v1/system/audit", params={"user": SQL[0]}).json()["data"]["entries"] == []


@pytest.mark.parametrize("end", ["password", "suspension", "deletion", "logout", "key"])
def test_open_sockets_end_with_what_opened_them(end: str, shared_server: ServerProcess) -> None:
    name = f"s{secrets.token_hex(5)}"
    add_user(shared_server, name, Role.USER, email=f"{name}@example.org")
    with shared_server.signed_in() as root, signed_in(shared_server, name) as client:
        identifier = client.get("/v1/users/me").json()["data"]["id"]
        headers = {"Authorization": client.headers["Authorization"]}
        key = {"id": ""}
        if end == "key":
            key = client.post("/v1/api-keys", json={"name": "socket"}).json()["data"]
            headers = {"X-API-Key": key["key"]}
        url = f"ws://127.0.0.1:{shared_server.port}/ws/events"
        with connect(url, additional_headers=headers) as socket:
            match end:
                case "password":
                    body = {"current_password": PASSWORD, "new_password": NEW}
                    answer = client.put("/api/v1/auth/password", json=body)
                case "suspension":
                    answer = root.post(f"/v1/users/{identifier}/suspend")
                case "deletion":
                    answer = root.delete(f"/v1/users/{identifier}")
                case "logout":
                    answer = client.post("/api/v1/auth/logout")
                case _:
                    answer = client.delete(f"/v1/api-keys/{key['id']}")
            assert answer.status_code == 200, answer.text
            with pytest.raises(ConnectionClosed) as closed:
                _listen(socket)
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1008, "the session has ended")


def _listen(socket: ClientConnection) -> None:
    """Hear all there is for half a minute; raises ConnectionClosed when the socket ends."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        socket.recv(timeout=30)
