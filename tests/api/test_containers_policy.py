"""The create policy over HTTP: refused is refused on the engine too, and a dry run tells all of it."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from eulermaker.kernel.call import Role
from scripts import engine_api
from tests.api.answers import data_of, is_chinese, refusal_of
from tests.api.engine import HOST
from tests.api.people import add_user, signed_in
from tests.api.servers import tailored
from tests.api.things import forget, owned_by, unique
from tests.server import IMAGE

pytestmark = pytest.mark.usefixtures("any_database")

CONTAINERS = "/api/v1/containers"

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"privileged": True}, "privileged"),
    ({"network_mode": "host"}, "network_mode"),
    ({"pid_mode": "host"}, "pid_mode"),
    ({"ipc_mode": "host"}, "ipc_mode"),
    ({"uts_mode": "host"}, "uts_mode"),
    ({"userns_mode": "host"}, "userns_mode"),
    ({"cgroupns_mode": "host"}, "cgroupns_mode"),
    ({"volumes": {"/var/run/docker.sock": "/s"}}, "volumes"),
    ({"volumes": {"/etc": "/host"}}, "volumes"),
    ({"mounts": [{"type": "bind", "source": "/", "target": "/host"}]}, "mounts"),
    (
        {
            "mounts": [
                {
                    "type": "volume",
                    "target": "/h",
                    "driver_options": {"type": "none", "o": "bind", "device": "/"},
                }
            ]
        },
        "mounts",
    ),
    ({"devices": ["/dev/kmsg"]}, "devices"),
    ({"cap_add": ["SYS_ADMIN"]}, "cap_add"),
    ({"security_opt": ["seccomp=unconfined"]}, "security_opt"),
]


@pytest.mark.parametrize(("fields", "field"), REFUSED, ids=lambda value: str(value)[:50])
def test_a_refusal_names_the_field_and_leaves_nothing(
    people: dict[str, httpx.Client], fields: dict[str, Any], field: str
) -> None:
    name = unique("refused")
    body = {"name": name, "image": IMAGE, **fields}
    for who in ("owner", "operator"):
        refused = people[who].post(CONTAINERS, json=body)
        error = refusal_of(refused, 403, "FORBIDDEN", "create-policy-refused")
        assert error["details"]["field"] == field
        assert field in error["message"]
        assert people["administrator"].get(f"{CONTAINERS}/{name}").status_code == 404
        for answer in (
            people[who].post(f"{CONTAINERS}/validate", json=body),
            people[who].post(CONTAINERS, params={"dry_run": True}, json=body),
        ):
            verdict = data_of(answer)
            assert verdict["allowed"] is False
            assert {one["field"] for one in verdict["violations"]} == {field}
    assert data_of(people["administrator"].post(f"{CONTAINERS}/validate", json=body))["allowed"] is True


def test_a_dry_run_tells_everything_at_once_in_the_readers_language(people: dict[str, httpx.Client]) -> None:
    body = {"image": IMAGE}
    for fields, _ in REFUSED:
        body |= fields
    verdict = data_of(
        people["owner"].post(f"{CONTAINERS}/validate", json=body, headers={"Accept-Language": "zh"})
    )
    assert {one["field"] for one in verdict["violations"]} == {field for _, field in REFUSED}
    assert all(is_chinese(one["message"]) for one in verdict["violations"])
    assert data_of(people["owner"].post(f"{CONTAINERS}/validate", json={"image": IMAGE})) == {
        "allowed": True,
        "violations": [],
    }


def test_namespaces_and_volumes_of_others_are_closed(people: dict[str, httpx.Client]) -> None:
    owner, stranger = people["owner"], people["stranger"]
    names = [unique("container") for _ in range(3)]
    volume, trap = unique("volume"), unique("volume")
    options = {"type": "none", "o": "bind", "device": "/etc"}
    try:
        first = {"name": names[0], "image": IMAGE, "command": ["sleep", "60"], "volumes": {volume: "/data"}}
        data_of(owner.post(CONTAINERS, json=first), 201, message="Container created")
        # The volume was made for the owner, and is the owner's.
        assert owner.get(f"/api/v1/volumes/{volume}").status_code == 200
        refused = stranger.post(CONTAINERS, json={"image": IMAGE, "volumes": {volume: "/data"}})
        refusal_of(refused, 409, "RESOURCE_CONFLICT", "name-in-use")

        joined = {"image": IMAGE, "network_mode": f"container:{names[0]}"}
        error = refusal_of(stranger.post(CONTAINERS, json=joined), 403, "FORBIDDEN", "create-policy-refused")
        assert error["details"]["field"] == "network_mode"
        answer = owner.post(CONTAINERS, json={**joined, "name": names[1]})
        data_of(answer, 201, message="Container created")

        # A volume that is a directory of the host in disguise, whoever it belongs to.
        body = {"Name": trap, "DriverOpts": options, "Labels": owned_by(owner)}
        engine_api.post_json(HOST, "/volumes/create", body)
        refused = owner.post(CONTAINERS, json={"image": IMAGE, "volumes": {trap: "/data"}})
        error = refusal_of(refused, 403, "FORBIDDEN", "create-policy-refused")
        assert error["details"]["field"] == "volumes"
    finally:
        for name in names:
            forget(f"/containers/{name}?force=true&v=true")
        for name in (volume, trap):
            forget(f"/volumes/{name}")


def test_administrators_may(people: dict[str, httpx.Client]) -> None:
    name = unique("container")
    body = {"name": name, "image": IMAGE, "privileged": True, "pid_mode": "host", "cap_add": ["NET_ADMIN"]}
    try:
        answer = people["administrator"].post(CONTAINERS, json=body)
        assert data_of(answer, 201, message="Container created")["config"]["privileged"] is True
    finally:
        forget(f"/containers/{name}?force=true")


def test_only_configured_directories_can_be_mounted(database_kind: str, tmp_path: Path) -> None:
    open_root, secret = tmp_path / "open", tmp_path / "secret"
    (open_root / "inner").mkdir(parents=True)
    secret.mkdir()
    (open_root / "link").symlink_to(secret)
    settings = {"EULERMAKER_CONTAINERS__BIND_ROOTS": str(open_root)}
    with tailored(database_kind, tmp_path / "data", settings) as server:
        add_user(server, "user", Role.USER, email="user@example.org")
        with signed_in(server, "user") as client:

            def allowed(source: Path | str) -> bool:
                body = {"image": IMAGE, "volumes": {str(source): "/data"}}
                return bool(data_of(client.post(f"{CONTAINERS}/validate", json=body))["allowed"])

            assert allowed(open_root)
            assert allowed(open_root / "inner")
            assert not allowed(open_root / "link")
            assert not allowed(f"{open_root}/../secret")
            assert not allowed(secret)
            assert not allowed(f"{open_root}-other")
