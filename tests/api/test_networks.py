"""Networks over HTTP: whose they are, who is in them, and what the policy refuses."""

from collections.abc import Iterator

import httpx
import pytest

from tests.api.answers import MOMENT, data_of, done, refusal_of, refused_fields
from tests.api.things import container, forget, owned_by, unique, until

pytestmark = pytest.mark.usefixtures("any_database")

NETWORKS = "/api/v1/networks"
CREATED = {"message": "Network created"}


@pytest.fixture
def network(people: dict[str, httpx.Client]) -> Iterator[str]:
    """A network of `owner`."""
    name = unique("network")
    data_of(people["owner"].post(NETWORKS, json={"name": name}), 201, message="Network created")
    yield name
    forget(f"/networks/{name}")


@pytest.mark.parametrize(
    ("person", "sees", "connects", "removes"),
    [
        ("anonymous", 401, 401, 401),
        ("stranger", 404, 404, 404),
        ("foreigner", 404, 404, 404),
        ("readonly", 200, 403, 403),
        ("owner", 200, 200, 200),
        ("operator", 200, 200, 200),
        ("administrator", 200, 200, 200),
    ],
)
def test_network_of_somebody_for_every_role(
    people: dict[str, httpx.Client], network: str, person: str, sees: int, connects: int, removes: int
) -> None:
    client = people[person]
    with container(labels=owned_by(people["owner"])) as member:
        assert client.get(f"{NETWORKS}/{network}").status_code == sees
        if sees != 401:
            listed = data_of(client.get(NETWORKS, params={"name": network}))
            assert listed["total"] == (1 if sees == 200 else 0)
        body = {"container": member}
        assert client.post(f"{NETWORKS}/{network}/connect", json=body).status_code == connects
        assert client.post(f"{NETWORKS}/{network}/disconnect", json=body).status_code == connects
        assert client.delete(f"{NETWORKS}/{network}").status_code == removes


@pytest.mark.parametrize(("person", "status"), [("anonymous", 401), ("readonly", 403), ("stranger", 201)])
def test_who_may_create(people: dict[str, httpx.Client], person: str, status: int) -> None:
    name = unique("network")
    try:
        assert people[person].post(NETWORKS, json={"name": name}).status_code == status
    finally:
        forget(f"/networks/{name}")


def test_network_is_made_shown_and_removed(people: dict[str, httpx.Client]) -> None:
    name, administrator = unique("network"), people["administrator"]
    body = {
        "name": name,
        "subnet": "10.217.31.0/24",
        "gateway": "10.217.31.9",
        "internal": True,
        "labels": {"a": "b"},
    }
    made = data_of(administrator.post(NETWORKS, json=body), 201, **CREATED)
    try:
        assert set(made) == {"id", "name", "driver", "scope", "internal", "created_at", "subnets", "labels"}
        assert (made["name"], made["driver"], made["internal"]) == (name, "bridge", True)
        assert made["labels"] == {"a": "b"}
        assert made["subnets"] == [{"subnet": "10.217.31.0/24", "gateway": "10.217.31.9"}]
        assert MOMENT.fullmatch(made["created_at"])
        for reference in (name, made["id"], made["id"][:12]):
            detail = data_of(administrator.get(f"{NETWORKS}/{reference}"))
            assert (detail["id"], detail["containers"]) == (made["id"], [])
        taken = administrator.post(NETWORKS, json={"name": name})
        refusal_of(taken, 409, "RESOURCE_CONFLICT", "name-in-use")
        overlapping = administrator.post(
            NETWORKS, json={"name": unique("network"), "subnet": "10.217.31.128/25"}
        )
        refusal_of(overlapping, 409, "RESOURCE_CONFLICT", "subnet-in-use")
        done(administrator.delete(f"{NETWORKS}/{name}"), "Network removed")
        gone = administrator.delete(f"{NETWORKS}/{name}")
        refusal_of(gone, 404, "RESOURCE_NOT_FOUND", "network-not-found")
    finally:
        forget(f"/networks/{name}")


def test_members_come_and_go(people: dict[str, httpx.Client], network: str) -> None:
    owner = people["owner"]
    with container(labels=owned_by(owner), start=True) as member:
        body = {"container": member, "aliases": ["web"]}
        done(owner.post(f"{NETWORKS}/{network}/connect", json=body), "Container connected")
        [attached] = data_of(owner.get(f"{NETWORKS}/{network}"))["containers"]
        assert attached["name"] == member
        assert attached["ip_address"].startswith("1")
        twice = owner.post(f"{NETWORKS}/{network}/connect", json=body)
        refusal_of(twice, 409, "RESOURCE_CONFLICT", "network-state-conflict")

        used = refusal_of(owner.delete(f"{NETWORKS}/{network}"), 409, "RESOURCE_CONFLICT", "network-in-use")
        assert used["details"]["containers"] == [member]
        assert member in used["message"]

        body = {"container": attached["id"]}
        done(owner.post(f"{NETWORKS}/{network}/disconnect", json=body), "Container disconnected")
        twice = owner.post(f"{NETWORKS}/{network}/disconnect", json=body)
        refusal_of(twice, 409, "RESOURCE_CONFLICT", "network-state-conflict")
        assert data_of(owner.get(f"{NETWORKS}/{network}"))["containers"] == []


