"""Probes that fail and recover, and roles that two people change: see web/e2e/probes.e2e.ts."""

from tests.console.conftest import Play


def test_probes(play: Play) -> None:
    play("probes")
