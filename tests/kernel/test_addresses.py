"""Which addresses are refused, however they are written."""

import pytest

from eulermaker.kernel.addresses import AddressPolicy, AddressRefused, Unresolvable, refused, resolve


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "169.254.0.1",
        "100.100.100.200",
        "192.0.0.192",
        "168.63.129.16",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1",
        "::169.254.169.254",
        "0.0.0.0",
        "0.1.2.3",
        "::",
        "::ffff:0.0.0.0",
        "224.0.0.1",
        "ff02::1",
        "255.255.255.255",
    ],
)
def test_refused(address: str) -> None:
    assert refused(address)


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "::1", "10.0.0.1", "192.168.1.1", "8.8.8.8", "2606:4700::1111"]
)
def test_reachable(address: str) -> None:
    assert refused(address) is None


def test_an_administrator_refuses_more_and_allows_some() -> None:
    policy = AddressPolicy(refused=["10.0.0.0/8", "::1/128"], allowed=["169.254.7.0/24", "10.1.0.0/16"])
    assert policy.refused("10.2.0.1", loopback=True)
    assert policy.refused("::1", loopback=True)
    assert policy.refused("::ffff:10.2.0.1", loopback=True)
    assert policy.refused("10.1.0.1", loopback=True) is None
    assert policy.refused("169.254.7.1", loopback=True) is None
    assert policy.refused("169.254.169.254", loopback=True)


def test_this_hosts_own_addresses_are_open_to_some() -> None:
    for address in ("127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"):
        assert AddressPolicy().refused(address, loopback=False)
        assert AddressPolicy().refused(address, loopback=True) is None
    assert AddressPolicy(allowed=["127.0.0.1/32"]).refused("127.0.0.1", loopback=False) is None


@pytest.mark.anyio
async def test_a_name_is_judged_by_its_addresses() -> None:
    assert set(await resolve("localhost", 80)) <= {"127.0.0.1", "::1"}
    assert await AddressPolicy().resolve("localhost", 80, loopback=True)
    with pytest.raises(AddressRefused, match="refuses this network"):
        await AddressPolicy(refused=["127.0.0.0/8", "::1/128"]).resolve("localhost", 80, loopback=True)


@pytest.mark.anyio
@pytest.mark.parametrize("literal", ["2852039166", "0xa9fea9fe", "169.254.43518", "0251.0376.0251.0376"])
async def test_other_notations_of_an_address_are_that_address(literal: str) -> None:
    with pytest.raises(AddressRefused):
        await AddressPolicy().resolve(literal, 80, loopback=True)


@pytest.mark.anyio
@pytest.mark.parametrize("host", ["nowhere.invalid", "a" * 70, "", "\udc00"])
async def test_a_name_without_an_address(host: str) -> None:
    with pytest.raises(Unresolvable):
        await resolve(host, 80)
