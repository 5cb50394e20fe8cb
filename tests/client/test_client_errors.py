"""Every way to fail becomes its own exception, with all that the server told."""

import pytest

from eulermaker.client import (
    Client,
    Conflict,
    ConnectionFailed,
    EulerMakerError,
    Forbidden,
    InvalidRequest,
    NotFound,
    RateLimited,
    Retry,
    ServerError,
    Timeout,
    Unauthenticated,
    Unavailable,
    Unsupported,
)
from tests.client.server import Server, answers, hangs, hangs_up, refuses, speaks_family_000

KINDS = [
    (400, InvalidRequest),
    (401, Unauthenticated),
    (403, Forbidden),
    (404, NotFound),
    (405, Unsupported),
    (408, Timeout),
    (409, Conflict),
    (413, InvalidRequest),
    (422, InvalidRequest),
    (429, RateLimited),
    (500, ServerError),
    (502, Unavailable),
    (503, Unavailable),
    (504, Timeout),
]


@pytest.mark.parametrize(("status", "kind"), KINDS)
def test_a_problem_becomes_the_kind_of_its_status(
    client: Client, server: Server, status: int, kind: type[EulerMakerError]
) -> None:
    server.misbehave("GET /builds/b", refuses(status, "some-slug", details={"build": "b"}))
    with pytest.raises(EulerMakerError) as caught:
        client.builds.get("b")
    error = caught.value
    assert type(error) is kind
    assert (error.code, error.title, error.detail) == ("some-slug", "Some slug", "Some slug!")
    assert (error.status, error.request_id, error.details) == (status, "req-7", {"build": "b"})
    assert not error.retryable
    assert len(server.received) == 1


def test_a_problem_tells_when_to_come_back(client: Client, server: Server) -> None:
    server.misbehave("POST /builds", refuses(503, "engine-unavailable", retry_after=7))
    with pytest.raises(Unavailable) as caught:
        client.builds.create("x", dockerfile_content="FROM scratch")
    assert caught.value.retry_after == 7


def test_the_envelope_of_family_000_is_read_where_there_is_no_problem(client: Client, server: Server) -> None:
    server.misbehave(
        "GET /builds/b", speaks_family_000(409, "RESOURCE_CONFLICT", X_Error_Code="build-state-conflict")
    )
    with pytest.raises(Conflict) as caught:
        client.builds.get("b")
    assert caught.value.code == "build-state-conflict"
    assert caught.value.title == "请求频率超过限制"
    assert caught.value.details == {"limit": 20}


def test_an_error_without_a_body_we_know_is_told_by_its_status(client: Client, server: Server) -> None:
    server.misbehave("GET /builds/b", answers(b"<html>teapot</html>", status=418, X_Request_ID="req-9"))
    with pytest.raises(InvalidRequest) as caught:
        client.builds.get("b")
    assert (caught.value.code, caught.value.request_id) == ("http-418", "req-9")


@pytest.mark.parametrize(
    "body",
    [b"<html>Welcome to this hotel's network</html>", b"", b"[]", b'{"ok": true}', b"\xff\xfe"],
)
def test_a_success_of_some_other_server_is_an_error(client: Client, server: Server, body: bytes) -> None:
    server.misbehave("GET /builds/b", answers(body))
    with pytest.raises(ServerError) as caught:
        client.builds.get("b")
    assert caught.value.code == "unexpected-answer"


def test_a_malformed_record_names_its_field(client: Client, server: Server) -> None:
    server.misbehave("GET /builds/b", answers(b'{"success": true, "data": {"id": "b", "name": "n"}}'))
    with pytest.raises(ServerError, match=r"Build is malformed: status"):
        client.builds.get("b")


def test_nobody_listens(dead_url: str, retry: Retry) -> None:
    with Client(dead_url, token="t", retries=retry) as client, pytest.raises(ConnectionFailed):
        client.builds.create("x", dockerfile_content="FROM scratch")


def test_the_server_hangs_up(client: Client, server: Server) -> None:
    server.misbehave("POST /builds", hangs_up)
    with pytest.raises(ConnectionFailed):
        client.builds.create("x", dockerfile_content="FROM scratch")
    assert len(server.received) == 1


def test_the_server_hangs(url: str, server: Server, retry: Retry) -> None:
    server.misbehave("POST /builds", hangs)
    with (
        Client(url, token="access-0", timeout=0.2, retries=retry) as client,
        pytest.raises(Timeout) as caught,
    ):
        client.builds.create("x", dockerfile_content="FROM scratch")
    assert caught.value.code == "no-answer"


@pytest.mark.parametrize("url", ["localhost:8080", "ftp://host", "http://", ""])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        Client(url)
    assert caught.value.code == "invalid-url"


@pytest.mark.parametrize("token", ["line\nbreak", "ключ", "two words"])
def test_a_token_that_is_none_is_refused(token: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        Client("http://127.0.0.1:1", token=token)
    assert caught.value.code == "invalid-token"
    assert token not in str(caught.value)
