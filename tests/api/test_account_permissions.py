"""Who may do what to accounts, in every family; and that a read-only account can write nothing anywhere."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import httpx
import pytest

from eulermaker.kernel.call import Role
from tests.api.people import add_user, signed_in
from tests.server import ServerProcess

WHO = ("anonymous", "guest", "member", "boss")
NEW = "a password of some length"
AREAS = ("/api/auth", "/api/ping", "/v1", "/api/v1/auth", "/api/v1/system/audit")

Operation = tuple[str, str]

#: What needs no token. Whoever asks is told something else than that they may not.
OPEN: set[Operation] = {
    ("GET", "/api/ping"),
    ("GET", "/api/v1/auth/policy"),
    ("GET", "/api/auth/oauth/login/{provider}"),
    ("GET", "/api/auth/oauth/callback/{provider}"),
    *(
        ("POST", f"/api/v1/auth/{path}")
        for path in (
            "login", "refresh", "register", "register/verify", "password/reset", "password/reset/confirm"
        )
    ),
    *(
        ("POST", f"/api/auth/{path}")
        for path in (
            "login", "register", "register/send", "register/verify", "mfa/verify", "password/reset",
            "password/reset/confirm", "token/exchange", "token/refresh",
        )
    ),
    *(
        ("POST", f"/v1/auth/{path}")
        for path in (
            "login", "register", "refresh", "password/reset/request", "password/reset/confirm", "mfa/verify"
        )
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """Who may, from the weakest on, and a body that is in order."""

    least: str
    body: object = None


CODE = {"token": "x", "code": "123456"}
PASSWORDS = {"current_password": "wrong", "new_password": NEW}
#: `guest`: whoever is signed in; `member`: unless read-only; `boss`: administrators alone.
TABLE: dict[Operation, Row] = {
    ("GET", "/api/v1/auth/me"): Row("guest"),
    ("GET", "/api/v1/auth/sessions"): Row("guest"),
    ("DELETE", "/api/v1/auth/sessions"): Row("guest"),
    ("DELETE", "/api/v1/auth/sessions/{session}"): Row("guest"),
    ("POST", "/api/v1/auth/ws-ticket"): Row("guest"),
    ("POST", "/api/v1/auth/logout"): Row("guest"),
    ("PUT", "/api/v1/auth/password"): Row("member", PASSWORDS),
    ("POST", "/api/v1/auth/invitations"): Row("boss"),
    ("GET", "/api/v1/system/audit"): Row("boss"),
    ("GET", "/api/v1/system/audit/export"): Row("boss"),
    ("GET", "/api/auth/session"): Row("guest"),
    ("DELETE", "/api/auth/session"): Row("guest"),
    ("GET", "/api/auth/mfa/status"): Row("guest"),
    ("POST", "/api/auth/mfa/totp/provision"): Row("member"),
    ("POST", "/api/auth/mfa/disable"): Row("member", CODE),
    ("GET", "/api/auth/users"): Row("boss"),
    ("GET", "/api/auth/admin/users/metrics"): Row("boss"),
    ("POST", "/api/auth/admin/users"): Row("boss", {"username": "admin"}),
    ("POST", "/api/auth/admin/users/{user}/pause"): Row("boss", {}),
    ("POST", "/api/auth/admin/users/{user}/resume"): Row("boss"),
    ("POST", "/api/auth/admin/users/{user}/mfa/reset"): Row("boss"),
    ("DELETE", "/api/auth/admin/users/{user}"): Row("boss"),
    ("PUT", "/api/auth/admin/users/{user}/role"): Row("boss", {"role": "user"}),
    ("GET", "/api/auth/admin/settings"): Row("boss"),
    ("POST", "/api/auth/admin/settings"): Row("boss", {"version": 99, "matrix": {}}),
    ("GET", "/api/auth/admin/blacklist"): Row("boss"),
    ("POST", "/api/auth/admin/blacklist"): Row("boss", {"email": "@spam.example"}),
    ("DELETE", "/api/auth/admin/blacklist/{email}"): Row("boss"),
    ("POST", "/v1/auth/logout"): Row("guest"),
    ("POST", "/v1/auth/logout-all"): Row("guest"),
    ("POST", "/v1/auth/mfa/enable"): Row("member"),
    ("GET", "/v1/users"): Row("boss"),
    ("POST", "/v1/users"): Row("boss", {"username": "admin"}),
    ("GET", "/v1/users/me"): Row("guest"),
    ("PUT", "/v1/users/me/password"): Row("member", {"currentPassword": "wrong", "newPassword": NEW}),
    ("GET", "/v1/users/{user}"): Row("boss"),
    ("PATCH", "/v1/users/{user}"): Row("boss", {"username": "admin"}),
    ("DELETE", "/v1/users/{user}"): Row("boss"),
    ("PUT", "/v1/users/{user}/role"): Row("boss", {"role": "user"}),
    ("GET", "/v1/users/{user}/permissions"): Row("boss"),
    ("POST", "/v1/users/{user}/suspend"): Row("boss", {}),
    ("POST", "/v1/users/{user}/resume"): Row("boss"),
    ("GET", "/v1/api-keys"): Row("guest"),
    ("POST", "/v1/api-keys"): Row("member", {"name": "table"}),
    ("POST", "/v1/api-keys/{key}/rotate"): Row("member", {}),
    ("DELETE", "/v1/api-keys/{key}"): Row("member"),
}
#: Answers 401 to whoever is signed in and shows a wrong token, which is another thing.
BY_TOKEN = {("POST", "/api/auth/mfa/totp/verify"): Row("member", CODE)}
#: What ends or continues a session writes nothing that is anybody's.
OF_SESSIONS = {
    operation for operation, row in TABLE.items() if row.least == "guest" and operation[0] != "GET"
} | {
    ("POST", "/api/v1/auth/login"),
    ("POST", "/api/v1/auth/refresh"),
    # It stores nothing.
    ("POST", "/api/v1/builds/analyze"),
}


@pytest.fixture
def clients(
    shared_server: ServerProcess, request: pytest.FixtureRequest
) -> Iterator[dict[str, httpx.Client]]:
    """Fresh sessions: some operations end them."""
    with ExitStack() as stack:
        wanted = {"anonymous": stack.enter_context(shared_server.client(language="en"))}
        for name, role in (("guest", Role.READONLY), ("member", Role.USER), ("boss", Role.ADMIN)):
            if not getattr(shared_server, f"has_{name}", False):
                add_user(shared_server, name, role, email=f"{name}@example.com")
                setattr(shared_server, f"has_{name}", True)
            wanted[name] = stack.enter_context(signed_in(shared_server, name))
        yield wanted


def operations(server: ServerProcess) -> set[Operation]:
    """Every operation that the server documents."""
    paths = httpx.get(f"{server.url}/openapi.json", timeout=60).json()["paths"]
    return {(method.upper(), path) for path, methods in paths.items() for method in methods}


def concerned(operation: Operation) -> bool:
    """Whether it is about accounts or the audit record."""
    return any(f"{operation[1]}/".startswith(f"{area}/") for area in AREAS)


def test_no_operation_is_left_out(shared_server: ServerProcess) -> None:
    assert {one for one in operations(shared_server) if concerned(one)} == {*OPEN, *TABLE, *BY_TOKEN}


@pytest.mark.parametrize("operation", [*TABLE, *BY_TOKEN], ids=" ".join)
def test_each_is_allowed_what_the_table_says(clients: dict[str, httpx.Client], operation: Operation) -> None:
    method, template = operation
    row = TABLE.get(operation) or BY_TOKEN[operation]
    path = template.format(user="user_none", key="key_none", session="session_none", email="a@b.cn")
    for who in WHO:
        answer = clients[who].request(method, path, json=row.body)
        if who == "anonymous":
            assert answer.status_code == 401, answer.text
            assert answer.headers["X-Error-Code"] in ("token-missing", "authorization-missing")
        elif WHO.index(who) < WHO.index(row.least):
            assert answer.status_code == 403, f"{who}: {answer.text}"
        else:
            assert answer.status_code != 403, f"{who}: {answer.text}"
            assert answer.status_code < 500
            if operation not in BY_TOKEN and row.body is not PASSWORDS and "password" not in path:
                assert answer.status_code != 401, f"{who}: {answer.text}"


def test_a_read_only_account_can_write_nothing_anywhere(
    shared_server: ServerProcess, clients: dict[str, httpx.Client]
) -> None:
    """The tables of the areas ask with bodies that are in order; this one leaves no route out."""
    writes = {one for one in operations(shared_server) if one[0] not in ("GET", "HEAD", "OPTIONS")}
    by_address = {one for one in writes if one[1].startswith("/api/v1/probes/push/")}
    asked = sorted(writes - OPEN - OF_SESSIONS - by_address)
    assert len(asked) > 60
    for method, template in asked:
        path = template.replace("{", "").replace("}", "")
        answer = clients["guest"].request(method, path, json={})
        assert answer.status_code in (400, 401, 403, 404, 422), f"{method} {template}: {answer.text}"