def test_containers_of_others_can_be_neither_seen_nor_connected(
    people: dict[str, httpx.Client], network: str
) -> None:
    with container() as nobodys:
        for action in ("connect", "disconnect"):
            answer = people["owner"].post(f"{NETWORKS}/{network}/{action}", json={"container": nobodys})
            refusal_of(answer, 404, "RESOURCE_NOT_FOUND", "container-not-found")
        done(
            people["operator"].post(f"{NETWORKS}/{network}/connect", json={"container": nobodys}),
            "Container connected",
        )
        assert data_of(people["owner"].get(f"{NETWORKS}/{network}"))["containers"] == []
        seen = data_of(people["operator"].get(f"{NETWORKS}/{network}"))["containers"]
        assert [member["name"] for member in seen] == [nobodys]


def test_predefined_networks_stay_as_they_are(people: dict[str, httpx.Client]) -> None:
    owner, operator = people["owner"], people["operator"]
    names = {entry["name"] for entry in data_of(owner.get(NETWORKS, params={"limit": 200}))["networks"]}
    assert {"bridge", "host", "none"} <= names
    refusal_of(owner.delete(f"{NETWORKS}/bridge"), 403, "FORBIDDEN", "forbidden")
    for name in ("bridge", "host", "none"):
        refusal_of(operator.delete(f"{NETWORKS}/{name}"), 409, "RESOURCE_CONFLICT", "network-predefined")
        refusal_of(owner.post(NETWORKS, json={"name": name}), 409, "RESOURCE_CONFLICT", "network-predefined")
    with container(labels=owned_by(owner)) as member:
        for name in ("host", "none"):
            joined = owner.post(f"{NETWORKS}/{name}/connect", json={"container": member})
            refusal_of(joined, 409, "RESOURCE_CONFLICT", "network-predefined")
        body = {"container": member}
        done(owner.post(f"{NETWORKS}/bridge/disconnect", json=body), "Container disconnected")
        named = owner.post(f"{NETWORKS}/bridge/connect", json={**body, "aliases": ["web"]})
        refusal_of(named, 400, "INVALID_REQUEST", "network-refused")
        done(owner.post(f"{NETWORKS}/bridge/connect", json=body), "Container connected")


def test_what_could_cut_off_the_host_is_for_administrators(people: dict[str, httpx.Client]) -> None:
    for person in ("owner", "operator"):
        body = {"name": unique("network"), "subnet": "10.217.32.0/24"}
        refused = people[person].post(NETWORKS, json=body)
        error = refusal_of(refused, 403, "FORBIDDEN", "network-option-refused")
        assert error["details"]["field"] == "subnet"


def test_one_user_cannot_take_all_networks(people: dict[str, httpx.Client]) -> None:
    stranger = people["stranger"]
    # What an earlier test removed may still be in the view.
    until(lambda: data_of(stranger.get(NETWORKS, params={"name": "eulermaker-test-network"}))["total"] == 0)
    made: list[str] = []
    try:
        for _ in range(8):
            made.append(unique("network"))
            assert stranger.post(NETWORKS, json={"name": made[-1]}).status_code == 201
        refused = stranger.post(NETWORKS, json={"name": unique("network")})
        refusal_of(refused, 409, "RESOURCE_CONFLICT", "too-many-networks")
    finally:
        for name in made:
            forget(f"/networks/{name}")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "a b"}, "name"),
        ({"name": "../x"}, "name"),
        ({"name": "n", "driver": "macvlan"}, "driver"),
        ({"name": "n", "subnet": "10.0.0.1/24"}, "subnet"),
        ({"name": "n", "subnet": "0.0.0.0/0"}, "subnet"),
        ({"name": "n", "subnet": "10.0.0.0/31"}, "subnet"),
        ({"name": "n", "subnet": "fd00::/64"}, "subnet"),
        ({"name": "n", "subnet": "10.0.0.0/24", "gateway": "10.0.1.1"}, "body"),
        ({"name": "n", "subnet": "10.0.0.0/24", "gateway": "10.0.0.255"}, "body"),
        ({"name": "n", "gateway": "10.0.0.1"}, "body"),
        ({"name": "n", "gateway": "x"}, "gateway"),
        ({"name": "n", "internal": "perhaps"}, "internal"),
        ({"name": "n", "labels": {"org.eulermaker.owner": "user_x"}}, "labels"),
        ({"name": "n", "options": {}}, "options"),
    ],
)
def test_malformed_networks_are_refused(
    people: dict[str, httpx.Client], body: dict[str, object], field: str
) -> None:
    assert refused_fields(people["administrator"].post(NETWORKS, json=body)).keys() == {field}
    aliases = people["owner"].post(f"{NETWORKS}/bridge/connect", json={"container": "c", "aliases": ["a b"]})
    assert refused_fields(aliases).keys() == {"aliases"}
