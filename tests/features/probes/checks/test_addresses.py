"""Which addresses are open, and that neither names nor containers get around it."""

import ipaddress
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eulermaker.engines.containers import Container, ContainerConfig, Port, Status
from eulermaker.features.probes.checks.addresses import Neighbours, Policy
from eulermaker.features.probes.checks.make import refused_address
from eulermaker.features.probes.checks.names import Names
from eulermaker.features.probes.checks.target import Aim, Place, Reaching, Target
from eulermaker.features.probes.checks.verdict import Status as Found
from eulermaker.features.probes.checks.verdict import Trouble
from eulermaker.features.probes.config import Dns, Http, IpVersion, Reach, Tcp
from eulermaker.kernel.addresses import kind_of
from eulermaker.kernel.ownership import OWNER, TENANT
from tests.features.probes.checks.seen import Listed

ANN = Target(container=None, owner="ann", tenant="t")


def container(
    name: str,
    *addresses: str,
    owner: str = "ann",
    tenant: str = "t",
    ports: tuple[Port, ...] = (),
    network_mode: str = "bridge",
    status: Status = Status.RUNNING,
) -> Container:
    """A container of that owner."""
    return Container(
        id=name,
        name=name,
        image="i",
        image_id="i",
        status=status,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        ports=ports,
        labels={OWNER: owner, TENANT: tenant} if owner else {},
        ip_address=addresses[0] if addresses else "",
        addresses=addresses,
        config=ContainerConfig(network_mode=network_mode),
    )


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("169.254.169.254", "metadata"),
        ("169.254.0.1", "link-local"),
        ("fe80::1", "link-local"),
        ("fe80::1%eth0", "link-local"),
        ("::ffff:169.254.169.254", "metadata"),
        ("64:ff9b::a9fe:a9fe", "metadata"),
        ("2002:a9fe:a9fe::1", "metadata"),
        ("::169.254.169.254", "metadata"),
        ("100.100.100.200", "metadata"),
        ("168.63.129.16", "metadata"),
        ("fd00:ec2::254", "metadata"),
        ("0.0.0.0", "unspecified"),
        ("0.1.2.3", "unspecified"),
        ("::", "unspecified"),
        ("224.0.0.1", "multicast"),
        ("ff02::1", "multicast"),
        ("255.255.255.255", "reserved"),
        ("240.0.0.1", "reserved"),
        ("127.0.0.1", "loopback"),
        ("127.8.9.10", "loopback"),
        ("::1", "loopback"),
        ("::ffff:127.0.0.1", "loopback"),
        ("10.0.0.1", None),
        ("172.17.0.2", None),
        ("192.0.2.1", None),
        ("8.8.8.8", None),
        ("fd12::1", None),
        ("2606:4700::1111", None),
    ],
)
def test_kinds(address: str, kind: str | None) -> None:
    assert kind_of(address) == kind


@given(st.ip_addresses(v=4))
def test_an_address_is_the_same_however_it_is_written_in_ipv6(address: ipaddress.IPv4Address) -> None:
    assert kind_of(f"::ffff:{address}") == kind_of(str(address))
    assert kind_of(str(ipaddress.IPv6Address((0x64_FF9B << 96) | int(address)))) == kind_of(str(address))


def places(
    seen: Listed,
    host: str,
    port: int = 80,
    *,
    target: Target = ANN,
    reach: Reach = "auto",
    ip_version: IpVersion = None,
    allowed: tuple[str, ...] = (),
    docker_host: str = "unix:///var/run/docker.sock",
) -> list[Place]:
    """Where a check would connect to."""
    reaching = Reaching(seen, Names(), allowed=allowed, docker_host=docker_host)
    found = Aim(reaching, target, host=host, port=port, reach=reach, ip_version=ip_version).now(0.0)
    assert found is not None
    return list(found)


def trouble(seen: Listed, host: str, port: int = 80, **options: object) -> Trouble:
    """Why a check would not connect."""
    with pytest.raises(Trouble) as raised:
        places(seen, host, port, **options)  # type: ignore[arg-type]  # the options of `places`
    return raised.value


def test_loopback_is_for_those_whom_no_policy_binds() -> None:
    assert trouble(Listed(), "127.0.0.1").facts["reason"] == "loopback"
    assert places(Listed(), "127.0.0.1", target=replace(ANN, unconfined=True)) == [("127.0.0.1", 80)]
    assert (
        trouble(Listed(), "169.254.169.254", target=replace(ANN, unconfined=True)).error == "address refused"
    )


def test_networks_can_be_opened() -> None:
    for address, network in (
        ("169.254.7.7", "169.254.0.0/16"),
        ("127.0.0.1", "127.0.0.0/8"),
        ("::1", "::1/128"),
    ):
        assert trouble(Listed(), address).error == "address refused"
        assert places(Listed(), address, allowed=(network,)) == [(address, 80)]


def test_containers_of_others_are_not_watched() -> None:
    seen = Listed(
        container("mine", "172.17.0.2"),
        container("bobs", "172.17.0.3", "10.5.0.3", "fd00::3", owner="bob"),
        container("nobodys", "172.17.0.4", owner=""),
        container("foreign", "172.17.0.5", tenant="other"),
    )
    everybody = replace(ANN, sees_all=True)
    assert places(seen, "172.17.0.2") == [("172.17.0.2", 80)]
    for address in ("172.17.0.3", "10.5.0.3", "fd00::3", "172.17.0.4", "172.17.0.5"):
        assert trouble(seen, address).facts["reason"] == "somebody else's container"
    for address in ("172.17.0.3", "172.17.0.4"):
        assert places(seen, address, target=everybody) == [(address, 80)]
    assert trouble(seen, "172.17.0.5", target=everybody).facts["reason"] == "somebody else's container"


