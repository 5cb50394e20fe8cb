"""What the rest of the program may ask about accounts."""

import hashlib
import time
from collections import OrderedDict
from datetime import timedelta
from pathlib import Path

import anyio
import structlog
from anyio import to_thread
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from eulermaker.features.accounts.faults import (
    REFRESH_TOKEN_INVALID,
    SESSION_ENDED,
    TICKET_INVALID,
    WRONG_CREDENTIALS,
)
from eulermaker.features.accounts.schemas import SocketTicket, Tokens
from eulermaker.features.accounts.store import AccountStore, User
from eulermaker.features.accounts.tokens import AccessTokens
from eulermaker.kernel.call import Principal, Role
from eulermaker.kernel.clock import Clock
from eulermaker.kernel.database import Database
from eulermaker.kernel.faults import Fault
from eulermaker.kernel.ids import new_id, new_secret
from eulermaker.kernel.keyfile import secret_in
from eulermaker.kernel.settings import Settings
from eulermaker.kernel.singleflight import SingleFlight

log = structlog.get_logger("eulermaker.accounts")

DEFAULT_TENANT = "tenant_default"
ADMIN_PASSWORD_FILE = "initial-admin-password"  # noqa: S105  # a file's name
TICKET_SECONDS = 30
KNOWN_SESSIONS = 4096
KNOWN_SECONDS = 5.0


class Passwords:
    """Argon2id (RFC 9106) off the event loop, two at a time: each costs 19 MiB and a core."""

    def __init__(self) -> None:
        # OWASP's parameters: 19 MiB, two passes, one lane.
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
        self._limiter = anyio.CapacityLimiter(2)
        self._decoy = self._hasher.hash(new_secret())

    async def hash(self, password: str) -> str:
        """The hash to store."""
        return await to_thread.run_sync(self._hasher.hash, password, limiter=self._limiter)

    async def matches(self, stored: str | None, password: str) -> bool:
        """Whether the password is right; an unknown account costs as much as a known one."""
        return await to_thread.run_sync(self._verify, stored, password, limiter=self._limiter)

    def _verify(self, stored: str | None, password: str) -> bool:
        try:
            self._hasher.verify(stored or self._decoy, password)
        except (VerificationError, InvalidHashError):
            return False
        return stored is not None


