"""The fair queue: owners take turns, each owner's builds keep their order, and the detail tells both."""

from itertools import pairwise

import httpx
import pytest

from eulermaker.kernel.call import Role
from tests.api.people import add_user, signed_in
from tests.faults.conftest import NewServer
from tests.faults.engines import EngineView
from tests.faults.invariants import nothing_lost
from tests.server import IMAGE, build, detail, own_name, reached

HOLD = f"FROM {IMAGE}\nRUN echo hold; sleep 60"


def short(name: str) -> str:
    """A build that takes a moment, and shares none of its work with another."""
    return f"FROM {IMAGE}\nRUN echo {name}; sleep 0.3"


@pytest.mark.parametrize("slots", [1, 3])
def test_owners_take_turns(new_server: NewServer, engine: EngineView, slots: int) -> None:
    server = new_server(EULERMAKER_BUILD__MAX_CONCURRENT=str(slots))
    for name in ("anna", "ben"):
        add_user(server, name, Role.USER, email=f"{name}@example.org")
    with server.signed_in() as root, signed_in(server, "anna") as anna, signed_in(server, "ben") as ben:
        holders = [build(root, HOLD, name=f"hold-{slot}") for slot in range(slots)]
        for holder in holders:
            reached(root, holder, {"running"})
        # Anna comes first, and with all she has.
        hers = [
            build(anna, short(f"{slots} anna {n}"), name=own_name("anna"), cache_enabled=False)
            for n in range(4)
        ]
        his = [
            build(ben, short(f"{slots} ben {n}"), name=own_name("ben"), cache_enabled=False) for n in range(2)
        ]
        fair = [hers[0], his[0], hers[1], his[1], hers[2], hers[3]]
        for position, identifier in enumerate(fair, start=1):
            assert detail(root, identifier)["queue"] == {"position": position, "reason": "slots_taken"}
        for holder in holders:
            assert root.post(f"/api/v1/builds/{holder}/cancel").status_code == 200
        expected = dict.fromkeys(holders, "cancelled") | dict.fromkeys(fair, "success")
        details = nothing_lost(server, root, engine, expected)
        assert _in_order_of_start(root, fair) == fair
        assert all(details[identifier]["queue"] is None for identifier in fair)
        _never_more_at_once(details, fair, slots)


def _in_order_of_start(client: httpx.Client, builds: list[str]) -> list[str]:
    return sorted(builds, key=lambda identifier: detail(client, identifier)["started_at"])


def _never_more_at_once(details: dict[str, dict[str, str]], builds: list[str], slots: int) -> None:
    starts = sorted(details[identifier]["started_at"] for identifier in builds)
    ends = sorted(details[identifier]["finished_at"] for identifier in builds)
    # A start comes after the end of the build whose slot it took.
    for start, end in zip(starts[slots:], ends, strict=False):
        assert end <= start
    assert all(earlier <= later for earlier, later in pairwise(starts))
