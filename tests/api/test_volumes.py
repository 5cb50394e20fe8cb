"""Volumes over HTTP: whose they are, what the policy refuses, and what is in use."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.api.answers import MOMENT, data_of, done, is_chinese, refusal_of, refused_fields
from tests.api.things import container, forget, owned_by, unique

pytestmark = pytest.mark.usefixtures("any_database")

VOLUMES = "/api/v1/volumes"
CREATED = {"message": "Volume created"}


@pytest.fixture
def volume(people: dict[str, httpx.Client]) -> Iterator[str]:
    """A volume of `owner`."""
    name = unique("volume")
    data_of(people["owner"].post(VOLUMES, json={"name": name}), 201, message="Volume created")
    yield name
    forget(f"/volumes/{name}")


@pytest.mark.parametrize(
    ("person", "sees", "changes"),
    [
        ("anonymous", 401, 401),
        ("stranger", 404, 404),
        ("foreigner", 404, 404),
        ("readonly", 200, 403),
        ("owner", 200, 200),
        ("operator", 200, 200),
        ("administrator", 200, 200),
    ],
)
def test_volume_of_somebody_for_every_role(
    people: dict[str, httpx.Client], volume: str, person: str, sees: int, changes: int
) -> None:
    client = people[person]
    assert client.get(f"{VOLUMES}/{volume}").status_code == sees
    listed = client.get(VOLUMES, params={"name": volume})
    if sees == 401:
        refusal_of(listed, 401, "UNAUTHORIZED", "token-missing")
    else:
        assert data_of(listed)["total"] == (1 if sees == 200 else 0)
    assert client.delete(f"{VOLUMES}/{volume}").status_code == changes


@pytest.mark.parametrize(("person", "status"), [("anonymous", 401), ("readonly", 403), ("stranger", 201)])
def test_who_may_create_and_prune(people: dict[str, httpx.Client], person: str, status: int) -> None:
    name = unique("volume")
    try:
        assert people[person].post(VOLUMES, json={"name": name}).status_code == status
        pruned = people[person].post(f"{VOLUMES}/prune", params={"dry_run": True})
        assert pruned.status_code == (200 if status == 201 else status)
    finally:
        forget(f"/volumes/{name}")


def test_volume_of_nobody_is_for_those_who_may_see_all(people: dict[str, httpx.Client]) -> None:
    name = unique("volume")
    with container(Binds=[f"{name}:/data"]):
        for person, status in (("owner", 404), ("readonly", 200), ("operator", 200), ("foreigner", 200)):
            assert people[person].get(f"{VOLUMES}/{name}").status_code == status, person
    forget(f"/volumes/{name}")


def test_volume_is_made_shown_and_removed(people: dict[str, httpx.Client]) -> None:
    owner, name = people["owner"], unique("volume")
    made = data_of(owner.post(VOLUMES, json={"name": name, "labels": {"a": "b"}}), 201, **CREATED)
    try:
        assert set(made) == {"name", "driver", "scope", "created_at", "labels"}
        assert (made["name"], made["labels"]) == (name, {"a": "b"})
        assert (made["driver"], made["scope"]) == ("local", "local")
        assert MOMENT.fullmatch(made["created_at"])
        detail = data_of(owner.get(f"{VOLUMES}/{name}"))
        assert detail["containers"] == []
        assert {key: detail[key] for key in made} == made
        taken = people["stranger"].post(VOLUMES, json={"name": name})
        refusal_of(taken, 409, "RESOURCE_CONFLICT", "name-in-use")
        done(owner.delete(f"{VOLUMES}/{name}"), "Volume removed")
        refusal_of(owner.delete(f"{VOLUMES}/{name}"), 404, "RESOURCE_NOT_FOUND", "volume-not-found")
    finally:
        forget(f"/volumes/{name}")


def test_volume_in_use_names_the_containers_that_the_caller_may_see(
    people: dict[str, httpx.Client], volume: str
) -> None:
    labels = owned_by(people["owner"])
    with (
        container(labels=labels, Binds=[f"{volume}:/data"]) as own,
        container(Binds=[f"{volume}:/data"]) as other,
    ):
        assert data_of(people["owner"].get(f"{VOLUMES}/{volume}"))["containers"] == [own]
        refused = people["owner"].delete(f"{VOLUMES}/{volume}", headers={"Accept-Language": "zh"})
        error = refusal_of(refused, 409, "RESOURCE_CONFLICT", "volume-in-use")
        assert error["details"]["containers"] == [own]
        assert is_chinese(error["message"])
        error = refusal_of(
            people["operator"].delete(f"{VOLUMES}/{volume}"), 409, "RESOURCE_CONFLICT", "volume-in-use"
        )
        assert sorted(error["details"]["containers"]) == sorted([own, other])
        assert own in error["message"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"options": {"type": "none", "o": "bind", "device": "/"}}, "options.type"),
        ({"options": {"o": "bind"}}, "options.o"),
        ({"options": {"device": "/etc"}}, "options.device"),
        ({"options": {"size": "1m", "device": "tmpfs"}}, "options.device"),
        ({"options": {"Type": "none"}}, "options.Type"),
        ({"options": {"mountpoint": "/etc"}}, "options.mountpoint"),
        ({"driver": "local-persist"}, "driver"),
        ({"driver": "LOCAL"}, "driver"),
    ],
)
def test_options_that_reach_the_host_are_for_administrators(
    people: dict[str, httpx.Client], body: dict[str, object], field: str
) -> None:
    for person in ("owner", "operator"):
        refused = people[person].post(VOLUMES, json={"name": unique("volume"), **body})
        error = refusal_of(refused, 403, "FORBIDDEN", "volume-option-refused")
        assert error["details"]["field"] == field
        assert field in error["message"]


def test_administrator_may_bind_and_the_engine_may_refuse(people: dict[str, httpx.Client]) -> None:
    name, administrator = unique("volume"), people["administrator"]
    bind = {"type": "none", "o": "bind", "device": "/tmp"}
    try:
        data_of(administrator.post(VOLUMES, json={"name": name, "options": bind}), 201, **CREATED)
        assert data_of(administrator.get(f"{VOLUMES}/{name}"))["options"] == bind
    finally:
        forget(f"/volumes/{name}")
    for body in ({"driver": "no-such-driver"}, {"options": {"no-such": "option"}}):
        refused = administrator.post(VOLUMES, json={"name": unique("volume"), **body})
        refusal_of(refused, 400, "INVALID_REQUEST", "volume-refused")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "a"}, "name"),
        ({"name": "../../etc"}, "name"),
        ({"name": ""}, "name"),
        ({"name": "a" * 256}, "name"),
        ({"name": 1}, "name"),
        ({"labels": {"org.eulermaker.owner": "user_x"}}, "labels"),
        ({"labels": {"ORG.eulermaker.tenant": "x"}}, "labels"),
        ({"labels": {" ": "x"}}, "labels"),
        ({"labels": []}, "labels"),
        ({"options": {"size": 1}}, "options.size"),
        ({"mountpoint": "/etc"}, "mountpoint"),
    ],
)
def test_malformed_volumes_are_refused(
    people: dict[str, httpx.Client], body: dict[str, object], field: str
) -> None:
    assert refused_fields(people["owner"].post(VOLUMES, json=body)).keys() == {field}


@pytest.mark.parametrize("name", ["nothing-there", "%2e%2e%2fcontainers", "a", "%00", "x" * 300])
def test_what_names_no_volume_is_not_found(admin: httpx.Client, name: str) -> None:
    for method in ("GET", "DELETE"):
        answer = admin.request(method, f"{VOLUMES}/{name}")
        assert answer.headers["X-Error-Code"] in ("volume-not-found", "route-not-found")
        assert answer.status_code in (404, 405) if "%2f" in name else answer.status_code == 404


def test_prune_removes_what_is_ones_own_and_unused(people: dict[str, httpx.Client], volume: str) -> None:
    owner = people["owner"]
    unnamed = data_of(owner.post(VOLUMES, json={}), 201, **CREATED)["name"]
    with container(Binds=[f"{volume}:/data"]):
        told = _prune(owner, dry_run=True)
        assert (told["volumes"], told["count"], told["dry_run"]) == ([unnamed], 1, True)
        assert told["bytes"] >= 0
        assert data_of(owner.get(f"{VOLUMES}/{unnamed}"))["name"] == unnamed
        assert unnamed not in _prune(people["stranger"], dry_run=True, all=True)["volumes"]
        # All of one's own, but not what is in use.
        assert _prune(owner, all=True)["volumes"] == [unnamed]
        assert owner.get(f"{VOLUMES}/{unnamed}").status_code == 404
    assert volume not in _prune(owner)["volumes"]
    assert _prune(owner, all=True)["volumes"] == [volume]


def _prune(client: httpx.Client, **params: bool) -> dict[str, Any]:
    message = "These volumes would be pruned" if params.get("dry_run") else "Volumes pruned"
    told: dict[str, Any] = data_of(client.post(f"{VOLUMES}/prune", params=params), message=message)
    return told
