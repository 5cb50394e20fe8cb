"""The create policy: every way to ask for the host is refused, and what is harmless is not."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eulermaker.features.containers.blueprint import create_body
from eulermaker.features.containers.policy import Confinement, violations
from eulermaker.features.containers.schemas import NewContainer
from eulermaker.kernel.call import Call, Principal, Role

CALL = Call(Principal("user_1", "user", "tenant_1", Role.USER, "session_1"), "en")
OPEN = Confinement(bind_roots=("/srv/data",))
LINKED = Confinement(bind_roots=("/srv/data",), resolve=lambda path: path.replace("/srv/data/link", "/etc"))


def asked(**fields: Any) -> dict[str, Any]:
    """The body that the engine would be told."""
    return create_body(NewContainer(image="busybox", **fields), CALL)


def refused(body: dict[str, Any], confinement: Confinement = OPEN) -> set[str]:
    """The fields that the policy names."""
    return {violation.field for violation in violations(body, confinement)}


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"privileged": True}, "privileged"),
    ({"network_mode": "host"}, "network_mode"),
    ({"network_mode": "HOST"}, "network_mode"),
    ({"network_mode": "container:other"}, "network_mode"),
    ({"pid_mode": "host"}, "pid_mode"),
    ({"pid_mode": "container:other"}, "pid_mode"),
    ({"ipc_mode": "host"}, "ipc_mode"),
    ({"ipc_mode": "container:other"}, "ipc_mode"),
    ({"uts_mode": "host"}, "uts_mode"),
    ({"userns_mode": "host"}, "userns_mode"),
    ({"cgroupns_mode": "host"}, "cgroupns_mode"),
    ({"volumes": {"/var/run/docker.sock": "/s"}}, "volumes"),
    ({"volumes": {"/run/docker.sock": "/s"}}, "volumes"),
    ({"volumes": {"/srv/data/../../var/run/./docker.sock": "/s:ro"}}, "volumes"),
    ({"volumes": {"//var//run//docker.sock": "/s"}}, "volumes"),
    ({"volumes": {"/var/run": "/s"}}, "volumes"),
    ({"volumes": {"/": "/s"}}, "volumes"),
    ({"volumes": {"/etc": "/e:ro"}}, "volumes"),
    ({"volumes": {"/srv/database": "/e"}}, "volumes"),
    ({"volumes": {"/srv/data/../secret": "/e"}}, "volumes"),
    ({"mounts": [{"type": "bind", "source": "/var/run/docker.sock", "target": "/s"}]}, "mounts"),
    ({"mounts": [{"type": "bind", "source": "/srv/data/../../etc", "target": "/s"}]}, "mounts"),
    (
        {"mounts": [{"type": "bind", "source": "/srv/data", "target": "/s", "propagation": "rshared"}]},
        "mounts",
    ),
    (
        {
            "mounts": [
                {
                    "type": "volume",
                    "source": "v",
                    "target": "/s",
                    "driver_options": {"type": "none", "o": "bind", "device": "/etc"},
                }
            ]
        },
        "mounts",
    ),
    ({"mounts": [{"type": "volume", "target": "/s", "driver_options": {"device": "/dev/sda1"}}]}, "mounts"),
    ({"mounts": [{"type": "volume", "source": "v", "target": "/s", "driver": "sshfs"}]}, "mounts"),
    ({"devices": ["/dev/sda"]}, "devices"),
    ({"devices": ["/dev/kmsg:/dev/null:r"]}, "devices"),
    ({"cap_add": ["SYS_ADMIN"]}, "cap_add"),
    ({"cap_add": ["cap_net_admin"]}, "cap_add"),
    ({"cap_add": ["ALL"]}, "cap_add"),
    ({"security_opt": ["seccomp=unconfined"]}, "security_opt"),
    ({"security_opt": ["seccomp:unconfined"]}, "security_opt"),
    ({"security_opt": ["apparmor=unconfined"]}, "security_opt"),
    ({"security_opt": ["label=disable"]}, "security_opt"),
    ({"security_opt": ["systempaths=unconfined"]}, "security_opt"),
    ({"security_opt": ['seccomp={"defaultAction":"SCMP_ACT_ALLOW"}']}, "security_opt"),
]


@pytest.mark.parametrize(("fields", "field"), REFUSED, ids=lambda value: str(value)[:60])
def test_what_reaches_for_the_host_is_refused_by_name(fields: dict[str, Any], field: str) -> None:
    assert refused(asked(**fields)) == {field}


ALLOWED: list[dict[str, Any]] = [
    {},
    {
        "command": ["true"],
        "environment": {"A": "b"},
        "ports": {"80": 8080},
        "memory_limit": "1g",
        "cpu_limit": 1,
    },
    {"network_mode": "bridge", "ipc_mode": "private", "cgroupns_mode": "private"},
    {"network_mode": "my-network"},
    {"volumes": {"/srv/data": "/a", "/srv/data/deep/er": "/b:ro", "named": "/c"}},
    {
        "mounts": [
            {"type": "bind", "source": "/srv/data/x", "target": "/a"},
            {"type": "tmpfs", "target": "/t"},
        ]
    },
    {"mounts": [{"type": "volume", "source": "v", "target": "/s", "driver_options": {"size": "1g"}}]},
    {"tmpfs": {"/t": "size=1m"}, "read_only": True, "cap_drop": ["ALL"], "ulimits": {"nofile": 1024}},
    {"security_opt": ["no-new-privileges"]},
    {
        "no_new_privileges": False,
        "restart_policy": "always",
        "health_check": {"test": "true"},
        "pids_limit": 10,
    },
    {"hostname": "h", "tty": True, "stdin_open": True, "init": True, "user": "1:1", "working_dir": "/w"},
    {
        "shm_size": "64m",
        "auto_remove": True,
        "stop_signal": "SIGINT",
        "stop_timeout": 0,
        "labels": {"a": "b"},
    },
]


@pytest.mark.parametrize("fields", ALLOWED, ids=lambda value: str(value)[:60])
def test_what_is_harmless_is_open(fields: dict[str, Any]) -> None:
    assert refused(asked(**fields)) == set()


def test_everything_that_is_refused_is_told_at_once() -> None:
    body = asked(privileged=True, pid_mode="host", devices=["/dev/sda"], volumes={"/": "/host"})
    assert refused(body) == {"privileged", "pid_mode", "devices", "volumes"}


def test_namespaces_of_own_containers_are_open() -> None:
    own = Confinement(owns=lambda reference: reference == "mine")
    assert refused(asked(network_mode="container:mine", pid_mode="container:mine"), own) == set()
    assert refused(asked(network_mode="container:theirs"), own) == {"network_mode"}


def test_a_link_below_a_root_leads_nowhere_else() -> None:
    assert refused(asked(volumes={"/srv/data/link": "/e"}), LINKED) == {"volumes"}
    assert refused(asked(volumes={"/srv/data/plain": "/e"}), LINKED) == set()


def test_the_engines_own_socket_is_refused_even_below_a_root() -> None:
    everything = Confinement(bind_roots=("/",), sockets=("/opt/engine.sock",))
    assert refused(asked(volumes={"/opt": "/o"}), everything) == {"volumes"}
    assert refused(asked(volumes={"/home": "/h"}), everything) == set()


def test_without_roots_nothing_of_the_host_is_mounted() -> None:
    assert refused(asked(volumes={"/tmp": "/t"}), Confinement()) == {"volumes"}


@pytest.mark.parametrize(
    "key", ["Runtime", "CgroupParent", "Sysctls", "VolumesFrom", "OomScoreAdj", "Links", "Unheard"]
)
def test_what_no_rule_knows_is_refused(key: str) -> None:
    assert refused({"Image": "busybox", "HostConfig": {key: ["x"]}}) == {key}
    assert refused({"Image": "busybox", key: "x"}) == {key}


@pytest.mark.parametrize("key", ["MaskedPaths", "ReadonlyPaths"])
def test_hidden_paths_stay_hidden(key: str) -> None:
    assert refused({"HostConfig": {key: []}}) == {"security_opt"}
    assert refused({"HostConfig": {key: None}}) == set()


PARTS = st.sampled_from(["..", ".", "", "srv", "data", "var", "run", "docker.sock", "etc", "deep"])


@given(st.lists(PARTS, max_size=12))
def test_no_spelling_of_a_path_leaves_the_roots(parts: list[str]) -> None:
    """Judged against the plain meaning, worked out here in another way: part by part."""
    meaning: list[str] = []
    for part in parts:
        if part == "..":
            del meaning[-1:]
        elif part not in ("", "."):
            meaning.append(part)
    inside = meaning[:2] == ["srv", "data"]
    path = "/" + "/".join(parts)
    assert (refused({"HostConfig": {"Binds": [f"{path}:/x"]}}) == set()) == inside
    assert (refused({"HostConfig": {"Mounts": [{"Type": "bind", "Source": path}]}}) == set()) == inside
