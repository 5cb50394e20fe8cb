"""The second factor: codes of an authenticator, and recovery codes for when it is lost."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

import segno
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from eulermaker.features.accounts import totp
from eulermaker.features.accounts.faults import (
    INVALID_MFA_CODE,
    INVALID_MFA_TOKEN,
    MFA_BROKEN,
    MFA_CODE_REQUIRED,
    MFA_LOCKED,
    MFA_NOT_ENABLED,
)
from eulermaker.features.accounts.grants import Grant, GrantStore, Kind, hashed, short_hashed
from eulermaker.features.accounts.lockout import SECOND_FACTOR, MissStore, Standing, second_factor_of
from eulermaker.features.accounts.rights import own_account
from eulermaker.features.accounts.service import Accounts
from eulermaker.features.accounts.store import AccountStore, User
from eulermaker.features.accounts.tables import recovery_codes
from eulermaker.kernel.call import Call
from eulermaker.kernel.clock import rfc3339
from eulermaker.kernel.faults import Fault
from eulermaker.kernel.ids import new_secret
from eulermaker.kernel.sealing import SealBroken, Sealer

PROVISIONING = timedelta(minutes=10)
RECOVERY_CODES = 10
#: Without letters and digits that are mistaken for each other; 10 of them are 49 bits.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_RECOVERY_LENGTH = 10


@dataclass(frozen=True, slots=True)
class Provisioning:
    """What an authenticator is set up with; `token` names it until it is verified."""

    token: str
    secret: str
    address: str
    qr: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Status:
    """Whether there is a second factor, and how many recovery codes are left."""

    enabled: bool
    since: datetime | None
    recovery_codes: int


class SecondFactor:
    """Sets second factors up, checks and removes them."""

    def __init__(self, accounts: Accounts, sealer: Sealer, *, secret: str) -> None:
        self._accounts = accounts
        self._sealer = sealer
        self._secret = secret

    async def status(self, call: Call) -> Status:
        """The caller's second factor."""
        async with self._accounts.database.read() as connection:
            user = await AccountStore(connection).user(call.principal.user)
            count = sa.select(sa.func.count()).where(recovery_codes.c.user_id == call.principal.user)
            left = (await connection.execute(count)).scalar_one()
        return Status(user is not None and user.has_totp, user.totp_since if user else None, left)

    async def provision(self, call: Call) -> Provisioning:
        """A new secret for an authenticator; it counts once a code of it was shown."""
        own_account(call)
        now, secret, token = self._accounts.clock(), totp.new_secret(), new_secret()
        caller, expires_at = call.principal, now + PROVISIONING
        sealed = self._sealer.seal(secret, about=f"{caller.user}.totp")
        async with self._accounts.database.write() as connection:
            grants = GrantStore(connection)
            await grants.drop(caller.user, Kind.PROVISIONING)
            grant = Grant(caller.user, {"secret": sealed})
            await grants.put(hashed(token), Kind.PROVISIONING, grant, expires_at=expires_at)
        address = totp.address(secret, account=caller.username)
        return Provisioning(token, secret, address, qr_of(address), expires_at)

    async def enable(self, call: Call, *, token: str | None, code: str | None) -> list[str]:
        """Ask for codes of that authenticator from now on; the recovery codes are told this once.

        Other sessions end: they were opened without it.
        """
        own_account(call)
        if not token:
            raise INVALID_MFA_TOKEN()
        if not code:
            raise MFA_CODE_REQUIRED()
        caller, fresh = call.principal, [_recovery_code() for _ in range(RECOVERY_CODES)]
        async with self._accounts.database.write() as connection:
            refusal = await self._enable(connection, call, token, code, fresh)
        if refusal is not None:
            raise refusal
        self._accounts.revoked(caller.user)
        return fresh

    async def disable(self, call: Call, *, code: str | None) -> None:
        """Ask for no codes any more; a last one, or a recovery code, is needed for that."""
        own_account(call)
        caller = call.principal
        async with self._accounts.database.write() as connection:
            user = await AccountStore(connection).user(caller.user)
            if user is None or not user.has_totp:
                raise MFA_NOT_ENABLED()
            if not code:
                raise MFA_CODE_REQUIRED()
            refusal = await self.check(connection, user, code)
            if refusal is None:
                await self.remove(connection, user.id)
                await self._accounts.audit.record(
                    call, "mfa.disable", resource_type="user", resource_id=user.id, within=connection
                )
        if refusal is not None:
            raise refusal

    async def remove(self, connection: AsyncConnection, user: str) -> None:
        """Take a user's second factor away."""
        await AccountStore(connection).change(user, totp_secret=None, totp_since=None)
        await self._drop_recovery_codes(connection, user)

    async def check(
        self, connection: AsyncConnection, user: User, code: str, *, ticket: str | None = None
    ) -> Fault | None:
        """Spend a code of the authenticator or a recovery code, or tell what is wrong with it.

        The transaction has to be committed in either case: misses are counted in it, per user and
        over all challenges.
        """
        now, misses = self._accounts.clock(), MissStore(connection, SECOND_FACTOR)
        subject = second_factor_of(user.id)
        standing = await misses.standing(subject, now=now)
        if standing.locked_until is not None:
            return _locked(standing.locked_until, now, ticket)
        try:
            secret = self._sealer.open(user.totp_secret or "", about=f"{user.id}.totp")
        except SealBroken as error:
            fault = MFA_BROKEN()
            fault.__cause__ = error
            return fault
        typed = code.strip().replace(" ", "").lower()
        step = totp.matching_step(secret, typed, now=now)
        if step is not None:
            # One that was seen and is sent again is refused, but tells its sender nothing: no miss.
            if not await AccountStore(connection).use_totp_step(user.id, step):
                return INVALID_MFA_CODE()
        elif not await self._spend_recovery_code(connection, user.id, typed):
            return _missed(await misses.miss(subject, now=now), now, ticket)
        await misses.clear(subject)
        return None

    async def _enable(
        self, connection: AsyncConnection, call: Call, token: str, code: str, fresh: list[str]
    ) -> Fault | None:
        now, caller, grants = self._accounts.clock(), call.principal, GrantStore(connection)
        misses, subject = MissStore(connection, SECOND_FACTOR), second_factor_of(caller.user)
        standing = await misses.standing(subject, now=now)
        if standing.locked_until is not None:
            return _locked(standing.locked_until, now, token)
        found = await grants.look(hashed(token), Kind.PROVISIONING, now=now)
        if found is None or found.user != caller.user:
            return INVALID_MFA_TOKEN()
        secret = self._sealer.open(found.payload["secret"], about=f"{caller.user}.totp")
        step = totp.matching_step(secret, code.strip().replace(" ", ""), now=now)
        if step is None:
            return _missed(await misses.miss(subject, now=now), now, token)
        # Of many who show the same code at once, one gets the recovery codes.
        if await grants.spend(hashed(token), Kind.PROVISIONING, now=now) is None:
            return INVALID_MFA_TOKEN()
        await misses.clear(subject)
        await AccountStore(connection).change(
            caller.user, totp_secret=found.payload["secret"], totp_since=now, totp_step=step
        )
        await self._drop_recovery_codes(connection, caller.user)
        rows = [{"hash": self._recovery_hash(caller.user, one), "user_id": caller.user} for one in fresh]
        await connection.execute(recovery_codes.insert(), rows)
        await self._accounts.revoke(connection, caller.user, but=caller.session, keys=False)
        await self._accounts.audit.record(
            call, "mfa.enable", resource_type="user", resource_id=caller.user, within=connection
        )
        return None

    async def _spend_recovery_code(self, connection: AsyncConnection, user: str, typed: str) -> bool:
        digest = self._recovery_hash(user, typed)
        spent = await connection.execute(
            recovery_codes.delete().where(recovery_codes.c.hash == digest, recovery_codes.c.user_id == user)
        )
        return spent.rowcount == 1

    async def _drop_recovery_codes(self, connection: AsyncConnection, user: str) -> None:
        await connection.execute(recovery_codes.delete().where(recovery_codes.c.user_id == user))

    def _recovery_hash(self, user: str, code: str) -> str:
        return short_hashed(code.replace("-", ""), about=f"{user}.recovery", secret=self._secret)


def qr_of(address: str) -> str:
    """The address as a QR code, an SVG in a `data:` address."""
    return str(segno.make(address, error="m").svg_data_uri(scale=4))


def _recovery_code() -> str:
    code = "".join(secrets.choice(_ALPHABET) for _ in range(_RECOVERY_LENGTH))
    return f"{code[:5]}-{code[5:]}"


def _missed(standing: Standing, now: datetime, ticket: str | None) -> Fault:
    return _locked(standing.locked_until, now, ticket) if standing.locked_until else INVALID_MFA_CODE()


def _locked(until: datetime, now: datetime, ticket: str | None) -> Fault:
    seconds = max(1, ceil((until - now).total_seconds()))
    details = {"retry_at": rfc3339(until), "mfa_token": ticket}
    return MFA_LOCKED(details=details, retry_after=seconds, seconds=seconds)
