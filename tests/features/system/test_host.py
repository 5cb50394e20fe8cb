"""What the machine has and uses: readings of cgroup v1, v2 and no cgroup, and of this machine."""

import os
from pathlib import Path

import pytest

from eulermaker.features.system.host import Cpu, Host, Memory, Traffic

MIB = 1024 * 1024
GIB = 1024 * MIB

STAT = """\
cpu  {busy} 0 0 {idle} 100 0 0 0 0 0
cpu0 1 0 0 1 0 0 0 0 0 0
cpu1 1 0 0 1 0 0 0 0 0 0
cpu2 1 0 0 1 0 0 0 0 0 0
cpu3 1 0 0 1 0 0 0 0 0 0
intr 1
"""
MEMINFO = """\
MemTotal:        8388608 kB
MemFree:         1000000 kB
MemAvailable:    6291456 kB
HugePages_Total:       0
"""
NET = """\
Inter-|   Receive                                    |  Transmit
 face |bytes packets errs drop fifo frame compressed |bytes packets errs drop fifo colls carrier
    lo: 9999 1 0 0 0 0 0 0 9999 1 0 0 0 0 0 0
  eth0: 1048576 1 0 0 0 0 0 0 2097152 1 0 0 0 0 0 0
  ens5:4 1 0 0 0 0 0 0 2 1 0 0 0 0 0 0
docker0: 777 1 0 0 0 0 0 0 777 1 0 0 0 0 0 0
veth1a2b: 777 1 0 0 0 0 0 0 777 1 0 0 0 0 0 0
"""
HYBRID = "12:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n0::/\n"
UNLIMITED = "9223372036854771712"


class Machine:
    """A tree of files as Linux shows them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.now = 100.0
        self.put("proc/stat", STAT.format(busy=1000, idle=9000))
        self.put("proc/meminfo", MEMINFO)
        self.put("proc/net/dev", NET)
        self.put("proc/self/cgroup", "0::/\n")

    def put(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def host(self) -> Host:
        return Host(self.root, clock=lambda: self.now)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_machine_without_limits_is_told_whole(machine: Machine) -> None:
    host = machine.host()
    assert host.memory() == Memory(8 * GIB, 2 * GIB)
    assert host.traffic() == Traffic(1048580, 2097154)
    ticks = os.sysconf("SC_CLK_TCK")
    # In ten seconds four cores have forty; ten of them were busy.
    machine.now += 10
    machine.put("proc/stat", STAT.format(busy=1000 + 10 * ticks, idle=9000 + 30 * ticks))
    assert host.load() == (4.0, 0.25)


def test_the_load_is_that_of_the_last_seconds(machine: Machine) -> None:
    host, ticks = machine.host(), os.sysconf("SC_CLK_TCK")
    machine.now += 1000
    for _ in range(2):
        machine.now += 2
        host.sample()
    machine.now += 2
    machine.put("proc/stat", STAT.format(busy=1000 + 8 * ticks, idle=9000))
    # Eight of the sixteen seconds since the reading before the last one.
    assert host.load() == (4.0, 0.5)


def test_a_container_on_cgroup_v2_is_told_its_own_limits(machine: Machine) -> None:
    machine.put("sys/fs/cgroup/cpu.max", "150000 100000\n")
    machine.put("sys/fs/cgroup/cpu.stat", "usage_usec 1000000\nuser_usec 1\n")
    machine.put("sys/fs/cgroup/memory.max", f"{512 * MIB}\n")
    machine.put("sys/fs/cgroup/memory.current", f"{300 * MIB}\n")
    machine.put("sys/fs/cgroup/memory.stat", f"anon 1\ninactive_file {100 * MIB}\n")
    host = machine.host()
    assert host.memory() == Memory(512 * MIB, 200 * MIB)
    machine.now += 2
    machine.put("sys/fs/cgroup/cpu.stat", "usage_usec 2500000\n")
    assert host.load() == (1.5, 0.5)


def test_a_limit_above_the_own_group_counts_on_cgroup_v2(machine: Machine) -> None:
    machine.put("proc/self/cgroup", "0::/system.slice/eulermaker.service\n")
    own = "sys/fs/cgroup/system.slice/eulermaker.service"
    machine.put(f"{own}/memory.max", "max\n")
    machine.put(f"{own}/cpu.max", "max 100000\n")
    machine.put("sys/fs/cgroup/system.slice/memory.max", f"{GIB}\n")
    machine.put("sys/fs/cgroup/system.slice/memory.current", f"{GIB // 2}\n")
    machine.put("sys/fs/cgroup/system.slice/memory.stat", "inactive_file 0\n")
    assert machine.host().memory() == Memory(GIB, GIB // 2)
    assert machine.host().cpu().cores == 4.0


def test_a_container_on_cgroup_v1_is_told_its_own_limits(machine: Machine) -> None:
    # Without a cgroup namespace: the path is the host's, and only the own group is mounted.
    machine.put("proc/self/cgroup", HYBRID)
    machine.put("sys/fs/cgroup/memory/memory.limit_in_bytes", f"{256 * MIB}\n")
    machine.put("sys/fs/cgroup/memory/memory.usage_in_bytes", f"{200 * MIB}\n")
    machine.put("sys/fs/cgroup/memory/memory.stat", f"inactive_file 1\ntotal_inactive_file {50 * MIB}\n")
    machine.put("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "50000\n")
    machine.put("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n")
    machine.put("sys/fs/cgroup/cpu/cpu.stat", "nr_periods 0\n")
    machine.put("sys/fs/cgroup/cpuacct/cpuacct.usage", "1000000000\n")
    host = machine.host()
    assert host.memory() == Memory(256 * MIB, 150 * MIB)
    machine.now += 4
    machine.put("sys/fs/cgroup/cpuacct/cpuacct.usage", "2500000000\n")
    assert host.load() == (0.5, 0.75)


def test_groups_without_a_limit_are_no_limits_on_cgroup_v1(machine: Machine) -> None:
    machine.put("proc/self/cgroup", HYBRID)
    machine.put("sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes", f"{UNLIMITED}\n")
    machine.put("sys/fs/cgroup/cpu/docker/abc/cpu.cfs_quota_us", "-1\n")
    machine.put("sys/fs/cgroup/cpu/docker/abc/cpu.cfs_period_us", "100000\n")
    host = machine.host()
    assert host.memory() == Memory(8 * GIB, 2 * GIB)
    assert host.cpu().cores == 4.0


def test_a_share_is_one_between_none_and_all() -> None:
    first = Cpu(cores=2, used=10.0, at=50.0)
    assert Cpu(2, 10.0, 50.0).share_since(first) == 0.0
    assert Cpu(2, 99.0, 51.0).share_since(first) == 1.0
    assert Cpu(2, 9.0, 51.0).share_since(first) == 0.0


def test_this_machine_can_be_read() -> None:
    host = Host()
    memory, (cores, share) = host.memory(), host.load()
    assert 0 < memory.used <= memory.total
    assert 0 < cores <= (os.cpu_count() or 1)
    assert 0 <= share <= 1
    assert host.traffic().received >= 0
