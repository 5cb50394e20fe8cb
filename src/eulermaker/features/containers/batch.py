"""One action on many containers, each with its own result."""

from typing import assert_never

import anyio

from eulermaker.dialects.render import answer_of
from eulermaker.engines.containers import Container
from eulermaker.features.containers import schemas, shown
from eulermaker.features.containers.service import Containers
from eulermaker.kernel.call import Call
from eulermaker.kernel.faults import Fault

AT_ONCE = 8


async def run(containers: Containers, call: Call, wanted: schemas.Batch) -> schemas.BatchResults:
    """Do it to all of them, some at a time; one that fails does not stop the others."""
    results: list[schemas.BatchResult | None] = [None] * len(wanted.containers)
    limiter = anyio.CapacityLimiter(AT_ONCE)

    async def one(index: int, reference: str) -> None:
        async with limiter:
            results[index] = await _result(containers, call, wanted, reference)

    async with anyio.create_task_group() as group:
        for index, reference in enumerate(wanted.containers):
            group.start_soon(one, index, reference)
    told = [result for result in results if result is not None]
    succeeded = sum(result.success for result in told)
    return schemas.BatchResults(results=told, succeeded=succeeded, failed=len(told) - succeeded)


async def _result(
    containers: Containers, call: Call, wanted: schemas.Batch, reference: str
) -> schemas.BatchResult:
    try:
        found = await _do(containers, call, wanted, reference)
    except Fault as fault:
        error = schemas.BatchError(
            code=answer_of(fault, "000").code,
            slug=fault.entry.slug,
            message=fault.message(call.language),
            details=dict(fault.details),
        )
        return schemas.BatchResult(container=reference, id=None, success=False, status=None, error=error)
    return schemas.BatchResult(
        container=reference,
        id=shown.shown_id(found.id) if found else None,
        success=True,
        status=found.status if found else None,
        error=None,
    )


async def _do(containers: Containers, call: Call, wanted: schemas.Batch, reference: str) -> Container | None:
    match wanted.action:
        case "start":
            return await containers.start(call, reference)
        case "stop":
            return await containers.stop(call, reference, grace=wanted.timeout)
        case "restart":
            return await containers.restart(call, reference, grace=wanted.timeout)
        case "pause":
            return await containers.pause(call, reference)
        case "unpause":
            return await containers.unpause(call, reference)
        case "kill":
            return await containers.kill(call, reference, signal=wanted.signal)
        case "delete":
            await containers.remove(call, reference, force=wanted.force)
            return None
        case _:
            assert_never(wanted.action)
