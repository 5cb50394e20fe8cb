"""Alerts over HTTP: whose they are, what happens to them, what people say of them."""

import json
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest
from websockets.sync.client import connect

from eulermaker.features.alerts import faults
from eulermaker.features.alerts.schemas import Severity, StateChange
from eulermaker.kernel.clock import utc_now
from tests.alerting import Changes, failing, well
from tests.api.answers import MOMENT, data_of, refusal_of, refused_fields
from tests.api.people import database_url
from tests.server import ServerProcess

ALERTS = "/api/v1/notifications/alerts"
WHO = ("anonymous", "stranger", "readonly", "operator", "administrator", "foreigner", "owner")
READ = (401, 404, 200, 200, 200, 404, 200)
WRITE = (401, 404, 403, 200, 200, 404, 200)
TABLE: dict[tuple[str, str], tuple[int, ...]] = {
    ("GET", ""): (401, 200, 200, 200, 200, 200, 200),
    ("GET", "/{alert}"): READ,
    ("POST", "/{alert}/acknowledge"): WRITE,
    ("POST", "/{alert}/resolve"): WRITE,
}


@pytest.fixture
def changes(shared_server: ServerProcess) -> Changes:
    """What probes tell the shared server."""
    return Changes(database_url(shared_server))


@pytest.fixture
def change(people: dict[str, httpx.Client], changes: Changes) -> StateChange:
    """A probe of the owner's that has just failed."""
    found = failing(f"probe_{uuid.uuid4().hex[:12]}", changes.user_id("owner"))
    changes.tell(found)
    return found


def alert_of(client: httpx.Client, change: StateChange) -> dict[str, Any]:
    """The newest alert of that probe."""
    found = data_of(client.get(ALERTS, params={"probe_id": change.probe}))["alerts"]
    newest: dict[str, Any] = found[0]
    return newest


def test_every_operation_has_a_row(shared_server: ServerProcess) -> None:
    paths = httpx.get(f"{shared_server.url}/openapi.json", timeout=60).json()["paths"]
    found = {
        (method.upper(), path.removeprefix(ALERTS))
        for path, methods in paths.items()
        if path.startswith(ALERTS)
        for method in methods
    }
    assert found == set(TABLE)


@pytest.mark.parametrize("operation", TABLE, ids=" ".join)
def test_operation_answers_each_as_the_table_says(
    people: dict[str, httpx.Client], changes: Changes, operation: tuple[str, str]
) -> None:
    method, template = operation
    mine = changes.user_id("owner")
    for person, status in zip(WHO, TABLE[operation], strict=True):
        fresh = failing(f"probe_{uuid.uuid4().hex[:12]}", mine)
        changes.tell(fresh)
        alert = alert_of(people["owner"], fresh)["id"]
        answer = people[person].request(method, f"{ALERTS}{template.format(alert=alert)}")
        assert answer.status_code == status, f"{person}: {answer.text}"
        kept = alert_of(people["owner"], fresh)["status"]
        assert (kept == "firing") == (method == "GET" or status >= 400)


def test_an_alert_is_shown_with_all_that_is_known(
    people: dict[str, httpx.Client], change: StateChange
) -> None:
    alert = alert_of(people["owner"], change)
    assert MOMENT.fullmatch(alert.pop("opened_at"))
    assert alert.pop("id").startswith("alert_")
    assert alert == {
        "probe_id": change.probe,
        "probe_name": change.name,
        "container_id": change.container_id,
        "labels": {"team": "a"},
        "severity": "critical",
        "status": "firing",
        "flapping": False,
        "acknowledged_at": None,
        "acknowledged_by": None,
        "comment": None,
        "resolved_at": None,
        "resolution": None,
        "resolved_by": None,
        "details": {"error": "connection refused"},
    }


def test_a_recovery_resolves(people: dict[str, httpx.Client], changes: Changes, change: StateChange) -> None:
    owner = people["owner"]
    alert = alert_of(owner, change)["id"]
    changes.tell(well(change))
    found = data_of(owner.get(f"{ALERTS}/{alert}"))
    assert (found["status"], found["resolution"], found["resolved_by"]) == ("resolved", "recovery", None)
    assert [event["kind"] for event in found["events"]] == ["opened", "told", "resolved", "told"]
    answer = owner.post(f"{ALERTS}/{alert}/resolve")
    error = refusal_of(answer, 409, "RESOURCE_CONFLICT", "alert-state-conflict")
    assert error["details"]["state"] == "resolved"


