"""Signing in, and expired tokens renewed on the way."""

import io
from concurrent.futures import ThreadPoolExecutor

import pytest

from eulermaker.client import (
    Client,
    ConnectionFailed,
    InvalidRequest,
    MemoryTokens,
    Retry,
    Tokens,
    Unauthenticated,
)
from tests.client.server import Conversation, Server, hangs_up, refuses


def test_login_hands_out_tokens_and_later_calls_carry_them(url: str, server: Server) -> None:
    server.stored()
    with Client(url) as client:
        tokens = client.auth.login("admin", "correct horse")
        assert (tokens.access, tokens.refresh, tokens.expires_in) == ("access-1", "refresh-1", 3600)
        client.builds.get("build_1")
    request = server.requests("GET /builds/build_1")[0]
    assert request.headers["Authorization"] == "Bearer access-1"
    assert request.headers["Accept"] == "application/json, application/problem+json"


def test_a_wrong_password_is_told(url: str) -> None:
    with Client(url) as client, pytest.raises(Unauthenticated) as caught:
        client.auth.login("admin", "wrong")
    assert caught.value.code == "wrong-credentials"


def test_credentials_sign_in_when_first_needed(url: str, server: Server) -> None:
    server.stored()
    with Client(url, username="admin", password="correct horse") as client:
        assert server.received == []
        client.builds.get("build_1")
        client.builds.get("build_1")
    assert len(server.requests("POST /auth/login")) == 1


def test_health_needs_nobody(url: str) -> None:
    with Client(url) as client:
        health = client.system.health()
    assert health.status == "healthy"
    assert health.checks["docker"].message == "Docker daemon is running"


def test_bad_health_is_an_answer_too(url: str, server: Server) -> None:
    server.unhealthy = True
    with Client(url) as client:
        health = client.system.health()
    assert (health.status, health.checks["docker"].status) == ("unhealthy", "unhealthy")


def test_an_expired_token_is_renewed_and_the_call_repeated(url: str, server: Server) -> None:
    server.stored()
    with Client(url, store=MemoryTokens(Tokens("access-0", "refresh-0"))) as client:
        server.expire()
        assert client.builds.cancel("build_1").status == "cancelled"
        assert client.auth.tokens == Tokens("access-1", "refresh-1", 3600)
    assert server.requests("POST /auth/refresh")[0].json == {"refresh_token": "refresh-0"}


def test_without_a_refresh_token_the_old_token_renews_itself(client: Client, server: Server) -> None:
    server.stored()
    server.expire()
    assert client.builds.get("build_1").id == "build_1"
    assert server.requests("POST /auth/refresh")[0].headers["Authorization"] == "Bearer access-0"


def test_many_threads_renew_once(url: str, server: Server) -> None:
    server.stored()
    with Client(url, store=MemoryTokens(Tokens("access-0", "refresh-0"))) as client:
        server.expire()
        with ThreadPoolExecutor(16) as pool:
            builds = list(pool.map(lambda _: client.builds.get("build_1"), range(64)))
    assert len(builds) == 64
    assert server.refreshes == 1
    assert not server.revoked


def test_many_threads_sign_in_once(url: str, server: Server) -> None:
    server.stored()
    with Client(url, username="admin", password="correct horse") as client, ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: client.builds.get("build_1"), range(32)))
    assert len(server.requests("POST /auth/login")) == 1


def test_a_session_that_is_over_signs_in_anew_where_the_password_is_known(url: str, server: Server) -> None:
    server.stored()
    store = MemoryTokens(Tokens("access-0", "stolen-and-used"))
    with Client(url, store=store, username="admin", password="correct horse") as client:
        server.expire()
        assert client.builds.get("build_1").id == "build_1"
    assert len(server.requests("POST /auth/login")) == 1


def test_a_session_that_is_over_is_told_where_it_is_not(url: str, server: Server) -> None:
    with Client(url, store=MemoryTokens(Tokens("access-0", "stolen-and-used"))) as client:
        server.expire()
        with pytest.raises(Unauthenticated) as caught:
            client.builds.get("build_1")
    assert caught.value.code == "session-ended"


def test_a_server_that_calls_every_token_expired_is_asked_twice(client: Client, server: Server) -> None:
    server.misbehave("GET /builds/b", *[refuses(401, "token-expired")] * 9)
    with pytest.raises(Unauthenticated):
        client.builds.get("b")
    assert len(server.requests("GET /builds/b")) == 2
    assert server.refreshes == 1


def test_a_forged_token_is_not_renewed(url: str, server: Server) -> None:
    with Client(url, token="forged") as client, pytest.raises(Unauthenticated):
        client.builds.get("b")
    assert server.refreshes == 0


def test_a_refresh_is_not_repeated_after_a_broken_connection(url: str, server: Server, retry: Retry) -> None:
    server.misbehave("POST /auth/refresh", hangs_up)
    with Client(url, token="access-0", retries=retry) as client, pytest.raises(ConnectionFailed):
        client.auth.refresh()
    assert len(server.requests("POST /auth/refresh")) == 1


def test_a_refresh_token_whose_answer_was_lost_is_not_used_twice(url: str, server: Server) -> None:
    def renews_and_hangs_up(conversation: Conversation) -> None:
        conversation.wfile = io.BytesIO()
        conversation.refresh()
        conversation.close_connection = True

    server.stored()
    server.misbehave("POST /auth/refresh", renews_and_hangs_up)
    with Client(url, store=MemoryTokens(Tokens("access-0", "refresh-0"))) as client:
        server.expire()
        with pytest.raises(ConnectionFailed):
            client.builds.get("build_1")
        assert client.builds.get("build_1").id == "build_1"
    assert server.refresh == "refresh-2"
    assert not server.revoked


def test_nobody_can_renew_what_nobody_has(url: str) -> None:
    with Client(url) as client, pytest.raises(Unauthenticated) as caught:
        client.auth.refresh()
    assert caught.value.code == "not-signed-in"


def test_tokens_do_not_show_in_logs() -> None:
    assert "secret" not in repr(Tokens("secret-a", "secret-r"))


def test_a_path_can_not_leave_its_route(client: Client, server: Server) -> None:
    for build_id in ("..", "", "."):
        with pytest.raises(InvalidRequest):
            client.builds.get(build_id)
    assert server.received == []
