"""Accounts: their owners change their passwords, administrators everything else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from eulermaker.features.accounts.faults import (
    EMAIL_TAKEN,
    METRICS_UNAVAILABLE,
    USER_NOT_FOUND,
    USERNAME_TAKEN,
)
from eulermaker.features.accounts.lockout import PASSWORD, MissStore, password_of
from eulermaker.features.accounts.passwords import NO_PASSWORD, too_plain
from eulermaker.features.accounts.rights import administers, may_hold, may_touch, own_account, remains
from eulermaker.features.accounts.second_factor import SecondFactor
from eulermaker.features.accounts.service import Accounts
from eulermaker.features.accounts.sign_in import locked_fault, wrong_fault
from eulermaker.features.accounts.store import AccountStore, User
from eulermaker.kernel.call import Call, Permission, Role
from eulermaker.kernel.faults import Fault, InvalidFields
from eulermaker.kernel.ids import new_id
from eulermaker.kernel.paging import Page


@dataclass(frozen=True, slots=True)
class Draft:
    """An account to make."""

    username: str
    email: str | None
    password: str | None
    role: Role = Role.USER
    tenant: str = ""
    email_verified: bool = True


class Users:
    """Makes, changes and removes accounts."""

    def __init__(self, accounts: Accounts, second_factor: SecondFactor) -> None:
        self._accounts = accounts
        self._second_factor = second_factor

    async def me(self, call: Call) -> User:
        """The caller's own account."""
        return await self._find(call.principal.user)

    async def list(
        self, call: Call, page: Page, *, search: str = "", role: Role | None = None
    ) -> tuple[int, list[User]]:
        """How many accounts match, and a page of them."""
        call.require(Permission.USERS_READ)
        async with self._accounts.database.read() as connection:
            return await AccountStore(connection).list_users(page, search=search, role=role)

    async def read(self, call: Call, identifier: str) -> User:
        """An account; raises `user-not-found`."""
        if identifier != call.principal.user:
            call.require(Permission.USERS_READ)
        return await self._find(identifier)

    async def metrics(self, call: Call) -> dict[str, int]:
        """Figures about all accounts; raises `user-metrics-unavailable`."""
        call.require(Permission.USERS_READ)
        if not self._accounts.settings.user_metrics:
            raise METRICS_UNAVAILABLE()
        try:
            async with self._accounts.database.read() as connection:
                return await AccountStore(connection).figures(now=self._accounts.clock())
        except Fault as fault:
            raise METRICS_UNAVAILABLE() from fault

    async def create(self, call: Call, draft: Draft) -> User:
        """Make an account in the caller's tenant."""
        administers(call)
        may_touch(call, draft.role)
        may_hold(draft.role, email=draft.email, root_email=self._accounts.settings.root_email)
        user = await self.drafted(replace(draft, tenant=call.principal.tenant))
        async with self.adding(user) as connection:
            await AccountStore(connection).add_user(user, now=self._accounts.clock())
            await self._record(connection, call, "user.create", user.id, role=user.role.value)
        return await self._find(user.id)

    async def drafted(self, draft: Draft) -> User:
        """The account to store, its password hashed; raises InvalidFields for one that is guessed at once."""
        if draft.password is None:
            password_hash = NO_PASSWORD
        else:
            refuse_plain(draft.password, draft.username, draft.email)
            password_hash = await self._accounts.passwords.hash(draft.password)
        return User(
            id=new_id("user"),
            tenant=draft.tenant,
            username=draft.username,
            password_hash=password_hash,
            role=draft.role,
            email=draft.email,
            email_verified=draft.email_verified,
        )

    @asynccontextmanager
    async def adding(self, user: User) -> AsyncIterator[AsyncConnection]:
        """A transaction to store a new account in; raises `username-taken` or `email-taken`."""
        async with self._free(username=user.username, email=user.email) as connection:
            yield connection

    async def change(
        self,
        call: Call,
        identifier: str,
        *,
        username: str | None = None,
        email: str | None = None,
        password: str | None = None,
    ) -> User:
        """Change an account; a new password ends its sessions and keys."""
        administers(call)
        user = await self._find(identifier)
        may_touch(call, user.role)
        if email is not None:
            may_hold(user.role, email=email, root_email=self._accounts.settings.root_email)
        fields: dict[str, object] = {}
        if password is not None:
            refuse_plain(password, username or user.username, email or user.email)
            fields["password_hash"] = await self._accounts.passwords.hash(password)
        new_name = username if username != user.username else None
        new_email = email if email != user.email else None
        async with self._free(username=new_name, email=new_email, but=identifier) as connection:
            store = AccountStore(connection)
            if username is not None:
                await store.rename(identifier, username)
            if email is not None:
                fields |= {"email": email, "email_verified": True}
            if fields:
                await store.change(identifier, **fields)
            if password is not None:
                await self._accounts.revoke(connection, identifier)
            changed = sorted({*fields, *(["username"] if username else [])} - {"email_verified"})
            await self._record(connection, call, "user.change", identifier, fields=changed)
        self._accounts.revoked(identifier)
        return await self._find(identifier)

    async def set_role(self, call: Call, identifier: str, role: Role) -> User:
        """Give an account another role; its sessions go on with that at once."""
        administers(call)
        may_touch(call, role)
        async with self._accounts.database.write() as connection:
            user = await self._locked(connection, call, identifier)
            may_hold(role, email=user.email, root_email=self._accounts.settings.root_email)
            if user.role is Role.ROOT and role is not Role.ROOT:
                remains(await AccountStore(connection).other_roots(identifier))
            await AccountStore(connection).change(identifier, role=role.value)
            await AccountStore(connection).tell_revocation(identifier, now=self._accounts.clock())
            await self._record(connection, call, "user.role", identifier, role=role.value)
        self._accounts.revoked(identifier)
        return await self._find(identifier)

    async def suspend(self, call: Call, identifier: str, *, reason: str | None = None) -> User:
        """Let nobody use the account; its sessions, keys and sockets end at once."""
        administers(call)
        async with self._accounts.database.write() as connection:
            user = await self._locked(connection, call, identifier)
            if user.role is Role.ROOT:
                remains(await AccountStore(connection).other_roots(identifier))
            now = self._accounts.clock()
            await AccountStore(connection).change(
                identifier, suspended_at=user.suspended_at or now, suspended_reason=reason
            )
            await self._accounts.revoke(connection, identifier)
            await self._record(connection, call, "user.suspend", identifier, reason=reason)
        self._accounts.revoked(identifier)
        return await self._find(identifier)

    async def resume(self, call: Call, identifier: str) -> User:
        """Let the account be used again; what ended stays ended. A lock ends, too."""
        administers(call)
        async with self._accounts.database.write() as connection:
            await self._locked(connection, call, identifier)
            await AccountStore(connection).change(identifier, suspended_at=None, suspended_reason=None)
            await MissStore(connection, PASSWORD).clear(password_of(identifier, ""))
            await self._record(connection, call, "user.resume", identifier)
        self._accounts.revoked(identifier)
        return await self._find(identifier)

    async def delete(self, call: Call, identifier: str) -> None:
        """Remove the account with all that signs in to it."""
        administers(call)
        async with self._accounts.database.write() as connection:
            user = await self._locked(connection, call, identifier)
            if user.role is Role.ROOT:
                remains(await AccountStore(connection).other_roots(identifier))
            await self._accounts.revoke(connection, identifier)
            await AccountStore(connection).delete_user(identifier)
            await self._record(connection, call, "user.delete", identifier)
        self._accounts.revoked(identifier)

    async def reset_second_factor(self, call: Call, identifier: str) -> User:
        """Take the second factor of somebody away who has lost it."""
        administers(call)
        async with self._accounts.database.write() as connection:
            await self._locked(connection, call, identifier)
            await self._second_factor.remove(connection, identifier)
            await self._accounts.revoke(connection, identifier)
            await self._record(connection, call, "user.mfa-reset", identifier)
        self._accounts.revoked(identifier)
        return await self._find(identifier)

    async def change_password(self, call: Call, *, current: str, new: str) -> None:
        """Change the caller's own password; all their sessions, keys and sockets end, this one too.

        Wrong guesses at the current one count as at the sign-in.
        """
        own_account(call)
        accounts, caller = self._accounts, call.principal
        user = await self._find(caller.user)
        right = await accounts.passwords.matches(user.password_hash, current)
        subject, refusal = password_of(user.id, ""), None
        async with accounts.database.write() as connection:
            misses, now = MissStore(connection, PASSWORD), accounts.clock()
            standing = await misses.standing(subject, now=now)
            if standing.locked_until is not None or not right:
                standing = await misses.miss(subject, now=now)
                until = standing.locked_until
                refusal = wrong_fault(standing) if until is None else locked_fault(until, now)
            else:
                await misses.clear(subject)
        if refusal is not None:
            raise refusal
        refuse_plain(new, user.username, user.email)
        fresh = await accounts.passwords.hash(new)
        async with accounts.database.write() as connection:
            await AccountStore(connection).change(user.id, password_hash=fresh)
            await accounts.revoke(connection, user.id)
            await self._record(connection, call, "user.password", user.id)
        accounts.revoked(user.id)

    async def _find(self, identifier: str) -> User:
        async with self._accounts.database.read() as connection:
            user = await AccountStore(connection).user(identifier)
        if user is None:
            raise unknown(identifier)
        return user

    async def _locked(self, connection: AsyncConnection, call: Call, identifier: str) -> User:
        """The account, while nobody else changes who is root; raises what forbids to touch it."""
        store = AccountStore(connection)
        await store.lock_roots()
        user = await store.user(identifier)
        if user is None:
            raise unknown(identifier)
        may_touch(call, user.role)
        return user

    @asynccontextmanager
    async def _free(
        self, *, username: str | None, email: str | None, but: str = ""
    ) -> AsyncIterator[AsyncConnection]:
        try:
            async with self._accounts.database.write() as connection:
                await _refuse_clash(connection, username, email, but)
                yield connection
        except IntegrityError:
            # Somebody else was quicker between the look and the writing.
            async with self._accounts.database.read() as connection:
                await _refuse_clash(connection, username, email, but)
            raise

    async def _record(
        self, connection: AsyncConnection, call: Call, action: str, identifier: str, **details: Any
    ) -> None:
        await self._accounts.audit.record(
            call, action, resource_type="user", resource_id=identifier, within=connection, **details
        )


async def _refuse_clash(
    connection: AsyncConnection, username: str | None, email: str | None, but: str
) -> None:
    match await AccountStore(connection).clash(username=username, email=email, but=but):
        case "username":
            raise USERNAME_TAKEN(details={"username": username})
        case "email":
            raise EMAIL_TAKEN(details={"email": email})
        case None:
            pass


def refuse_plain(password: str, username: str, email: str | None) -> None:
    """Raise InvalidFields for a password that is guessed at once."""
    if too_plain(password, names=(username, email or "")):
        raise InvalidFields.one(
            "password",
            zh="密码过于简单，不能是重复字符或自己的用户名、邮箱",
            en="The password is too easy to guess: no repeated characters, and not your own name or address",
        )


def unknown(identifier: str) -> Fault:
    """The fault for an id that no account has."""
    shown = identifier[:64]
    return USER_NOT_FOUND(user=shown, details={"user_id": shown, "resource_type": "user"})
