"""Metrics checks: what a container uses, between bounds."""

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol

from eulermaker.features.containers.schemas import Stats
from eulermaker.features.probes.checks.engine import telling_faults
from eulermaker.features.probes.checks.run import Run, attempt
from eulermaker.features.probes.checks.target import Reaching, Target
from eulermaker.features.probes.checks.verdict import Verdict, failed
from eulermaker.features.probes.config import Bounds, Metrics

#: Between the two samples of a first check, in seconds; the engine looks once a second.
FIRST_SECONDS = 1.0
_RATES = frozenset({"disk", "network"})


class Samples(Protocol):
    """Where samples come from."""

    async def once(self, container: str) -> Stats:
        """A sample of a running container."""
        ...


class MetricsCheck:
    """One configuration, ready to be asked again and again; rates are those since the last check."""

    def __init__(self, config: Metrics, target: Target, reaching: Reaching, samples: Samples) -> None:
        self._config = config
        self._target = target
        self._reaching = reaching
        self._samples = samples
        self._previous: Stats | None = None
        self._needs_previous = not _RATES.isdisjoint(config.metrics)

    async def __call__(self, deadline: float) -> Verdict:
        """Take a sample and judge it."""
        return await attempt(self._look, deadline, self._reaching.alarms)

    async def _look(self, run: Run) -> Mapping[str, Any]:
        container = self._reaching.container(self._target)
        run.phase = "engine"
        with telling_faults():
            if self._previous is None and self._needs_previous:
                self._previous = await self._samples.once(container.id)
                await asyncio.sleep(FIRST_SECONDS)
            now = await self._samples.once(container.id)
        previous, self._previous = self._previous, now
        told = measures(previous, now)
        run.facts |= {name: told[name] for name in self._config.metrics if name in told}
        if "memory" in self._config.metrics:
            run.facts |= {"memory_bytes": now.memory_usage.usage, "memory_limit": now.memory_usage.limit}
        outside = outside_of(self._config.thresholds, told)
        if outside:
            raise failed("outside thresholds", outside=outside)
        return run.facts


def measures(previous: Stats | None, now: Stats) -> dict[str, float]:
    """CPU and memory in percent, disk and network in bytes a second where there is a sample before."""
    told: dict[str, float] = {
        "cpu": now.cpu_usage.usage_percent,
        "memory": now.memory_usage.usage_percent,
        "pids": now.pids,
    }
    seconds = (now.timestamp - previous.timestamp).total_seconds() if previous is not None else 0.0
    if previous is None or seconds <= 0:
        return told
    disk = _disk(now) - _disk(previous)
    network = _network(now) - _network(previous)
    # Counters that went back belong to a container that was restarted meanwhile.
    if disk >= 0 and network >= 0:
        told |= {"disk": round(disk / seconds, 1), "network": round(network / seconds, 1)}
    return told


def outside_of(thresholds: Mapping[Any, Bounds], told: Mapping[str, float]) -> list[dict[str, Any]]:
    """The measures that are out of their bounds, with the bound."""
    found: list[dict[str, Any]] = []
    for name, bounds in thresholds.items():
        value = told.get(name)
        if value is None:
            continue
        if bounds.max is not None and value > bounds.max:
            found.append({"metric": name, "value": value, "max": bounds.max})
        if bounds.min is not None and value < bounds.min:
            found.append({"metric": name, "value": value, "min": bounds.min})
    return found


def _disk(stats: Stats) -> int:
    return stats.block_io.read_bytes + stats.block_io.write_bytes


def _network(stats: Stats) -> int:
    return stats.network_io.rx_bytes + stats.network_io.tx_bytes
