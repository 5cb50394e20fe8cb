"""Public shapes of the audit record."""

from typing import Any, Self

from pydantic import BaseModel

from eulermaker.features.audit.store import Entry
from eulermaker.kernel.clock import Time


class AuditEntry(BaseModel):
    """One thing that somebody did; `result` is `ok` or the slug of the fault that it met."""

    at: Time
    user_id: str
    username: str
    action: str
    resource_type: str
    resource_id: str
    address: str
    result: str
    details: dict[str, Any]

    @classmethod
    def of(cls, entry: Entry) -> Self:
        """What is shown of an entry."""
        return cls(
            at=entry.at,
            user_id=entry.user_id,
            username=entry.username,
            action=entry.action,
            resource_type=entry.resource_type,
            resource_id=entry.resource_id,
            address=entry.address,
            result=entry.result,
            details=entry.details,
        )


class AuditPage(BaseModel):
    """Entries, newest first; `next` asks for those before them, and is null at the end."""

    entries: list[AuditEntry]
    next: int | None
