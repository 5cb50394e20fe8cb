"""Signing in with a password, and a second factor where there is one."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from sqlalchemy.ext.asyncio import AsyncConnection

from eulermaker.features.accounts.faults import (
    ACCOUNT_LOCKED,
    EMAIL_NOT_VERIFIED,
    INVALID_EXCHANGE_CODE,
    INVALID_MFA_TICKET,
    MFA_CODE_REQUIRED,
    MFA_NOT_ENABLED,
    MFA_REQUIRED,
    MFA_TICKET_REQUIRED,
    UNKNOWN_USER,
    WRONG_CREDENTIALS,
)
from eulermaker.features.accounts.grants import Grant, GrantStore, Kind, hashed
from eulermaker.features.accounts.lockout import PASSWORD, MissStore, Standing, password_of
from eulermaker.features.accounts.names import folded
from eulermaker.features.accounts.schemas import Tokens
from eulermaker.features.accounts.second_factor import SecondFactor
from eulermaker.features.accounts.service import Accounts, SignedIn, Visitor, suspended
from eulermaker.features.accounts.store import AccountStore, User
from eulermaker.kernel.clock import rfc3339
from eulermaker.kernel.faults import Fault
from eulermaker.kernel.ids import new_secret

CHALLENGE = timedelta(minutes=5)
METHOD = "totp"
NOWHERE = Visitor()


@dataclass(frozen=True, slots=True)
class Challenge:
    """The password was right, and a code is wanted: the ticket stands for the password until then."""

    ticket: str
    expires_at: datetime
    method: str = METHOD


Outcome = SignedIn | Challenge | Fault


class SignIn:
    """Opens sessions for people who show who they are."""

    def __init__(self, accounts: Accounts, second_factor: SecondFactor) -> None:
        self._accounts = accounts
        self._second_factor = second_factor

    async def login(
        self, name: str, password: str, *, code: str | None = None, visitor: Visitor = NOWHERE
    ) -> Tokens:
        """Open a session; raises `mfa-required` where a code is wanted and none was given."""
        told = await self.with_password(name, password, code=code, visitor=visitor)
        if isinstance(told, Challenge):
            raise MFA_REQUIRED(details={"mfa_method": told.method, "mfa_ticket": told.ticket})
        return told.tokens

    async def with_password(
        self, name: str, password: str, *, code: str | None = None, visitor: Visitor = NOWHERE
    ) -> SignedIn | Challenge:
        """Open a session, or a challenge; raises `wrong-credentials`, alike for unknown users.

        Whoever it is, the same is read, hashed and written, so that time tells nothing.
        """
        async with self._accounts.database.read() as connection:
            user = await AccountStore(connection).user_named(name)
        right = await self._accounts.passwords.matches(user.password_hash if user else None, password)
        subject = password_of(user.id if user else None, folded(name))
        async with self._accounts.database.write() as connection:
            outcome = await self._judge(connection, user, subject, code, visitor, right=right)
            await self._record(connection, user, outcome, visitor)
        return _told(outcome)

    async def answer(self, ticket: str | None, code: str | None, *, visitor: Visitor = NOWHERE) -> SignedIn:
        """Answer a challenge with a code; of many who do so at once, one is signed in."""
        if not ticket:
            raise MFA_TICKET_REQUIRED()
        if not code:
            raise MFA_CODE_REQUIRED()
        async with self._accounts.database.write() as connection:
            now, grants = self._accounts.clock(), GrantStore(connection)
            found = await grants.look(hashed(ticket), Kind.CHALLENGE, now=now)
            user = await AccountStore(connection).user(found.user) if found and found.user else None
            if found is None or user is None:
                raise INVALID_MFA_TICKET()
            outcome = await self._answered(connection, user, ticket, code, visitor)
            await self._record(connection, user, outcome, visitor)
        told = _told(outcome)
        assert isinstance(told, SignedIn)
        return told

    async def exchange(self, code: str | None, *, visitor: Visitor = NOWHERE) -> SignedIn | Challenge:
        """Trade the one-time code of an OAuth sign-in for a session, once."""
        if not code:
            raise INVALID_EXCHANGE_CODE()
        async with self._accounts.database.write() as connection:
            now = self._accounts.clock()
            spent = await GrantStore(connection).spend(hashed(code), Kind.EXCHANGE_CODE, now=now)
            user = await AccountStore(connection).user(spent.user) if spent and spent.user else None
            if user is None:
                raise INVALID_EXCHANGE_CODE()
            outcome = await self.admit(connection, user, None, visitor, method="oauth")
            await self._record(connection, user, outcome, visitor)
        return _told(outcome)

    async def admit(
        self, connection: AsyncConnection, user: User, code: str | None, visitor: Visitor, *, method: str
    ) -> Outcome:
        """What somebody gets who has shown the first factor."""
        if user.suspended_at is not None:
            return suspended(user)
        if not user.email_verified:
            return EMAIL_NOT_VERIFIED()
        if not user.has_totp:
            return await self._accounts.open(connection, user, visitor, method=method)
        if code is None:
            return await self._challenge(connection, user)
        refusal = await self._second_factor.check(connection, user, code)
        return refusal or await self._accounts.open(connection, user, visitor, method=METHOD)

    async def _judge(
        self,
        connection: AsyncConnection,
        user: User | None,
        subject: str,
        code: str | None,
        visitor: Visitor,
        *,
        right: bool,
    ) -> Outcome:
        now, misses = self._accounts.clock(), MissStore(connection, PASSWORD)
        standing = await misses.standing(subject, now=now)
        if standing.locked_until is None and user is not None and right:
            await misses.clear(subject)
            return await self.admit(connection, user, code, visitor, method="password")
        # A miss while locked counts for nothing, and costs the same.
        standing = await misses.miss(subject, now=now)
        if standing.locked_until is not None:
            return locked_fault(standing.locked_until, now)
        if user is None and self._accounts.settings.reveal_unknown_user:
            return UNKNOWN_USER()
        return wrong_fault(standing)

    async def _challenge(self, connection: AsyncConnection, user: User) -> Challenge:
        ticket, expires_at = new_secret(), self._accounts.clock() + CHALLENGE
        await GrantStore(connection).put(
            hashed(ticket), Kind.CHALLENGE, Grant(user.id), expires_at=expires_at
        )
        return Challenge(ticket, expires_at)

    async def _answered(
        self, connection: AsyncConnection, user: User, ticket: str, code: str, visitor: Visitor
    ) -> Outcome:
        if user.suspended_at is not None:
            return suspended(user)
        if not user.has_totp:
            return MFA_NOT_ENABLED()
        refusal = await self._second_factor.check(connection, user, code, ticket=ticket)
        if refusal is not None:
            return refusal
        now = self._accounts.clock()
        if await GrantStore(connection).spend(hashed(ticket), Kind.CHALLENGE, now=now) is None:
            return INVALID_MFA_TICKET()
        return await self._accounts.open(connection, user, visitor, method=METHOD)

    async def _record(
        self, connection: AsyncConnection, user: User | None, outcome: Outcome, visitor: Visitor
    ) -> None:
        match outcome:
            case Fault():
                result = outcome.entry.slug
            case Challenge():
                result = "mfa-required"
            case SignedIn():
                result = "ok"
        # What somebody unknown typed as a name may be a password: it is not written down.
        await self._accounts.audit.note(
            connection,
            "login",
            tenant=user.tenant if user else "",
            user=user.id if user else "",
            username=user.username if user else "",
            resource_type="user",
            resource_id=user.id if user else "",
            address=visitor.address,
            result=result,
        )


def _told(outcome: Outcome) -> SignedIn | Challenge:
    # Raised outside the transaction: misses have to be committed.
    if isinstance(outcome, Fault):
        raise outcome
    return outcome


def wrong_fault(standing: Standing) -> Fault:
    """The fault after a wrong password, which tells how many tries are left."""
    return WRONG_CREDENTIALS(details={"remaining_attempts": standing.left, "lockout_time": None})


def locked_fault(until: datetime, now: datetime) -> Fault:
    """The fault that a locked account meets."""
    seconds = max(1, ceil((until - now).total_seconds()))
    told = rfc3339(until)
    return ACCOUNT_LOCKED(
        minutes=ceil(seconds / 60),
        retry_after=seconds,
        details={"lockout_time": told, "remaining_time": seconds, "retry_at": told},
    )