class Accounts:
    """Sign-in, sessions and tokens."""

    def __init__(self, database: Database, settings: Settings, *, secret: str, clock: Clock) -> None:
        self._database = database
        self._settings = settings
        self._clock = clock
        self._tokens = AccessTokens(secret)
        self._passwords = Passwords()
        self._known: OrderedDict[str, tuple[float, Principal]] = OrderedDict()
        self._looking_up = SingleFlight[Principal]()

    async def bootstrap_admin(self) -> Path | None:
        """Create the first root account if there is none.

        Without a configured password one is generated and written, mode 0600, to the returned
        file: before the account, so that a crash between the two cannot lose the password.
        """
        async with self._database.read() as connection:
            if await AccountStore(connection).any_user():
                return None
        configured = self._settings.admin_password
        path = None
        if configured is None:
            path = self._settings.data_dir / ADMIN_PASSWORD_FILE
            password = await to_thread.run_sync(secret_in, path)
        else:
            password = configured.get_secret_value()
        admin = User(
            id=new_id("user"),
            tenant=DEFAULT_TENANT,
            username=self._settings.admin_username,
            password_hash=await self._passwords.hash(password),
            role=Role.ROOT,
        )
        async with self._database.write() as connection:
            await AccountStore(connection).add_user(admin, now=self._clock())
        return path

    async def login(self, name: str, password: str) -> Tokens:
        """Open a session; raises `wrong-credentials`, alike for unknown users."""
        async with self._database.read() as connection:
            user = await AccountStore(connection).user_named(name)
        right = await self._passwords.matches(user.password_hash if user else None, password)
        if user is None or not right:
            raise WRONG_CREDENTIALS()
        now = self._clock()
        session, refresh = new_id("session"), new_secret()
        expires_at = now + timedelta(seconds=self._settings.accounts.session_seconds)
        async with self._database.write() as connection:
            store = AccountStore(connection)
            await store.open_session(session, user=user.id, now=now, expires_at=expires_at)
            await store.add_refresh_token(_hash(refresh), session=session)
        return self._issue(session, user.id, refresh)

    async def refresh_by_token(self, refresh_token: str) -> Tokens:
        """Trade a refresh token for new tokens, once; a second use ends the whole session."""
        now, fresh, hashed = self._clock(), new_secret(), _hash(refresh_token)
        async with self._database.write() as connection:
            store = AccountStore(connection)
            session = await store.session_of_refresh_token(hashed)
            principal = None
            if session and await store.use_refresh_token(hashed, now=now):
                principal = await store.principal(session, now=now)
            elif session:
                log.warning("refresh_token.reused", session=session)
                await store.end_session(session, now=now)
                self._known.pop(session, None)
            if principal:
                await store.add_refresh_token(_hash(fresh), session=principal.session)
        # Raised outside the transaction: the end of a session on reuse has to be committed.
        if principal is None:
            raise REFRESH_TOKEN_INVALID()
        return self._issue(principal.session, principal.user, fresh)

    async def refresh_by_bearer(self, token: str) -> Tokens:
        """Trade an access token, expired or not, for new tokens while its session lives."""
        claims = self._tokens.read(token, now=self._clock(), accept_expired=True)
        now, fresh = self._clock(), new_secret()
        async with self._database.write() as connection:
            store = AccountStore(connection)
            principal = await store.principal(claims.session, now=now)
            if principal is None:
                raise SESSION_ENDED()
            await store.add_refresh_token(_hash(fresh), session=principal.session)
        return self._issue(principal.session, principal.user, fresh)

    async def authenticate(self, token: str) -> Principal:
        """Who the access token belongs to; raises a fault of kind `unauthenticated`.

        Answered from memory for up to five seconds after the session was last looked up.
        """
        claims = self._tokens.read(token, now=self._clock())
        known = self._known.get(claims.session)
        if known and known[0] > time.monotonic():
            return known[1]
        return await self._looking_up.ask(claims.session, lambda: self._look_up(claims.session))

    def user_of(self, token: str) -> str | None:
        """Whose genuine token it is, without a look at the session, which may have ended."""
        try:
            return self._tokens.read(token, now=self._clock()).user
        except Fault:
            return None

    async def socket_ticket(self, principal: Principal) -> SocketTicket:
        """A ticket that opens one socket as the caller."""
        ticket = new_secret()
        expires_at = self._clock() + timedelta(seconds=TICKET_SECONDS)
        async with self._database.write() as connection:
            await AccountStore(connection).add_ticket(
                _hash(ticket), session=principal.session, expires_at=expires_at
            )
        return SocketTicket(ticket=ticket, expires_in=TICKET_SECONDS)

    async def redeem_ticket(self, ticket: str) -> Principal:
        """Who the ticket belongs to, once; raises `ticket-invalid`."""
        async with self._database.write() as connection:
            session = await AccountStore(connection).use_ticket(_hash(ticket), now=self._clock())
        if session is None:
            raise TICKET_INVALID()
        return await self._look_up(session)

    async def sweep(self) -> None:
        """Delete what has expired."""
        async with self._database.write() as connection:
            await AccountStore(connection).forget_expired(now=self._clock())

    async def _look_up(self, session: str) -> Principal:
        async with self._database.read() as connection:
            principal = await AccountStore(connection).principal(session, now=self._clock())
        if principal is None:
            self._known.pop(session, None)
            raise SESSION_ENDED()
        self._known[session] = (time.monotonic() + KNOWN_SECONDS, principal)
        self._known.move_to_end(session)
        if len(self._known) > KNOWN_SESSIONS:
            self._known.popitem(last=False)
        return principal

    def _issue(self, session: str, user: str, refresh: str) -> Tokens:
        seconds = self._settings.accounts.access_token_seconds
        token = self._tokens.sign(session=session, user=user, now=self._clock(), seconds=seconds)
        return Tokens(token=token, expires_in=seconds, refresh_token=refresh)


def _hash(secret: str) -> str:
    # The secrets are 256 random bits, so a plain hash cannot be searched.
    return hashlib.sha256(secret.encode()).hexdigest()
