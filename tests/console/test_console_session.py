"""Who is signed in, in a real browser: see web/e2e/session.e2e.ts."""

from tests.console.conftest import Play


def test_sign_in_language_expiry_and_a_server_that_restarts(play: Play) -> None:
    play("session")
