"""`system`: the server as a whole."""

import json

from tests.cli.conftest import Invoke
from tests.client.server import Server


def test_good_health_is_told(invoke: Invoke) -> None:
    ended = invoke("system", "health", "--json")
    assert ended.exit_code == 0
    assert json.loads(ended.stdout)["checks"]["docker"]["status"] == "healthy"


def test_bad_health_is_told_as_well_and_scripts_notice(invoke: Invoke, server: Server) -> None:
    server.unhealthy = True
    ended = invoke("system", "health", "--json")
    assert ended.exit_code == 5
    assert json.loads(ended.stdout)["checks"]["docker"]["status"] == "unhealthy"
