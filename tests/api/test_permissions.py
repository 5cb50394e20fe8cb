"""Who may do what: each operation of the OpenAPI document, asked by everybody, in one table."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.api.answers import data_of, refusal_of
from tests.api.test_account_permissions import OPEN
from tests.server import IMAGE, PASSWORD, ServerProcess, build, finished, own_name

BUILDS = "/api/v1/builds"
DOCKERFILE = f"FROM {IMAGE}\nRUN mkdir /output && echo mine > /output/mine\n"
WHO = ("anonymous", "stranger", "readonly", "operator", "administrator", "foreigner", "owner")
SLUGS = {401: "token-missing", 403: "forbidden"}
CODES = {401: "UNAUTHORIZED", 403: "FORBIDDEN", 404: "RESOURCE_NOT_FOUND"}


@dataclass(frozen=True)
class Row:
    """What each of WHO is answered; `on` is the build of `{build}`, `missing` the slug of a 404."""

    answers: tuple[int, ...]
    on: str = "ended"
    name: str = ""
    missing: str = "build-not-found"
    body: dict[str, Any] | None = None


def everybody(status: int = 200) -> tuple[int, ...]:
    """The same answer for all."""
    return (status,) * len(WHO)


#: No operation of another's build: a stranger is not even told that it exists.
READ = (401, 404, 200, 200, 200, 404, 200)
WRITE = (401, 404, 403, 200, 200, 404, 200)

TABLE: dict[tuple[str, str], Row] = {
    ("POST", "/api/v1/auth/login"): Row(everybody(), body={"username": "owner", "password": PASSWORD}),
    ("POST", "/api/v1/auth/refresh"): Row((401, 200, 200, 200, 200, 200, 200)),
    ("GET", "/api/v1/auth/me"): Row((401, 200, 200, 200, 200, 200, 200)),
    ("POST", "/api/v1/auth/ws-ticket"): Row((401, 200, 200, 200, 200, 200, 200)),
    ("GET", "/api/v1/auth/policy"): Row(everybody()),
    ("POST", "/api/v1/builds"): Row(
        (401, 201, 403, 201, 201, 201, 201), body={"name": "table", "dockerfile_content": DOCKERFILE}
    ),
    ("POST", "/api/v1/builds/analyze"): Row(
        (401, 200, 200, 200, 200, 200, 200), body={"dockerfile_content": DOCKERFILE}
    ),
    ("GET", "/api/v1/builds"): Row((401, 200, 200, 200, 200, 200, 200)),
    ("GET", "/api/v1/builds/{build}"): Row(READ),
    ("DELETE", "/api/v1/builds/{build}"): Row(WRITE, on="draft"),
    ("POST", "/api/v1/builds/{build}/execute"): Row(WRITE, on="draft"),
    ("POST", "/api/v1/builds/{build}/cancel"): Row(WRITE, on="draft"),
    ("PUT", "/api/v1/builds/{build}/context/{path}"): Row(WRITE, on="draft", name="file.txt"),
    ("GET", "/api/v1/builds/{build}/logs"): Row(READ),
    ("GET", "/api/v1/builds/{build}/artifacts"): Row(READ),
    ("GET", "/api/v1/builds/{build}/artifacts.tar.gz"): Row(READ),
    ("GET", "/api/v1/builds/{build}/artifacts/{name}"): Row(READ, name="mine"),
    ("GET", "/api/v1/system/health"): Row(everybody()),
    ("GET", "/api/v1/errors"): Row(everybody()),
    ("GET", "/api/v1/errors/{slug}"): Row(everybody(), name="forbidden"),
    ("GET", "/api/v1/errors/{family}/{code}"): Row(everybody()),
    ("GET", "/api/v1/system/errors"): Row((401, 403, 403, 403, 200, 200, 403)),
    ("GET", "/api/v1/system/errors/requests/{request}"): Row(
        (401, 403, 403, 403, 404, 404, 403), missing="failed-request-not-found"
    ),
    ("GET", "/healthz"): Row(everybody()),
    ("GET", "/readyz"): Row(everybody()),
    ("GET", "/metrics"): Row(everybody()),
}
#: Areas with a table of their own.
ELSEWHERE = (
    "/api/auth",
    "/api/ping",
    "/v1",
    "/api/v1/system/audit",
    "/api/v1/auth/invitations",
    "/api/v1/auth/logout",
    "/api/v1/auth/register",
    "/api/v1/auth/password",
    "/api/v1/auth/sessions",
    "/api/v1/containers",
    "/api/v1/terminals",
    "/api/v1/images",
    "/api/v1/volumes",
    "/api/v1/networks",
    "/api/v1/probes",
    "/api/v1/notifications",
    "/api/v1/repositories",
    "/api/v1/builds/{build}/publish",
    "/api/v1/system/info",
    "/api/v1/system/resources",
    "/api/v1/system/config",
    "/api/v1/system/maintenance",
)

#: Their address is the secret that lets one in.
BY_ADDRESS = {("GET", "/api/v1/probes/push/{secret}"), ("POST", "/api/v1/probes/push/{secret}")}

#: Slugs of refusals that come before anything is done.
REFUSED_AT_THE_DOOR = ("token-missing", "authorization-missing", "invalid-request")


@pytest.fixture(scope="module")
def ended(people: dict[str, httpx.Client]) -> str:
    """A finished build of the owner's."""
    identifier = build(people["owner"], DOCKERFILE, name=own_name("table"))
    assert finished(people["owner"], identifier)["status"] == "success"
    return identifier


