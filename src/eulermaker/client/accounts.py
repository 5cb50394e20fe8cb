"""People and their API keys, and the record of who did what."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from eulermaker.client.models import Record, parse
from eulermaker.client.transport import Transport
from eulermaker.client.wire import Call, segment

_V1 = "/v1"


class Me(Record):
    """Who is signed in, and all that they may do."""

    id: str
    username: str
    email: str | None = None
    role: str
    mfa_enabled: bool = False
    permissions: Sequence[str]


class User(Record):
    """One account; `status` is `active` or `disabled`."""

    id: str
    username: str
    email: str | None = None
    emailVerified: bool
    role: str
    status: str
    mfaEnabled: bool
    createdAt: datetime | None = None
    lastLoginAt: datetime | None = None


class Invitation(Record):
    """What registering takes, once, until it expires."""

    invitation: str
    email: str | None = None
    expires_at: datetime


class UserPage(Record):
    """Some of the accounts, and how many there are."""

    users: Sequence[User]
    pagination: Mapping[str, int]


class ApiKey(Record):
    """One API key; `key` is told only when it was just made."""

    id: str
    name: str
    prefix: str
    scopes: Sequence[str]
    createdAt: datetime
    expiresAt: datetime | None = None
    lastUsedAt: datetime | None = None
    replacedBy: str | None = None
    key: str | None = None


class AuditEntry(Record):
    """One thing that somebody did; `result` is `ok` or the slug of the fault that it met."""

    at: datetime
    user_id: str
    username: str
    action: str
    resource_type: str
    resource_id: str
    address: str
    result: str
    details: Mapping[str, Any]


class AuditPage(Record):
    """Entries, newest first; `next` asks for those before them."""

    entries: Sequence[AuditEntry]
    next: int | None = None


class Users:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def me(self) -> Me:
        """Who is signed in."""
        return parse(Me, self._transport.data(Call(method="GET", path="/auth/me")))

    def list(self, *, search: str = "", page: int = 1, limit: int = 50) -> UserPage:
        """Accounts by name."""
        params: dict[str, str | int] = {"page": page, "limit": limit}
        if search:
            params["search"] = search
        return parse(UserPage, self._call("GET", "/users", params=params))

    def add(
        self, username: str, *, password: str | None = None, email: str | None = None, role: str = "user"
    ) -> User:
        """Makes an account."""
        body = {"username": username, "email": email, "password": password, "role": role}
        return parse(User, self._call("POST", "/users", json=body))

    def invite(self, email: str | None = None) -> Invitation:
        """Lets one person register within a week; with an address, that person alone."""
        call = Call(method="POST", path="/auth/invitations", json={"email": email})
        return parse(Invitation, self._transport.data(call))

    def set_role(self, user: str, role: str) -> User:
        """Gives an account another role."""
        return parse(User, self._call("PUT", f"/users/{segment(user)}/role", json={"role": role}))

    def suspend(self, user: str, *, reason: str | None = None) -> User:
        """Lets nobody use the account: its sessions and keys end at once."""
        return parse(User, self._call("POST", f"/users/{segment(user)}/suspend", json={"reason": reason}))

    def resume(self, user: str) -> User:
        """Lets the account be used again; a lock ends, too."""
        return parse(User, self._call("POST", f"/users/{segment(user)}/resume"))

    def remove(self, user: str) -> None:
        """Removes an account."""
        self._call("DELETE", f"/users/{segment(user)}")

    def change_password(self, current: str, new: str) -> None:
        """Changes one's own password; all sessions and keys end."""
        body = {"currentPassword": current, "newPassword": new}
        self._call("PUT", "/users/me/password", json=body)

    def _call(self, method: str, path: str, **fields: Any) -> Any:
        return self._transport.data(Call(method=method, path=path, base=_V1, **fields))


class Keys:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self) -> Sequence[ApiKey]:
        """One's own keys that hold."""
        found = self._call("GET", "/api-keys")
        return [parse(ApiKey, one) for one in found["apiKeys"]]

    def create(self, name: str, *, scopes: Sequence[str] = (), days: int | None = None) -> ApiKey:
        """Makes a key; without scopes it may do all that one may oneself."""
        body = {"name": name, "scopes": list(scopes), "expiresInDays": days}
        return parse(ApiKey, self._call("POST", "/api-keys", json=body))

    def rotate(self, key: str, *, overlap_hours: int = 24) -> ApiKey:
        """Makes a key in another's place, which holds for some hours more."""
        path = f"/api-keys/{segment(key)}/rotate"
        return parse(ApiKey, self._call("POST", path, json={"overlapHours": overlap_hours}))

    def remove(self, key: str) -> None:
        """Ends a key."""
        self._call("DELETE", f"/api-keys/{segment(key)}")

    def _call(self, method: str, path: str, **fields: Any) -> Any:
        return self._transport.data(Call(method=method, path=path, base=_V1, **fields))


class Audit:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def search(self, *, before: int | None = None, limit: int = 50, **wanted: str) -> AuditPage:
        """Who did what, newest first; `wanted` as `user`, `action`, `result`, `since`, `until` …"""
        params: dict[str, str | int] = {**{k: v for k, v in wanted.items() if v}, "limit": limit}
        if before is not None:
            params["before"] = before
        call = Call(method="GET", path="/system/audit", params=params)
        return parse(AuditPage, self._transport.data(call))

    def export(self, *, form: str = "ndjson", **wanted: str) -> Iterator[bytes]:
        """All of it, oldest first, as `ndjson` or `csv`."""
        params: dict[str, str | int] = {**{k: v for k, v in wanted.items() if v}, "format": form}
        call = Call(method="GET", path="/system/audit/export", params=params)
        with self._transport.stream(call) as chunks:
            yield from chunks
