"""What checks that look into a container share: the engine's faults as verdicts."""

from collections.abc import Iterator
from contextlib import contextmanager

from eulermaker.engines.containers import CONTAINER_NOT_FOUND, CONTAINER_STATE_CONFLICT
from eulermaker.engines.port import ENGINE_UNAVAILABLE
from eulermaker.features.probes.checks.verdict import unknown
from eulermaker.kernel.faults import Fault


@contextmanager
def telling_faults() -> Iterator[None]:
    """A block in which the engine's faults become Trouble: they say nothing of what is watched."""
    try:
        yield
    except Fault as fault:
        if fault.entry is CONTAINER_NOT_FOUND:
            raise unknown("container not found") from fault
        if fault.entry is CONTAINER_STATE_CONFLICT:
            raise unknown("container not running") from fault
        if fault.entry is ENGINE_UNAVAILABLE:
            raise unknown("engine unavailable") from fault
        raise unknown("engine refused", reason=fault.message("en")[:200]) from fault
