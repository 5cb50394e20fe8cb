"""How people write memory, CPUs, ports, mounts and moments: read as they mean it, refused by name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eulermaker.engines.containers import Mount, Port
from eulermaker.features.containers import notation
from eulermaker.features.containers.notation import Published, Unreadable

PORTS = st.integers(1, 65_535)


@pytest.mark.parametrize(
    ("written", "size"),
    [
        ("512m", 512 * 1024**2),
        ("1g", 1024**3),
        ("1G", 1024**3),
        ("1GiB", 1024**3),
        ("1.5g", 3 * 1024**3 // 2),
        (" 64 mb ", 64 * 1024**2),
        (134_217_728, 134_217_728),
        ("134217728", 134_217_728),
    ],
)
def test_memory_is_read_in_every_unit(written: int | str, size: int) -> None:
    assert notation.memory_bytes(written) == size


@pytest.mark.parametrize("written", ["abc", "", "-1", "1x", "0", "1m", 5, "1e9", "٣g", "9" * 30, "1 2m"])
def test_memory_that_is_none_is_refused_in_both_languages(written: int | str) -> None:
    with pytest.raises(Unreadable) as refused:
        notation.memory_bytes(written)
    assert "内存限制" in refused.value.zh
    assert "memory limit" in refused.value.en


@given(st.integers(notation.MIN_MEMORY, 2**50))
def test_memory_is_shown_as_it_can_be_written(size: int) -> None:
    assert notation.memory_bytes(notation.memory_text(size)) == size


@given(st.integers(1, 1000), st.sampled_from([1, 2, 4, 5, 10, 100]))
def test_cpus_are_shown_as_they_can_be_written(whole: int, parts: int) -> None:
    billionths = notation.nano_cpus(whole / parts)
    assert notation.nano_cpus(notation.cpus_text(billionths / 1e9)) == billionths


@pytest.mark.parametrize("written", ["x", "", "0", "-1", "nan", "inf", "1025", "1,5", 0.001])
def test_cpus_that_are_none_are_refused(written: float | str) -> None:
    with pytest.raises(Unreadable):
        notation.nano_cpus(written)


@pytest.mark.parametrize(
    ("written", "published"),
    [
        ({"80/tcp": 8080}, [Published("80/tcp", 8080)]),
        ({"80": "8080"}, [Published("80/tcp", 8080)]),
        ({"53/udp": [53, 5353]}, [Published("53/udp", 53), Published("53/udp", 5353)]),
        ({"80/tcp": None}, [Published("80/tcp", None)]),
        ({"80/tcp": []}, [Published("80/tcp", None)]),
        ({"80/tcp": "127.0.0.1:8080"}, [Published("80/tcp", 8080, "127.0.0.1")]),
        (
            ["8080:80", 443, "53/udp"],
            [Published("80/tcp", 8080), Published("443/tcp", 443), Published("53/udp", None)],
        ),
        (["[::1]:8080:80/tcp"], [Published("80/tcp", 8080, "::1")]),
    ],
)
def test_ports_are_read_in_every_form(
    written: dict[str, object] | list[object], published: list[Published]
) -> None:
    assert notation.published_ports(written) == published


@pytest.mark.parametrize(
    "written",
    [
        {"80/tcp": 70_000},
        {"0/tcp": 1},
        {"70000/tcp": 1},
        {"80/xyz": 1},
        {"80": True},
        {"80": 1.5},
        {"80": "http"},
        ["x"],
        [None],
        [[1]],
        {"80": {"a": 1}},
    ],
)
def test_ports_that_are_none_are_refused(written: dict[str, object] | list[object]) -> None:
    with pytest.raises(Unreadable):
        notation.published_ports(written)


@given(
    st.dictionaries(
        PORTS.map(lambda n: f"{n}/tcp"),
        st.lists(PORTS, min_size=2, max_size=3, unique=True) | PORTS | st.none(),
    )
)
def test_ports_are_shown_as_they_were_written(written: dict[str, int | list[int] | None]) -> None:
    read = [Port(p.container, p.host_ip, p.host_port) for p in notation.published_ports(written)]
    assert notation.ports_shown(read) == written


def test_a_list_names_a_port_once_whatever_addresses_it_has() -> None:
    ports = [Port("80/tcp", "0.0.0.0", 8080), Port("80/tcp", "::", 8080), Port("81/tcp")]
    assert notation.ports_listed(ports) == ["8080:80/tcp", "81/tcp"]
    assert notation.ports_by_container(ports)["80/tcp"][0] == {"HostIp": "0.0.0.0", "HostPort": "8080"}


@pytest.mark.parametrize(
    ("source", "target", "bind"),
    [
        ("/srv/data", "/data", "/srv/data:/data:rw"),
        ("/srv/data", "/data:ro", "/srv/data:/data:ro"),
        ("//srv/./a/../data/", "/data", "/srv/data:/data:rw"),
        ("/../etc", "/data", "/etc:/data:rw"),
        ("named", "/data:rw", "named:/data:rw"),
    ],
)
def test_volumes_are_read(source: str, target: str, bind: str) -> None:
    read = notation.volume(source, target)
    assert read.bind == bind
    assert read.is_bind == source.startswith("/")


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("a b", "/c"),
        ("../etc", "/c"),
        ("/a:/b", "/c"),
        ("/a", "c"),
        ("/a", "/"),
        ("/a", "/c:rx"),
        ("/a\n", "/c"),
        ("", "/c"),
        ("/a", "/c:ro:x"),
    ],
)
def test_volumes_that_are_none_are_refused(source: str, target: str) -> None:
    with pytest.raises(Unreadable):
        notation.volume(source, target)


def test_mounts_are_shown_as_they_were_written() -> None:
    mounts = [
        Mount("bind", "/a", "/b", True),
        Mount("volume", "v", "/c", False),
        Mount("tmpfs", "", "/t", False),
    ]
    assert notation.mounts_shown(mounts) == {"/a": "/b:ro", "v": "/c"}


@pytest.mark.parametrize(
    ("written", "engine"),
    [
        ("2025-08-01T12:00:00Z", "1754049600.000000000"),
        ("2025-08-01T12:00:00.123456789Z", "1754049600.123456789"),
        ("2025-08-01T20:00:00.5+08:00", "1754049600.500000000"),
        ("2025-08-01T20:00:00 08:00", "1754049600.000000000"),
    ],
)
def test_moments_keep_their_nanoseconds(written: str, engine: str) -> None:
    assert notation.engine_moment(written) == engine


@pytest.mark.parametrize(
    "written", ["yesterday", "2025-08-01", "2025-13-01T00:00:00Z", "2025-08-01T12:00:00", ""]
)
def test_moments_that_are_none_are_refused(written: str) -> None:
    with pytest.raises(Unreadable):
        notation.engine_moment(written)