@pytest.fixture
def draft(people: dict[str, httpx.Client]) -> Iterator[str]:
    """A draft of the owner's."""
    identifier = build(people["owner"], DOCKERFILE, name=own_name("table"), execute=False)
    yield identifier
    people["owner"].post(f"{BUILDS}/{identifier}/cancel")
    people["owner"].delete(f"{BUILDS}/{identifier}")


def operations(server: ServerProcess) -> set[tuple[str, str]]:
    """Every operation that the server documents."""
    paths = httpx.get(f"{server.url}/openapi.json", timeout=60).json()["paths"]
    return {(method.upper(), path) for path, methods in paths.items() for method in methods}


def test_every_operation_has_a_row(shared_server: ServerProcess) -> None:
    found = operations(shared_server)
    assert {one for one in found if not one[1].startswith(ELSEWHERE)} == set(TABLE)


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("operation", TABLE, ids=" ".join)
def test_operation_answers_each_as_the_table_says(
    people: dict[str, httpx.Client], ended: str, draft: str, operation: tuple[str, str], who: str
) -> None:
    method, template = operation
    row = TABLE[operation]
    subject = {"ended": ended, "draft": draft}[row.on]
    named = {"family": "004", "code": "E000", "request": "req_nobody"}
    path = template.format(build=subject, path=row.name, name=row.name, slug=row.name, **named)

    answer = people[who].request(method, path, json=row.body)

    expected = row.answers[WHO.index(who)]
    assert answer.status_code == expected, answer.text
    if expected in CODES:
        refusal_of(answer, expected, CODES[expected], SLUGS.get(expected, row.missing))
    if expected >= 400 and row.on == "draft":
        kept = data_of(people["owner"].get(f"{BUILDS}/{draft}"))
        assert kept["status"] == "pending"
        assert kept["queue"] is None


@pytest.mark.parametrize("who", WHO)
def test_log_socket_opens_for_those_who_may_read(
    shared_server: ServerProcess, people: dict[str, httpx.Client], ended: str, who: str
) -> None:
    expected = READ[WHO.index(who)]
    authorization = people[who].headers.get("Authorization")
    headers = {"Authorization": authorization} if authorization else {}
    url = f"ws://127.0.0.1:{shared_server.port}/ws/builds/{ended}/logs"
    if expected == 200:
        with connect(url, additional_headers=headers, max_queue=None) as socket:
            assert json.loads(socket.recv())["type"] == "log"
        return
    with pytest.raises(InvalidStatus) as refused, connect(url, additional_headers=headers):
        pass
    assert refused.value.response.status_code == expected


def test_nobody_without_a_token_gets_past_what_is_open_to_all(
    shared_server: ServerProcess, anonymous: httpx.Client
) -> None:
    open_to_all = {operation for operation, row in TABLE.items() if row.answers[0] < 400} | OPEN
    for method, template in operations(shared_server) - open_to_all - BY_ADDRESS:
        path = template.replace("{", "").replace("}", "")
        answer = anonymous.request(method, path, json={} if method in ("POST", "PUT", "PATCH") else None)
        # A body that its schema refuses is told first; what counts is that nothing is done.
        assert answer.status_code in (400, 401), f"{method} {template}"
        assert answer.headers["X-Error-Code"] in REFUSED_AT_THE_DOOR, f"{method} {template}"
