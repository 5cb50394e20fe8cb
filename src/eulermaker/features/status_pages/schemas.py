"""Public shapes of status pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from eulermaker.features.notifications.schemas import Name, Scope
from eulermaker.kernel.clock import Time
from eulermaker.kernel.ownership import Labels, ShownLabels
from eulermaker.kernel.validation import Text

State = Literal["success", "failure", "unknown"]


@dataclass(frozen=True, slots=True)
class StatusPage:
    """A page that shows the probes with certain labels to everybody."""

    id: str
    slug: str
    tenant_id: str
    owner_id: str
    title: str
    scope: Scope
    selector: Mapping[str, str]
    enabled: bool
    created_at: datetime


class NewStatusPage(BaseModel):
    """A status page at `/status/{slug}`; a selector is needed, so that nothing is public by mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    slug: Annotated[Text, Field(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$")]
    title: Name
    selector: Annotated[Labels, Field(min_length=1)]
    scope: Scope = "own"
    enabled: bool = True


class StatusPageDetail(BaseModel):
    """A status page, and where it is."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    slug: str
    title: str
    selector: ShownLabels
    scope: Scope
    enabled: bool
    owner_id: str
    created_at: Time


class StatusPageList(BaseModel):
    """One page of status pages."""

    status_pages: list[StatusPageDetail]
    total: int
    limit: int
    offset: int


@dataclass(frozen=True, slots=True)
class Line:
    """What the public is shown of one probe; uptime in percent over 24 hours, 7 and 30 days."""

    probe: str
    name: str
    state: State
    paused: bool
    since: datetime
    uptime: tuple[float | None, float | None, float | None]


@dataclass(frozen=True, slots=True)
class Picture:
    """How everything on a page is, at a moment; `more` probes are not shown."""

    title: str
    slug: str
    at: datetime
    lines: tuple[Line, ...]
    more: int

    @property
    def state(self) -> State:
        """The worst of all that are not paused."""
        states = {line.state for line in self.lines if not line.paused}
        if "failure" in states:
            return "failure"
        return "success" if states == {"success"} else "unknown"
