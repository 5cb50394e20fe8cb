"""The probes of family 000."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import AfterValidator
from starlette.requests import Request
from starlette.responses import Response

from eulermaker.dialects.success import Done, Success, done, success
from eulermaker.features.accounts.callers import Callers
from eulermaker.features.probes.checks.verdict import Status
from eulermaker.features.probes.config import ProbeType
from eulermaker.features.probes.history import FOREVER, Range, read_cursor
from eulermaker.features.probes.rules import Activity
from eulermaker.features.probes.schemas import (
    DEFAULT_RESULTS,
    MAX_RESULTS,
    AddedProbe,
    Checked,
    Heartbeat,
    NewProbe,
    ProbeChanges,
    ProbeDetail,
    ProbeList,
    ProbeResults,
    PushUrl,
    Resolution,
    RolledUpResults,
    Trial,
)
from eulermaker.features.probes.service import Probes, added
from eulermaker.features.probes.store import Filter
from eulermaker.features.probes.wording import milliseconds_of
from eulermaker.kernel.call import Call
from eulermaker.kernel.paging import DEFAULT_LIMIT, MAX_LIMIT, Page
from eulermaker.kernel.validation import Text, refusal

PREFIX = "/api/v1/probes"
MAX_LABEL_FILTERS = 10

ADDED = {"zh": "探针添加成功", "en": "Probe added"}
UPDATED = {"zh": "探针更新成功", "en": "Probe updated"}
DELETED = {"zh": "探针删除成功", "en": "Probe deleted"}
PAUSED = {"zh": "探针已暂停", "en": "Probe paused"}
RESUMED = {"zh": "探针已恢复", "en": "Probe resumed"}
CHECKED = {"zh": "检查已完成", "en": "Checked"}
RENEWED = {"zh": "心跳地址已更换", "en": "The heartbeat URL was replaced"}
HEARD = {"zh": "心跳已收到", "en": "Heartbeat received"}


def _in_utc(at: datetime) -> datetime:
    """A time without a zone is in UTC; results have times between 1970 and the year 9999."""
    aware = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    if not 1970 <= aware.year < 9999:
        raise refusal(zh="时间超出范围", en="There are no results of that time")
    return aware


Moment = Annotated[datetime | None, AfterValidator(lambda at: at and _in_utc(at)), Query()]


def router(probes: Probes, callers: Callers) -> APIRouter:
    """The routes under `/api/v1/probes`."""
    routes = APIRouter(prefix=PREFIX, tags=["probes"])
    Caller = Annotated[Call, Depends(callers.of_request)]

    @routes.post("", status_code=201, response_model=Success[AddedProbe])
    async def add(call: Caller, request: Request, body: NewProbe) -> Response:
        """Add a probe; of type `push` it is told its heartbeat URL, this once."""
        probe, secret = await probes.add(call, body)
        url = None if secret is None else _push_url(request, secret)
        return success(added(probe, push_url=url), message=ADDED[call.language], status=201)

    @routes.get("", response_model=Success[ProbeList])
    async def list_probes(
        call: Caller,
        container_id: Annotated[Text | None, Query(max_length=128)] = None,
        probe_type: ProbeType | None = None,
        status: Activity | None = None,
        state: Status | None = None,
        name: Annotated[Text | None, Query(max_length=255)] = None,
        label: Annotated[list[Text], Query(max_length=MAX_LABEL_FILTERS)] = [],  # noqa: B006  # FastAPI copies it
        limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
        offset: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    ) -> Response:
        """A page of probes, newest first; `label` is `name` or `name=value`, and may come again."""
        wanted = Filter(
            container=container_id or None,
            probe_type=probe_type,
            activity=status,
            state=state,
            name=name or None,
            labels=tuple(label_of(one) for one in label),
        )
        return success(await probes.page(call, wanted, Page(limit, offset)))

    @routes.post("/test", response_model=Success[Checked])
    async def test(call: Caller, body: Trial) -> Response:
        """Check once as such a probe would, without adding it."""
        return success(await probes.test(call, body), message=CHECKED[call.language])

    @routes.get("/push/{secret}", response_model=Done)
    async def push(request: Request, secret: str) -> Response:
        """Send a heartbeat; the URL is all that it takes."""
        await probes.heartbeat(secret, Heartbeat())
        return done(HEARD[request.state.language])

    @routes.post("/push/{secret}", response_model=Done)
    async def push_details(request: Request, secret: str, body: Heartbeat | None = None) -> Response:
        """Send a heartbeat that may tell a failure, a message and how long the job took."""
        await probes.heartbeat(secret, body or Heartbeat())
        return done(HEARD[request.state.language])

    @routes.get("/{probe}", response_model=Success[ProbeDetail])
    async def detail(call: Caller, probe: str) -> Response:
        """Everything about one probe."""
        return success((await probes.detail(call, probe)).model_dump(mode="json", by_alias=True))

    @routes.put("/{probe}", response_model=Success[AddedProbe])
    async def change(call: Caller, probe: str, body: ProbeChanges) -> Response:
        """Change a probe; fields of `config` that are not given stay as they are."""
        return success(added(await probes.change(call, probe, body)), message=UPDATED[call.language])

    @routes.delete("/{probe}", response_model=Done)
    async def delete(call: Caller, probe: str) -> Response:
        """Delete a probe and its results."""
        await probes.remove(call, probe)
        return done(DELETED[call.language])

    @routes.get("/{probe}/results", response_model=Success[ProbeResults | RolledUpResults])
    async def results(
        call: Caller,
        probe: str,
        start_time: Moment = None,
        end_time: Moment = None,
        status: Status | None = None,
        limit: Annotated[int, Query(ge=1, le=MAX_RESULTS)] = DEFAULT_RESULTS,
        cursor: Annotated[str | None, Query(max_length=64)] = None,
        resolution: Resolution = "raw",
    ) -> Response:
        """Results from `start_time` to before `end_time`, newest first; or sums by minute (`1m`) or hour."""
        wanted = Range(
            start=0 if start_time is None else milliseconds_of(start_time),
            end=FOREVER if end_time is None else milliseconds_of(end_time),
            status=status,
        )
        before = None if cursor is None else read_cursor(cursor)
        if resolution == "raw":
            return success(await probes.results(call, probe, wanted, limit=limit, before=before))
        by_hour = resolution == "1h"
        return success(
            await probes.rolled_up(call, probe, wanted, by_hour=by_hour, limit=limit, before=before)
        )

    @routes.post("/{probe}/check", response_model=Success[Checked])
    async def check(call: Caller, probe: str) -> Response:
        """Check now, out of turn."""
        return success(await probes.check(call, probe), message=CHECKED[call.language])

    @routes.post("/{probe}/pause", response_model=Success[AddedProbe])
    async def pause(call: Caller, probe: str) -> Response:
        """Stop checking until it is resumed."""
        changed = await probes.set_enabled(call, probe, enabled=False)
        return success(added(changed), message=PAUSED[call.language])

    @routes.post("/{probe}/resume", response_model=Success[AddedProbe])
    async def resume(call: Caller, probe: str) -> Response:
        """Go on checking."""
        changed = await probes.set_enabled(call, probe, enabled=True)
        return success(added(changed), message=RESUMED[call.language])

    @routes.post("/{probe}/push-url", response_model=Success[PushUrl])
    async def push_url(call: Caller, request: Request, probe: str) -> Response:
        """Replace the heartbeat URL of a probe of type `push`."""
        url = _push_url(request, await probes.new_push_url(call, probe))
        return success(PushUrl(push_url=url), message=RENEWED[call.language])

    return routes


def _push_url(request: Request, secret: str) -> str:
    return f"{request.url.scheme}://{request.url.netloc}{PREFIX}/push/{secret}"


def label_of(given: str) -> tuple[str, str | None]:
    """The name and the value in `name=value`; None for any value."""
    name, equals, value = given.partition("=")
    return name, value if equals else None
