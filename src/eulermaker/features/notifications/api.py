"""The routes of channels, deliveries and maintenance windows."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from eulermaker.dialects.success import Done, Success, done, success
from eulermaker.features.accounts.callers import Callers
from eulermaker.features.notifications import rules
from eulermaker.features.notifications.rules import Channel, Window
from eulermaker.features.notifications.schemas import (
    ChannelDetail,
    ChannelList,
    DeliveryDetail,
    DeliveryList,
    NewChannel,
    NewWindow,
    TestResult,
    WindowDetail,
    WindowList,
)
from eulermaker.features.notifications.service import Made, Notifications
from eulermaker.kernel.call import Call
from eulermaker.kernel.clock import utc_now
from eulermaker.kernel.outbox import Posted, State
from eulermaker.kernel.paging import DEFAULT_LIMIT, MAX_LIMIT, Page
from eulermaker.kernel.validation import Text

CHANNEL_MADE = {"zh": "通知渠道创建成功", "en": "Channel created"}
CHANNEL_CHANGED = {"zh": "通知渠道更新成功", "en": "Channel updated"}
CHANNEL_REMOVED = {"zh": "通知渠道删除成功", "en": "Channel removed"}
SECRET_DRAWN = {
    "zh": "通知渠道已保存；config.secret 只显示这一次，请妥善保存",
    "en": "The channel is saved; config.secret is shown this once, so keep it",
}
RETRIED = {"zh": "通知将重新投递", "en": "The delivery will be tried again"}
WINDOW_MADE = {"zh": "维护窗口创建成功", "en": "Maintenance window created"}
WINDOW_CHANGED = {"zh": "维护窗口更新成功", "en": "Maintenance window updated"}
WINDOW_REMOVED = {"zh": "维护窗口删除成功", "en": "Maintenance window removed"}

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT)]
Offset = Annotated[int, Query(ge=0, le=2**31 - 1)]


def router(notifications: Notifications, callers: Callers) -> APIRouter:
    """The routes under `/api/v1/notifications`, but for alerts."""
    routes = APIRouter(prefix="/api/v1/notifications", tags=["notifications"])
    Caller = Annotated[Call, Depends(callers.of_request)]

    @routes.get("/channels", response_model=Success[ChannelList])
    async def list_channels(call: Caller, limit: Limit = DEFAULT_LIMIT, offset: Offset = 0) -> Response:
        """A page of channels, by name."""
        found, total = await notifications.channels(call, Page(limit, offset))
        listed = [_channel(notifications, channel) for channel in found]
        return success(ChannelList(channels=listed, total=total, limit=limit, offset=offset))

    @routes.post("/channels", status_code=201, response_model=Success[ChannelDetail])
    async def add_channel(call: Caller, body: NewChannel) -> Response:
        """Make a channel. A webhook without a secret gets one, which this answer alone shows."""
        made = await notifications.add_channel(call, body)
        return _made(notifications, made, call, CHANNEL_MADE[call.language], status=201)

    @routes.get("/channels/{channel}", response_model=Success[ChannelDetail])
    async def channel_detail(call: Caller, channel: str) -> Response:
        """One channel; its secrets are masks."""
        return success(_channel(notifications, await notifications.channel(call, channel)))

    @routes.put("/channels/{channel}", response_model=Success[ChannelDetail])
    async def replace_channel(call: Caller, channel: str, body: NewChannel) -> Response:
        """Change a channel; a mask that is sent back keeps the secret behind it."""
        made = await notifications.replace_channel(call, channel, body)
        return _made(notifications, made, call, CHANNEL_CHANGED[call.language], status=200)

    @routes.delete("/channels/{channel}", response_model=Done)
    async def remove_channel(call: Caller, channel: str) -> Response:
        """Remove a channel; what waits for it is not sent any more."""
        await notifications.remove_channel(call, channel)
        return done(CHANNEL_REMOVED[call.language])

    @routes.post("/channels/{channel}/test", response_model=Success[TestResult])
    async def try_channel(call: Caller, channel: str) -> Response:
        """Send a test message now and tell what came of it."""
        return success(await notifications.try_channel(call, channel))

    @routes.get("/deliveries", response_model=Success[DeliveryList])
    async def list_deliveries(
        call: Caller,
        status: State | None = None,
        channel_id: Annotated[Text | None, Query(max_length=64)] = None,
        limit: Limit = DEFAULT_LIMIT,
        offset: Offset = 0,
    ) -> Response:
        """A page of deliveries, newest first; `status=dead` are those that were given up."""
        found, total = await notifications.deliveries(
            call, channel=channel_id, state=status, page=Page(limit, offset)
        )
        listed = [_delivery(posted) for posted in found]
        return success(DeliveryList(deliveries=listed, total=total, limit=limit, offset=offset))

    @routes.get("/deliveries/{delivery}", response_model=Success[DeliveryDetail])
    async def delivery_detail(call: Caller, delivery: str) -> Response:
        """One delivery, and why its last attempt failed."""
        return success(_delivery(await notifications.delivery(call, delivery)))

    @routes.post("/deliveries/{delivery}/retry", response_model=Success[DeliveryDetail])
    async def retry(call: Caller, delivery: str) -> Response:
        """Try a dead delivery again, with the same idempotency key."""
        found = await notifications.retry(call, delivery)
        return success(_delivery(found), message=RETRIED[call.language])

    @routes.get("/maintenance-windows", response_model=Success[WindowList])
    async def list_windows(call: Caller, limit: Limit = DEFAULT_LIMIT, offset: Offset = 0) -> Response:
        """A page of maintenance windows, by name."""
        found, total = await notifications.page_of_windows(call, Page(limit, offset))
        listed = [_window(window) for window in found]
        return success(WindowList(maintenance_windows=listed, total=total, limit=limit, offset=offset))

    @routes.post("/maintenance-windows", status_code=201, response_model=Success[WindowDetail])
    async def add_window(call: Caller, body: NewWindow) -> Response:
        """Make a maintenance window: alerts are recorded in it, and nobody is told."""
        made = await notifications.add_window(call, body)
        return success(_window(made), message=WINDOW_MADE[call.language], status=201)

    @routes.get("/maintenance-windows/{window}", response_model=Success[WindowDetail])
    async def window_detail(call: Caller, window: str) -> Response:
        """One maintenance window."""
        return success(_window(await notifications.window(call, window)))

    @routes.put("/maintenance-windows/{window}", response_model=Success[WindowDetail])
    async def replace_window(call: Caller, window: str, body: NewWindow) -> Response:
        """Change a maintenance window."""
        changed = await notifications.replace_window(call, window, body)
        return success(_window(changed), message=WINDOW_CHANGED[call.language])

    @routes.delete("/maintenance-windows/{window}", response_model=Done)
    async def remove_window(call: Caller, window: str) -> Response:
        """Remove a maintenance window; what it held back is told within a minute."""
        await notifications.remove_window(call, window)
        return done(WINDOW_REMOVED[call.language])

    return routes


def _channel(notifications: Notifications, channel: Channel) -> ChannelDetail:
    return ChannelDetail.model_validate(
        {
            name: dict(notifications.shown(channel)) if name == "config" else getattr(channel, name)
            for name in ChannelDetail.model_fields
        }
    )


def _made(notifications: Notifications, made: Made, call: Call, message: str, *, status: int) -> Response:
    told = _channel(notifications, made.channel)
    if made.secret is None:
        return success(told, message=message, status=status)
    config: dict[str, Any] = {**told.config, "secret": made.secret}
    shown = told.model_copy(update={"config": config})
    return success(shown, message=SECRET_DRAWN[call.language], status=status)


def _delivery(posted: Posted) -> DeliveryDetail:
    message = posted.message
    return DeliveryDetail(
        id=message.id,
        channel_id=message.target,
        subject=message.subject,
        event=message.payload["event"],
        status=posted.state,
        attempts=posted.attempts,
        next_attempt_at=posted.due_at if posted.state == "pending" else None,
        reason=posted.reason,
        error=posted.told,
        created_at=message.created_at,
        finished_at=posted.finished_at,
        payload=dict(message.payload),
    )


def _window(window: Window) -> WindowDetail:
    shown = {name: getattr(window, name) for name in WindowDetail.model_fields if name != "active_until"}
    return WindowDetail(**shown, active_until=rules.active_until(window, utc_now()))
