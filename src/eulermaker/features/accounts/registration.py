"""Registering: who may, and how an address is shown to be one's own."""

import secrets
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from eulermaker.features.accounts.blacklist import refuse_listed
from eulermaker.features.accounts.faults import (
    EMAIL_TAKEN,
    INVALID_CODE,
    INVITATION_REQUIRED,
    REGISTRATION_CLOSED,
    TENANT_NAME_TAKEN,
    VERIFICATION_FAILED,
    VERIFICATION_REQUIRED,
)
from eulermaker.features.accounts.grants import Grant, GrantStore, Kind, about, hashed, short_hashed
from eulermaker.features.accounts.mail import Mailer, MailFailed
from eulermaker.features.accounts.rights import administers
from eulermaker.features.accounts.service import DEFAULT_TENANT, Accounts, Visitor
from eulermaker.features.accounts.store import AccountStore, User
from eulermaker.features.accounts.users import Draft, Users
from eulermaker.kernel.call import Call
from eulermaker.kernel.faults import Fault
from eulermaker.kernel.ids import new_id, new_secret

CODE = timedelta(minutes=10)
INVITATION = timedelta(days=7)


class Registration:
    """Makes accounts for people who ask for one."""

    def __init__(self, accounts: Accounts, users: Users, mailer: Mailer, *, secret: str) -> None:
        self._accounts = accounts
        self._users = users
        self._mailer = mailer
        self._secret = secret

    @property
    def verifies(self) -> bool:
        """Whether an address has to be shown to be one's own: where e-mail can be sent."""
        return self._mailer.configured

    async def register(
        self,
        *,
        email: str,
        password: str,
        name: str,
        tenant_name: str | None = None,
        code: str | None = None,
        invitation: str | None = None,
        visitor: Visitor,
        code_first: bool = False,
    ) -> User:
        """Make an account.

        Where addresses are verified and no code is given, one is sent, and the account can be used
        once it was shown; with `code_first`, as 003 has it, `verification-required` is raised instead.
        """
        self._open()
        if self.verifies and code is None and code_first:
            raise VERIFICATION_REQUIRED()
        verified = not self.verifies or code is not None
        tenant = new_id("tenant") if tenant_name else DEFAULT_TENANT
        user = await self._users.drafted(Draft(name, email, password, tenant=tenant, email_verified=verified))
        refusal = await self._store(user, tenant_name, code, invitation, visitor)
        if refusal is not None:
            raise refusal
        if not verified:
            await self._send(user.email or email, visitor)
        async with self._accounts.database.read() as connection:
            return await AccountStore(connection).user(user.id) or user

    async def send_code(self, email: str, visitor: Visitor) -> None:
        """Send a code to the address; raises `email-taken` for a verified one, `verification-failed`."""
        async with self._accounts.database.read() as connection:
            user = await AccountStore(connection).user_with_email(email)
            if user is None:
                self._open()
                await refuse_listed(connection, email)
        if user is not None and user.email_verified:
            raise EMAIL_TAKEN(details={"email": email})
        await self._send(email, visitor)

    async def verify(self, email: str, code: str) -> None:
        """Show a code: the account of the address can be used, or the address can be registered with it.

        A code is shown once; raises `invalid-code`.
        """
        key, code_hash = self._code(email, code)
        async with self._accounts.database.write() as connection:
            now, store = self._accounts.clock(), AccountStore(connection)
            user = await store.user_with_email(email)
            if user is None or user.email_verified:
                right = await GrantStore(connection).confirm_code(key, code_hash, now=now)
            else:
                right = await GrantStore(connection).spend_code(key, code_hash, now=now) is not None
                if right:
                    await store.change(user.id, email_verified=True)
        # Raised outside the transaction: the try has to be counted.
        if not right:
            raise INVALID_CODE()

    async def invite(self, call: Call, *, email: str | None = None) -> tuple[str, datetime]:
        """An invitation that lets one person register within a week, with that address if one is given."""
        administers(call)
        invitation, expires_at = new_secret(), self._accounts.clock() + INVITATION
        async with self._accounts.database.write() as connection:
            await GrantStore(connection).put(
                hashed(invitation), Kind.INVITATION, Grant(None, {"email": email}), expires_at=expires_at
            )
            await self._accounts.audit.record(
                call, "user.invite", resource_type="invitation", resource_id=email or "", within=connection
            )
        return invitation, expires_at

    async def _store(
        self,
        user: User,
        tenant_name: str | None,
        code: str | None,
        invitation: str | None,
        visitor: Visitor,
    ) -> Fault | None:
        assert user.email is not None
        if code is not None and self.verifies:
            key, code_hash = self._code(user.email, code)
            async with self._accounts.database.write() as connection:
                now = self._accounts.clock()
                spent = await GrantStore(connection).spend_code(key, code_hash, now=now)
            if spent is None:
                return INVALID_CODE()
        async with self._users.adding(user) as connection:
            await refuse_listed(connection, user.email)
            await self._use_invitation(connection, user.email, invitation)
            store, now = AccountStore(connection), self._accounts.clock()
            if tenant_name is not None:
                if await store.tenant_exists(tenant_name):
                    raise TENANT_NAME_TAKEN(details={"tenant_name": tenant_name})
                await store.add_tenant(user.tenant, tenant_name, now=now)
            await store.add_user(user, now=now)
            await self._accounts.audit.note(
                connection,
                "register",
                tenant=user.tenant,
                user=user.id,
                username=user.username,
                resource_type="user",
                resource_id=user.id,
                address=visitor.address,
            )
        return None

    async def _use_invitation(self, connection: AsyncConnection, email: str, invitation: str | None) -> None:
        if self._accounts.settings.registration != "invite":
            return
        now, key = self._accounts.clock(), hashed(invitation or "")
        # Where the account is refused in the end, the transaction gives the invitation back.
        spent = await GrantStore(connection).spend(key, Kind.INVITATION, now=now)
        if spent is None or spent.payload.get("email") not in (None, email):
            raise INVITATION_REQUIRED()

    async def _send(self, email: str, visitor: Visitor) -> None:
        await self._mailer.allow(email)
        code = f"{secrets.randbelow(1_000_000):06}"
        key, code_hash = self._code(email, code)
        async with self._accounts.database.write() as connection:
            await GrantStore(connection).put(
                key,
                Kind.EMAIL_CODE,
                Grant(None),
                code_hash=code_hash,
                expires_at=self._accounts.clock() + CODE,
            )
        try:
            await self._mailer.send(email, "code", visitor.language, secret=code, minutes=10)
        except MailFailed as error:
            raise VERIFICATION_FAILED() from error

    def _open(self) -> None:
        if self._accounts.settings.registration == "closed":
            raise REGISTRATION_CLOSED()

    def _code(self, email: str, code: str) -> tuple[str, str]:
        return about(email), short_hashed(code.strip(), about=email, secret=self._secret)
