"""The areas whose tables of operation and role stand beside their other tests leave no operation out."""

import pytest

from tests.api.test_account_permissions import AREAS as OF_ACCOUNTS
from tests.api.test_images import READS, WRITES
from tests.api.test_permissions import ELSEWHERE, operations
from tests.api.test_terminals import OPERATIONS as OF_TERMINALS
from tests.server import ServerProcess

Operations = set[tuple[str, str]]

#: Whose table asks the document itself whether it is whole.
WHOLE = (
    "/api/v1/containers",
    "/api/v1/notifications",
    "/api/v1/probes",
    "/api/v1/repositories",
    "/api/v1/builds/{build}/publish",
    "/api/v1/status-pages",
    "/status",
)
SYSTEM = "/api/v1/system"
#: What the tables ask, by area: those of volumes, networks and the system are their tests' functions.
ASKED: dict[str, Operations] = {
    "/api/v1/volumes": {
        ("GET", ""), ("POST", ""), ("POST", "/prune"), ("GET", "/{volume}"), ("DELETE", "/{volume}"),
    },
    "/api/v1/networks": {
        ("GET", ""), ("POST", ""), ("GET", "/{network}"), ("DELETE", "/{network}"),
        ("POST", "/{network}/connect"), ("POST", "/{network}/disconnect"),
    },
    f"{SYSTEM}/info": {("GET", "")},
    f"{SYSTEM}/resources": {("GET", "")},
    f"{SYSTEM}/config": {("GET", "")},
    f"{SYSTEM}/maintenance": {("GET", ""), ("PUT", ""), ("DELETE", "")},
    # Its list shows each what is theirs, and opening one has a table of its own.
    "/api/v1/terminals": {("GET", ""), ("POST", "")}
    | {(method, f"/{{terminal}}{path}") for method, path in OF_TERMINALS.values()},
}  # fmt: skip


def documented(server: ServerProcess, area: str) -> Operations:
    """The operations under a prefix."""
    return {
        (method, path.removeprefix(area))
        for method, path in operations(server)
        if f"{path}/".startswith(f"{area}/")
    }


def test_every_area_is_looked_after() -> None:
    asked = {*WHOLE, *ASKED, *OF_ACCOUNTS, "/api/v1/images"}
    assert {area for area in ELSEWHERE if not area.startswith(OF_ACCOUNTS)} <= asked


@pytest.mark.parametrize("area", ASKED)
def test_no_operation_is_left_out(shared_server: ServerProcess, area: str) -> None:
    assert documented(shared_server, area) == ASKED[area]


def test_no_operation_on_images_is_left_out(shared_server: ServerProcess) -> None:
    def shape(path: object) -> tuple[int, str]:
        """How deep a path is and what it ends with, whatever it names."""
        parts = str(path).partition("?")[0].strip("/").split("/")
        named = [part for part in parts if part.isalpha()]
        return len([part for part in parts if part]), named[-1] if named else ""

    asked = {(method, shape(path)) for method, path, *_ in [*READS, *WRITES]}
    found = {
        (method, shape(path.replace("{image}", "0").replace("{pull}", "0")))
        for method, path in documented(shared_server, "/api/v1/images")
    }
    assert found == asked
