"""From a dropped spec to a downloaded RPM: see web/e2e/builds.e2e.ts."""

from tests.console.conftest import Play


def test_builds(play: Play) -> None:
    play("builds")
