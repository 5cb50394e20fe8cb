"""Containers in a real browser, on the real engine: see web/e2e/containers.e2e.ts."""

from tests.console.conftest import Play


def test_containers_logs_and_terminals(play: Play) -> None:
    play("containers")
