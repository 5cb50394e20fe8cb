"""Public shapes of channels, deliveries and maintenance windows, and what others announce."""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    model_validator,
)

from eulermaker.kernel.clock import Time
from eulermaker.kernel.ownership import Labels, ShownLabels
from eulermaker.kernel.sealing import MASK
from eulermaker.kernel.validation import Text, refusal
from eulermaker.kernel.web import MAX_URL, headers, shown_url, web_url

ChannelType = Literal["webhook", "email", "dingtalk", "feishu", "wecom", "slack", "apprise"]
EventKind = Literal["firing", "resolved", "flapping"]
Severity = Literal["info", "warning", "critical"]
Scope = Literal["own", "tenant"]
SEVERITIES: tuple[Severity, ...] = ("info", "warning", "critical")

SECRET_PREFIX = "whsec_"  # noqa: S105  # the prefix that Standard Webhooks give secrets, no secret
#: Set for every message; a channel cannot say otherwise.
OUR_HEADERS = frozenset(
    {
        "host",
        "content-length",
        "content-type",
        "transfer-encoding",
        "connection",
        "idempotency-key",
        "webhook-id",
        "webhook-timestamp",
        "webhook-signature",
    }
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_MAILBOX = re.compile(
    r"[^\s@<>()\[\],;:\\\"\x00-\x1f\x7f]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?"
)
_TIME = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d")


@dataclass(frozen=True, slots=True)
class Announcement:
    """Something that people may want to hear; `id` is unique to it, whoever announces it.

    `about` is what it is about: announcements about the same arrive in their order.
    """

    id: str
    kind: EventKind
    about: str
    tenant_id: str
    owner_id: str
    severity: Severity
    labels: Mapping[str, str]
    at: datetime
    #: What the message says: `alert`, `probe`, `details`; without secrets.
    facts: Mapping[str, Any]


def _url(value: str) -> str:
    return value if value == MASK else web_url(value)


def _headers(value: dict[str, str]) -> dict[str, str]:
    headers(value, ours=OUR_HEADERS)
    return value


def _mailbox(value: str) -> str:
    if not _MAILBOX.fullmatch(value):
        raise refusal(zh="不是有效的邮箱地址", en="This is no e-mail address")
    return value


def _webhook_secret(value: str) -> str:
    if value.startswith(SECRET_PREFIX):
        try:
            base64.b64decode(value.removeprefix(SECRET_PREFIX), validate=True)
        except binascii.Error as error:
            raise refusal(
                zh=f"{SECRET_PREFIX} 之后必须是 base64", en=f"After {SECRET_PREFIX} comes base64"
            ) from error
    if value != MASK and len(value) < 16:
        raise refusal(zh="密钥至少 16 个字符", en="A secret has at least 16 characters")
    return value


Url = Annotated[Text, Field(min_length=1, max_length=MAX_URL), AfterValidator(_url)]
Secret = Annotated[Text, Field(min_length=1, max_length=512)]


class Config(BaseModel):
    """Where the messages of a channel go."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def shown(self) -> dict[str, Any]:
        """The configuration without its secrets."""
        return {name: _masked(value) for name, value in self.model_dump(exclude_none=True).items()}


def _masked(value: Any) -> Any:
    match value:
        case str():
            return MASK
        case dict():
            return {key: _masked(inner) for key, inner in value.items()}
        case list():
            return [_masked(inner) for inner in value]
        case _:
            return value


class WebhookConfig(Config):
    """A URL of the user's; bodies are signed with the secret, as Standard Webhooks describe it."""

    url: Url
    secret: Annotated[Text, Field(min_length=1, max_length=512), AfterValidator(_webhook_secret)] | None = (
        None
    )
    headers: Annotated[
        dict[Text, Annotated[Text, Field(max_length=2048)]], Field(max_length=20), AfterValidator(_headers)
    ] = {}
    verify_tls: bool = True

    def shown(self) -> dict[str, Any]:
        """The URL with the values of its query masked, and the names of the headers."""
        return {**super().shown(), "url": shown_url(self.url)}


class ChatConfig(Config):
    """The robot's URL of a chat, which is a secret by itself."""

    url: Url


class SignedChatConfig(ChatConfig):
    """As above; `secret` where the robot wants its messages signed."""

    secret: Secret | None = None


class EmailConfig(Config):
    """Who gets the mail."""

    to: Annotated[
        list[Annotated[Text, Field(max_length=254), AfterValidator(_mailbox)]],
        Field(min_length=1, max_length=20),
    ]

    def shown(self) -> dict[str, Any]:
        """Everything: nothing of it is secret."""
        return {"to": self.to}


class AppriseConfig(Config):
    """Addresses as apprise writes them: `tgram://…`, `ntfy://…`."""

    urls: Annotated[
        list[Annotated[Text, Field(min_length=3, max_length=MAX_URL)]], Field(min_length=1, max_length=5)
    ]


def _no_control(value: str) -> str:
    if _CONTROL.search(value) or not value.strip():
        raise refusal(
            zh="名称不能为空，也不能含有控制字符", en="A name is not blank and has no control characters"
        )
    return value


Name = Annotated[Text, Field(min_length=1, max_length=128), AfterValidator(_no_control)]


class _Channel(BaseModel):
    """What all channels have; a message goes through those whose conditions it all meets."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    enabled: bool = True
    scope: Scope = "own"
    min_severity: Severity = "info"
    events: Annotated[list[EventKind], Field(min_length=1, max_length=3)] = ["firing", "resolved", "flapping"]
    selector: Labels = {}
    language: Literal["zh", "en"] | None = None


class NewWebhook(_Channel):
    """A channel to a URL of one's own."""

    type: Literal["webhook"]
    config: WebhookConfig


class NewEmail(_Channel):
    """A channel to mailboxes."""

    type: Literal["email"]
    config: EmailConfig


class NewDingTalk(_Channel):
    """A channel to a robot of DingTalk."""

    type: Literal["dingtalk"]
    config: SignedChatConfig


class NewFeishu(_Channel):
    """A channel to a robot of Feishu."""

    type: Literal["feishu"]
    config: SignedChatConfig


class NewWeCom(_Channel):
    """A channel to a robot of WeCom."""

    type: Literal["wecom"]
    config: ChatConfig


class NewSlack(_Channel):
    """A channel to a robot of Slack."""

    type: Literal["slack"]
    config: ChatConfig


class NewApprise(_Channel):
    """A channel to whatever apprise speaks."""

    type: Literal["apprise"]
    config: AppriseConfig


class NewUnknown(_Channel):
    """Takes no channel: it is here to refuse types that do not exist, by the field `type`."""

    type: ChannelType
    config: Any = None


def _tag(body: Any) -> str:
    # In brackets, so that the tag is no part of the path of a refused field.
    kind = body.get("type") if isinstance(body, dict) else getattr(body, "type", None)
    return f"[{kind}]" if isinstance(kind, str) and kind in CONFIGS else "[unknown]"


NewChannel = Annotated[
    Annotated[NewWebhook, Tag("[webhook]")]
    | Annotated[NewEmail, Tag("[email]")]
    | Annotated[NewDingTalk, Tag("[dingtalk]")]
    | Annotated[NewFeishu, Tag("[feishu]")]
    | Annotated[NewWeCom, Tag("[wecom]")]
    | Annotated[NewSlack, Tag("[slack]")]
    | Annotated[NewApprise, Tag("[apprise]")]
    | Annotated[NewUnknown, Tag("[unknown]")],
    Discriminator(_tag),
]
CONFIGS: Mapping[ChannelType, type[Config]] = {
    "webhook": WebhookConfig,
    "email": EmailConfig,
    "dingtalk": SignedChatConfig,
    "feishu": SignedChatConfig,
    "wecom": ChatConfig,
    "slack": ChatConfig,
    "apprise": AppriseConfig,
}


class ChannelDetail(BaseModel):
    """A channel as it is shown: every secret is a mask, which stands for it when it is sent back."""

    id: str
    name: str
    type: ChannelType
    enabled: bool
    scope: Scope
    min_severity: Severity
    events: list[EventKind]
    selector: ShownLabels
    language: Literal["zh", "en"]
    config: dict[str, Any]
    owner_id: str
    created_at: Time
    updated_at: Time


class ChannelList(BaseModel):
    """One page of channels."""

    channels: list[ChannelDetail]
    total: int
    limit: int
    offset: int


class TestResult(BaseModel):
    """What came of a test message; `reason` and `message` say why it did not arrive."""

    delivered: bool
    reason: str | None
    message: str | None
    response_time: float


class DeliveryDetail(BaseModel):
    """One message to one channel; its id is the idempotency key of every attempt."""

    id: str
    channel_id: str
    subject: str
    event: str
    status: Literal["pending", "sent", "dead"]
    attempts: int
    next_attempt_at: Time | None
    reason: str | None
    error: str | None
    created_at: Time
    finished_at: Time | None
    payload: dict[str, Any]


class DeliveryList(BaseModel):
    """One page of deliveries."""

    deliveries: list[DeliveryDetail]
    total: int
    limit: int
    offset: int


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise refusal(
            zh="不是已知的时区，例如 Asia/Shanghai 或 UTC",
            en="Give a known zone such as Asia/Shanghai or UTC",
        ) from error
    return value


def _clock_time(value: str) -> str:
    if not _TIME.fullmatch(value):
        raise refusal(zh="应为 HH:MM，例如 02:30", en="Give HH:MM, such as 02:30")
    return value


class Weekly(BaseModel):
    """Every week on these days (1 is Monday, 7 is Sunday), from `start` for `duration_minutes`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    days: Annotated[list[Annotated[int, Field(ge=1, le=7)]], Field(min_length=1, max_length=7)]
    start: Annotated[Text, AfterValidator(_clock_time)]
    duration_minutes: Annotated[int, Field(ge=1, le=7 * 24 * 60)]
    timezone: Annotated[Text, Field(max_length=64), AfterValidator(_zone)] = "UTC"


class NewWindow(BaseModel):
    """A maintenance window: once from `starts_at` to `ends_at`, or `weekly`.

    With both, the weekly window only counts between the two.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    scope: Scope = "own"
    selector: Labels = {}
    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None
    weekly: Weekly | None = None

    @model_validator(mode="after")
    def _has_a_time(self) -> Self:
        if self.weekly is None and (self.starts_at is None or self.ends_at is None):
            raise refusal(
                zh="请给出 starts_at 和 ends_at，或者 weekly", en="Give starts_at and ends_at, or weekly"
            )
        if self.starts_at and self.ends_at and self.ends_at <= self.starts_at:
            raise refusal(zh="ends_at 必须晚于 starts_at", en="ends_at has to be later than starts_at")
        return self


class WindowDetail(BaseModel):
    """A maintenance window; `active_until` while it is on."""

    id: str
    name: str
    scope: Scope
    selector: ShownLabels
    starts_at: Time | None
    ends_at: Time | None
    weekly: Weekly | None
    owner_id: str
    created_at: Time
    active_until: Time | None


class WindowList(BaseModel):
    """One page of maintenance windows."""

    maintenance_windows: list[WindowDetail]
    total: int
    limit: int
    offset: int
