"""Every page under every fault, and for everybody: see web/e2e/faults.e2e.ts."""

from tests.console.conftest import Play


def test_pages_under_faults_and_within_reach(play: Play) -> None:
    play("faults")
