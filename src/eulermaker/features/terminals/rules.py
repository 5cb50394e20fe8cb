"""Pure decisions about terminals: who may use them, when reading pauses, when they end."""

from eulermaker.engines.containers import CONTAINER_NOT_FOUND, CONTAINER_STATE_CONFLICT, Container, Status
from eulermaker.features.terminals.schemas import Reason
from eulermaker.kernel.call import Call, Permission, Principal
from eulermaker.kernel.faults import Fault
from eulermaker.kernel.ownership import CONTAINERS, OWNER
from eulermaker.kernel.settings import Terminals

#: Bytes that a client may owe before reading pauses, and those at which it goes on. Emulators
#: drop what they cannot parse in time, and whatever is under way delays the answer to Ctrl-C.
HIGH_WATER = 128 * 1024
LOW_WATER = 16 * 1024


def require_container(call: Call, container: Container | None, reference: str) -> Container:
    """The container, in which the caller may open terminals.

    Raises `container-not-found` for one that the caller may not see, and `forbidden`.
    """
    if container is None or not CONTAINERS.sees(call, container.labels):
        details = {"container_id": reference, "resource_type": "container"}
        raise CONTAINER_NOT_FOUND(container=reference, details=details)
    if container.labels.get(OWNER) != call.principal.user:
        call.require(Permission.TERMINALS_USE_ALL)
    return container


def not_running(reference: str, container: Container | None) -> Fault:
    """The fault of a container in which nothing can be started; None for one that was just removed."""
    state = (container.status if container else Status.REMOVING).value
    details = {"container_id": reference, "resource_type": "container", "state": state, "action": "terminal"}
    return CONTAINER_STATE_CONFLICT(state=state, action="terminal", details=details)


def may_use(principal: Principal, *, user: str, tenant: str) -> bool:
    """Whether somebody may see and use the terminal that a user of a tenant has opened."""
    return principal.tenant == tenant and (
        principal.user == user or principal.may(Permission.TERMINALS_USE_ALL)
    )


def pauses(debt: int, *, paused: bool, high: int, low: int) -> bool:
    """Whether reading rests at that many bytes of debt: it stops above `high`, goes on at `low`."""
    return debt > (low if paused else high)


def overdue(*, age: float, idle: float, alone: float | None, limits: Terminals) -> Reason | None:
    """Why a terminal has to end now, if it has; seconds since its opening, since anything was typed or
    printed, and since its last socket was lost (None while it has one)."""
    if age >= limits.total_seconds:
        return "expired"
    if idle >= limits.idle_seconds:
        return "idle"
    if alone is not None and alone >= limits.resume_seconds:
        return "abandoned"
    return None