def test_addresses_that_change_hands_are_judged_anew() -> None:
    seen = Listed(container("mine", "172.17.0.2"))
    reaching = Reaching(seen, Names())
    aim = Aim(reaching, ANN, host="172.17.0.2", port=80)
    assert aim.now(0.0) is not None
    seen.change(container("bobs", "172.17.0.2", owner="bob"))
    with pytest.raises(Trouble):
        aim.now(0.0)


@pytest.mark.parametrize(
    ("host", "port", "reach", "place"),
    [
        ("localhost", 80, "auto", ("172.17.0.9", 80)),
        ("localhost", 5432, "auto", ("172.17.0.9", 5432)),
        ("localhost", 8080, "auto", ("127.0.0.1", 8080)),
        ("127.0.0.1", 8080, "auto", ("127.0.0.1", 8080)),
        ("::1", 8080, "address", ("172.17.0.9", 8080)),
        ("localhost", 80, "published", ("127.0.0.1", 8080)),
        ("localhost", 443, "published", ("192.0.2.9", 8443)),
        ("localhost", 8443, "auto", ("192.0.2.9", 8443)),
        ("localhost", 80, "address", ("172.17.0.9", 80)),
    ],
)
def test_localhost_is_the_container(host: str, port: int, reach: Reach, place: tuple[str, int]) -> None:
    ports = (
        Port("80/tcp", "0.0.0.0", 8080),
        Port("443/tcp", "192.0.2.9", 8443),
        Port("5432/tcp"),
        Port("53/udp", "", 5353),
    )
    seen = Listed(container("c", "172.17.0.9", ports=ports))
    assert places(seen, host, port, target=replace(ANN, container="c"), reach=reach) == [place]


def test_ports_that_lead_nowhere() -> None:
    seen = Listed(container("c", "172.17.0.9", ports=(Port("53/udp", "", 5353),)))
    inside = replace(ANN, container="c")
    assert trouble(seen, "localhost", 81, target=inside, reach="published").error == "port not published"
    assert trouble(seen, "localhost", 5353, target=inside, reach="published").error == "port not published"


def test_an_engine_elsewhere_is_reached_through_published_ports() -> None:
    seen = Listed(container("c", "172.17.0.9", ports=(Port("80/tcp", "0.0.0.0", 8080),)))
    inside = replace(ANN, container="c")
    assert places(seen, "localhost", target=inside, docker_host="tcp://192.0.2.7:2376") == [
        ("192.0.2.7", 8080)
    ]


def test_networks_of_the_host_and_of_other_containers() -> None:
    seen = Listed(
        container("host", network_mode="host"),
        container("pod", "172.17.0.9"),
        container("sidecar", network_mode="container:pod"),
        container("alone", network_mode="none"),
    )
    assert places(seen, "localhost", target=replace(ANN, container="host")) == [("127.0.0.1", 80)]
    assert places(seen, "localhost", target=replace(ANN, container="sidecar")) == [("172.17.0.9", 80)]
    none = trouble(seen, "localhost", target=replace(ANN, container="alone"))
    assert (none.status, none.error) == (Found.FAILURE, "container has no address")


def test_both_families() -> None:
    seen = Listed(container("c", "172.17.0.9", "fd00::9"))
    inside = replace(ANN, container="c")
    assert places(seen, "localhost", target=inside, ip_version=6) == [("fd00::9", 80)]
    assert places(seen, "localhost", target=inside, ip_version=4) == [("172.17.0.9", 80)]


def test_what_cannot_be_looked_at_is_unknown() -> None:
    seen = Listed(container("c", "172.17.0.9", status=Status.STOPPED))
    inside = replace(ANN, container="c")
    stopped = trouble(seen, "localhost", target=inside)
    assert (stopped.status, stopped.error) == (Found.UNKNOWN, "container not running")
    seen.change(container("c", "172.17.0.9", status=Status.RESTARTING))
    restarts = trouble(seen, "localhost", target=inside)
    assert (restarts.status, restarts.error) == (Found.FAILURE, "container restarts")
    gone = trouble(seen, "localhost", target=replace(ANN, container="gone"))
    assert (gone.status, gone.error) == (Found.UNKNOWN, "container not found")
    seen.lose_engine()
    away = trouble(seen, "localhost", target=replace(ANN, container="gone"))
    assert (away.status, away.error) == (Found.UNKNOWN, "engine unavailable")


def test_refused_addresses_are_told_when_a_probe_is_made() -> None:
    reaching = Reaching(Listed(container("c", "172.17.0.9")), Names())
    inside = replace(ANN, container="c")
    assert refused_address(Http(url="http://169.254.169.254/"), inside, reaching) == ("url", "metadata")
    assert refused_address(Tcp(host="127.0.0.1", port=80), ANN, reaching) == ("host", "loopback")
    assert refused_address(Tcp(host="127.0.0.1", port=80), inside, reaching) is None
    assert refused_address(Dns(name="x", server="127.0.0.1:53"), inside, reaching) == ("server", "loopback")
    assert refused_address(Http(url="http://name.example/"), inside, reaching) is None


def test_networks_can_be_closed() -> None:
    closed = Policy(Neighbours(Listed()), allowed=("10.0.0.0/8",), refused=("10.1.0.0/16",))
    for address, is_open in (("10.2.0.1", True), ("10.1.0.1", False), ("::ffff:10.1.0.1", False)):
        refusal = closed.refusal(address, unconfined=True, sees=lambda _: True)
        assert (refusal is None) is is_open


def test_a_policy_judges_by_labels() -> None:
    policy = Policy(Neighbours(Listed(container("c", "10.0.0.9", owner="bob"))))
    assert policy.refusal("10.0.0.9", unconfined=True, sees=lambda labels: labels[OWNER] == "bob") is None