def test_somebody_takes_care_and_says_so(
    people: dict[str, httpx.Client], changes: Changes, change: StateChange
) -> None:
    owner, operator = people["owner"], people["operator"]
    path = f"{ALERTS}/{alert_of(owner, change)['id']}"
    answer = operator.post(f"{path}/acknowledge", json={"comment": "at it"})
    found = data_of(answer, message="Alert acknowledged")
    assert (found["status"], found["acknowledged_by"], found["comment"]) == (
        "acknowledged",
        "operator",
        "at it",
    )
    refusal_of(owner.post(f"{path}/acknowledge"), 409, "RESOURCE_CONFLICT", "alert-state-conflict")
    found = data_of(owner.post(f"{path}/resolve"), message="Alert resolved")
    assert (found["status"], found["resolution"], found["resolved_by"]) == ("resolved", "hand", "owner")
    assert found["comment"] == "at it"
    # The probe still fails; its next failure after it was well is another alert.
    assert alert_of(owner, change)["id"] == found["id"]
    again = replace(change, at=utc_now())
    changes.tell(well(change), again)
    assert alert_of(owner, change)["id"] != found["id"]


def test_alerts_are_found_by_what_they_are(
    people: dict[str, httpx.Client], changes: Changes, change: StateChange
) -> None:
    owner = people["owner"]
    alert = alert_of(owner, change)["id"]

    def listed(**filters: str) -> list[str]:
        found = data_of(owner.get(ALERTS, params={"probe_id": change.probe, **filters}))
        return [one["id"] for one in found["alerts"]]

    assert listed(status="firing") == listed(status="open") == listed(severity="critical") == [alert]
    assert listed(status="resolved") == listed(severity="info") == listed(status="acknowledged") == []
    data_of(owner.post(f"{ALERTS}/{alert}/acknowledge"), message="Alert acknowledged")
    assert listed(status="open") == listed(status="acknowledged") == listed(status="all") == [alert]
    changes.tell(well(change))
    assert listed(status="resolved") == [alert]


def test_alerts_of_others_are_not_there(people: dict[str, httpx.Client], change: StateChange) -> None:
    for person, seen in zip(WHO[1:], READ[1:], strict=True):
        total = data_of(people[person].get(ALERTS, params={"probe_id": change.probe}))["total"]
        assert total == (1 if seen == 200 else 0), person


@pytest.mark.parametrize(
    ("params", "field"),
    [({"status": "odd"}, "status"), ({"severity": "bad"}, "severity"), ({"limit": 0}, "limit")],
)
def test_a_bad_question_is_refused_with_its_field(
    people: dict[str, httpx.Client], params: dict[str, Any], field: str
) -> None:
    assert set(refused_fields(people["owner"].get(ALERTS, params=params))) == {field}


def test_a_bad_comment_is_refused(people: dict[str, httpx.Client], change: StateChange) -> None:
    path = f"{ALERTS}/{alert_of(people['owner'], change)['id']}/acknowledge"
    for body, field in (({"comment": "x" * 1001}, "comment"), ({"word": "x"}, "word")):
        assert set(refused_fields(people["owner"].post(path, json=body))) == {field}


@pytest.mark.parametrize(("person", "hears"), [("owner", True), ("operator", True), ("stranger", False)])
def test_the_probes_socket_tells_of_alerts_to_those_who_may_know(
    people: dict[str, httpx.Client], changes: Changes, shared_server: ServerProcess, person: str, hears: bool
) -> None:
    change = failing(f"probe_{uuid.uuid4().hex[:12]}", changes.user_id("owner"))
    others = failing(f"probe_{uuid.uuid4().hex[:12]}", changes.user_id(person))
    headers = {"Authorization": people[person].headers["Authorization"]}
    query = "&".join(f"probe_id={one.probe}" for one in (change, others))
    url = f"ws://127.0.0.1:{shared_server.port}/ws/probes/notifications?{query}"
    with connect(url, additional_headers=headers) as socket:
        changes.tell(change)
        changes.tell(others)
        heard: list[dict[str, Any]] = []
        while not heard or heard[-1]["probe_id"] != others.probe:
            heard.append(json.loads(socket.recv(timeout=30)))
    assert (change.probe in [frame["probe_id"] for frame in heard]) == hears
    assert heard[0]["type"] == "alert"
    assert heard[0]["event"] == "opened"
    assert heard[0]["details"] == {"error": "connection refused"}


PROVOKED: dict[str, Callable[[httpx.Client, str], httpx.Response]] = {
    "alert-not-found": lambda client, alert: client.get(f"{ALERTS}/alert_0"),
    "alert-state-conflict": lambda client, alert: client.post(f"{ALERTS}/{alert}/acknowledge"),
}


def test_every_entry_is_provoked(
    people: dict[str, httpx.Client], changes: Changes, change: StateChange
) -> None:
    assert set(PROVOKED) == {entry.slug for entry in faults.ENTRIES}
    changes.tell(well(change))
    alert = alert_of(people["owner"], change)["id"]
    for slug, provoke in PROVOKED.items():
        assert provoke(people["owner"], alert).headers["X-Error-Code"] == slug


def test_severity_is_shown_as_it_was_told(people: dict[str, httpx.Client], changes: Changes) -> None:
    for severity in Severity:
        change = failing(f"probe_{uuid.uuid4().hex[:12]}", changes.user_id("owner"), severity=severity)
        changes.tell(change)
        assert alert_of(people["owner"], change)["severity"] == severity.value
