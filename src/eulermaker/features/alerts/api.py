"""The routes of alerts."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from eulermaker.dialects.success import Success, success
from eulermaker.features.accounts.callers import Callers
from eulermaker.features.alerts.schemas import AlertDetail, AlertList, AlertStatus, Severity, Word
from eulermaker.features.alerts.service import Alerts
from eulermaker.kernel.call import Call
from eulermaker.kernel.paging import DEFAULT_LIMIT, MAX_LIMIT, Page
from eulermaker.kernel.validation import Text

ACKNOWLEDGED = {"zh": "告警已确认", "en": "Alert acknowledged"}
RESOLVED = {"zh": "告警已解决", "en": "Alert resolved"}
OPEN: tuple[AlertStatus, ...] = ("firing", "acknowledged")


def router(alerts: Alerts, callers: Callers) -> APIRouter:
    """The routes under `/api/v1/notifications/alerts`."""
    routes = APIRouter(prefix="/api/v1/notifications/alerts", tags=["notifications"])
    Caller = Annotated[Call, Depends(callers.of_request)]

    @routes.get("", response_model=Success[AlertList])
    async def list_alerts(
        call: Caller,
        status: Literal["firing", "acknowledged", "resolved", "open", "all"] = "all",
        probe_id: Annotated[Text | None, Query(max_length=64)] = None,
        severity: Severity | None = None,
        limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
        offset: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    ) -> Response:
        """A page of alerts, newest first; `open` are those that are not resolved."""
        statuses: tuple[AlertStatus, ...]
        match status:
            case "all":
                statuses = ()
            case "open":
                statuses = OPEN
            case _:
                statuses = (status,)
        found, total = await alerts.page(
            call, statuses=statuses, probe=probe_id, severity=severity, page=Page(limit, offset)
        )
        return success(AlertList(alerts=found, total=total, limit=limit, offset=offset))

    @routes.get("/{alert}", response_model=Success[AlertDetail])
    async def detail(call: Caller, alert: str) -> Response:
        """One alert and what happened to it."""
        return success(await alerts.get(call, alert))

    @routes.post("/{alert}/acknowledge", response_model=Success[AlertDetail])
    async def acknowledge(call: Caller, alert: str, body: Word | None = None) -> Response:
        """Say that somebody is at it: no more messages until it is over."""
        told = await alerts.acknowledge(call, alert, comment=None if body is None else body.comment)
        return success(told, message=ACKNOWLEDGED[call.language])

    @routes.post("/{alert}/resolve", response_model=Success[AlertDetail])
    async def resolve(call: Caller, alert: str, body: Word | None = None) -> Response:
        """End the alert; the probe raises another one when it fails again after it was well."""
        told = await alerts.resolve(call, alert, comment=None if body is None else body.comment)
        return success(told, message=RESOLVED[call.language])

    return routes
