"""What this machine has and uses: from /proc, and in a limited cgroup (v1 or v2) the group's own share."""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import anyio

SAMPLE_SECONDS = 2.0
MICRO = 1_000_000
NANO = 1_000_000_000
#: Network interfaces of this machine's own containers, whose traffic the others carry again.
VIRTUAL = ("lo", "veth", "docker", "br-", "virbr", "cni", "flannel")


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes; `used` is what could not be given away at once."""

    total: int
    used: int


@dataclass(frozen=True, slots=True)
class Traffic:
    """Bytes since the start of the machine."""

    received: int
    sent: int


@dataclass(frozen=True, slots=True)
class Cpu:
    """A reading of the processor: how many cores there are to use, and seconds of them used so far.

    `at` is a time in seconds from anywhere.
    """

    cores: float
    used: float
    at: float

    def share_since(self, earlier: "Cpu") -> float:
        """The share of the cores, from 0 to 1, that was used since an earlier reading."""
        seconds = self.at - earlier.at
        return min(1.0, max(0.0, (self.used - earlier.used) / seconds / self.cores)) if seconds > 0 else 0.0


class Host:
    """Reads the machine under `root`; its processor load is over the last two to four seconds."""

    def __init__(self, root: Path = Path("/"), *, clock: Callable[[], float] = time.monotonic) -> None:
        self._root = root
        self._clock = clock
        self._earlier = self._later = self.cpu()

    async def run(self) -> None:
        """Service: read the processor's counters now and then, so that a load can be told at once."""
        while True:
            await anyio.sleep(SAMPLE_SECONDS)
            self.sample()

    def sample(self) -> None:
        """Read the processor's counters; the reading before the last one goes."""
        self._earlier, self._later = self._later, self.cpu()

    def load(self) -> tuple[float, float]:
        """The cores there are to use, and the share of them, from 0 to 1, that is in use."""
        now = self.cpu()
        return now.cores, now.share_since(self._earlier)

    def cpu(self) -> Cpu:
        """The processor: the cgroup's quota where it has one."""
        at = self._clock()
        for group in self._groups("cpu"):
            quota = _cpu_quota(group)
            if quota is not None:
                return Cpu(quota, self._group_cpu_seconds(group), at)
        lines = (self._root / "proc/stat").read_text().splitlines()
        cores = sum(line.startswith("cpu") and line[3].isdigit() for line in lines)
        # user nice system idle iowait irq softirq steal; guests are counted in user already.
        ticks = [int(field) for field in lines[0].split()[1:9]]
        busy = sum(ticks) - ticks[3] - ticks[4]
        return Cpu(float(cores), busy / os.sysconf("SC_CLK_TCK"), at)

    def memory(self) -> Memory:
        """The memory: the cgroup's limit where it has one below what the machine has."""
        told = _fields((self._root / "proc/meminfo").read_text().replace(":", ""))
        total, available = told["MemTotal"] * 1024, told["MemAvailable"] * 1024
        for group in self._groups("memory"):
            limit = _number(group / "memory.max", group / "memory.limit_in_bytes")
            if limit is not None and limit < total:
                return Memory(limit, min(limit, _group_memory(group)))
        return Memory(total, total - available)

    def traffic(self) -> Traffic:
        """What went over the network interfaces that lead out of this machine."""
        received = sent = 0
        for line in (self._root / "proc/net/dev").read_text().splitlines()[2:]:
            name, _, counters = line.partition(":")
            if not name.strip().startswith(VIRTUAL):
                fields = counters.split()
                received, sent = received + int(fields[0]), sent + int(fields[8])
        return Traffic(received, sent)

    def _groups(self, controller: str) -> Iterator[Path]:
        """The directories of this process' cgroup and those above it, nearest first."""
        mount, path = self._membership(controller)
        group = mount / path
        # Without a cgroup namespace a container sees the path of the host, but only its own mount.
        if not group.is_dir():
            group = mount
        while True:
            yield group
            if group == mount:
                return
            group = group.parent

    def _membership(self, controller: str) -> tuple[Path, str]:
        mounts = self._root / "sys/fs/cgroup"
        unified = ""
        for line in (self._root / "proc/self/cgroup").read_text().splitlines():
            number, controllers, path = line.split(":", 2)
            if controller in controllers.split(","):
                return mounts / controller, path.lstrip("/")
            if number == "0":
                unified = path.lstrip("/")
        return mounts, unified

    def _group_cpu_seconds(self, group: Path) -> float:
        stat = group / "cpu.stat"
        if stat.exists() and (usage := _fields(stat.read_text()).get("usage_usec")) is not None:
            return usage / MICRO
        # v1 counts in another hierarchy, which is often, but not always, the same mount.
        usage = _number(group / "cpuacct.usage", *(g / "cpuacct.usage" for g in self._groups("cpuacct")))
        return (usage or 0) / NANO


def _cpu_quota(group: Path) -> float | None:
    """The cores that a cgroup may use; None where it has no limit."""
    unified = group / "cpu.max"
    if unified.exists():
        quota, period = unified.read_text().split()
        return None if quota == "max" else int(quota) / int(period)
    quota_us, period_us = _number(group / "cpu.cfs_quota_us"), _number(group / "cpu.cfs_period_us")
    return quota_us / period_us if quota_us and quota_us > 0 and period_us else None


def _group_memory(group: Path) -> int:
    """The bytes that a cgroup uses, without the file cache that it would give away."""
    used = _number(group / "memory.current", group / "memory.usage_in_bytes") or 0
    stat = _fields((group / "memory.stat").read_text())
    return max(0, used - stat.get("total_inactive_file", stat.get("inactive_file", 0)))


def _number(*files: Path) -> int | None:
    """The number in the first of the files that exists; None where there is none, or it says `max`."""
    for file in files:
        if file.exists():
            text = file.read_text().strip()
            return None if text == "max" else int(text)
    return None


def _fields(text: str) -> dict[str, int]:
    """Lines of `name number …`."""
    rows = (line.split() for line in text.splitlines())
    return {row[0]: int(row[1]) for row in rows if len(row) > 1}
