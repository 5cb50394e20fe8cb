"""Sessions and tokens: who is calling. What the rest of the program may ask about accounts."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from anyio import to_thread
from sqlalchemy.ext.asyncio import AsyncConnection

from eulermaker.features.accounts import keyring
from eulermaker.features.accounts.faults import (
    ACCOUNT_SUSPENDED,
    KEY_EXPIRED,
    KEY_INVALID,
    REFRESH_OFF,
    REFRESH_TOKEN_INVALID,
    SESSION_ENDED,
    SESSION_NOT_FOUND,
    SESSION_USER_LOST,
    TICKET_INVALID,
)
from eulermaker.features.accounts.grants import GrantStore, hashed
from eulermaker.features.accounts.key_store import Key, KeyStore
from eulermaker.features.accounts.lockout import forget_misses
from eulermaker.features.accounts.matrix import RoleMatrix
from eulermaker.features.accounts.memory import Known
from eulermaker.features.accounts.passwords import Passwords
from eulermaker.features.accounts.schemas import SocketTicket, Tokens
from eulermaker.features.accounts.store import AccountStore, Session, User
from eulermaker.features.accounts.tokens import AccessTokens
from eulermaker.features.audit.service import Audit
from eulermaker.kernel.call import Call, Principal, Role
from eulermaker.kernel.clock import Clock, rfc3339
from eulermaker.kernel.database import Database
from eulermaker.kernel.faults import Fault, Language
from eulermaker.kernel.ids import new_id, new_secret
from eulermaker.kernel.keyfile import secret_in
from eulermaker.kernel.settings import Settings
from eulermaker.kernel.singleflight import SingleFlight

log = structlog.get_logger("eulermaker.accounts")

DEFAULT_TENANT = "tenant_default"
ADMIN_PASSWORD_FILE = "initial-admin-password"  # noqa: S105  # a file's name
TICKET_SECONDS = 30
#: How often other processes' revocations are looked for, and for how long they are kept.
LOOK_SECONDS = 1.0
REVOCATION_KEPT = timedelta(minutes=1)
#: A key's last use is written down no more often than this.
USE_NOTED = timedelta(minutes=1)

Ended = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class Visitor:
    """Where a request comes from that nobody has signed in for."""

    address: str = ""
    agent: str = ""
    language: Language = "zh"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What signing in yields."""

    user: User
    session: Session
    tokens: Tokens
    #: When the access token ends.
    expires_at: datetime


class Accounts:
    """Sessions, and the tokens and keys that show them."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        *,
        secret: str,
        clock: Clock,
        audit: Audit | None = None,
        ended: Ended = lambda user, session: None,
    ) -> None:
        self.database = database
        self.settings = settings.accounts
        self.clock = clock
        self.passwords = Passwords()
        self.audit = audit or Audit(database, clock=clock)
        self.matrix = RoleMatrix(database, self.audit, clock=clock, changed=self.everybody_changed)
        self._data_dir = settings.data_dir
        self._admin = settings.admin_username, settings.admin_password
        self._tokens = AccessTokens(secret)
        self._known = Known()
        self._looking_up = SingleFlight[Principal]()
        self._ended = ended
        self._seen: dict[str, datetime] = {}

    async def bootstrap_admin(self) -> Path | None:
        """Create the first root account if there is none, and read what roles may do.

        Without a configured password one is generated and written, mode 0600, to the returned
        file: before the account, so that a crash between the two cannot lose the password.
        """
        await self.matrix.load()
        async with self.database.read() as connection:
            if await AccountStore(connection).any_user():
                return None
        username, configured = self._admin
        path = None
        if configured is None:
            path = self._data_dir / ADMIN_PASSWORD_FILE
            password = await to_thread.run_sync(secret_in, path)
        else:
            password = configured.get_secret_value()
        admin = User(
            id=new_id("user"),
            tenant=DEFAULT_TENANT,
            username=username,
            password_hash=await self.passwords.hash(password),
            role=Role.ROOT,
            email=self.settings.root_email,
        )
        async with self.database.write() as connection:
            await AccountStore(connection).add_user(admin, now=self.clock())
        return path

    async def open(
        self, connection: AsyncConnection, user: User, visitor: Visitor, *, method: str
    ) -> SignedIn:
        """Open a session for somebody who has shown who they are."""
        now, refresh, store = self.clock(), self._fresh_refresh_token(), AccountStore(connection)
        session = Session(
            id=new_id("session"),
            user=user.id,
            created_at=now,
            expires_at=now + timedelta(seconds=self.settings.session_seconds),
            revoked_at=None,
            address=visitor.address[:64],
            agent=visitor.agent[:200],
            method=method,
        )
        await store.open_session(session)
        await store.change(user.id, last_login_at=now)
        if refresh is not None:
            await store.add_refresh_token(hashed(refresh), session=session.id)
        tokens = self._issue(session.id, user.id, refresh)
        return SignedIn(user, session, tokens, now + timedelta(seconds=tokens.expires_in))

    async def refresh_by_token(self, refresh_token: str) -> Tokens:
        """Trade a refresh token for new tokens, once; a second use ends the whole session."""
        return (await self.renew(refresh_token)).tokens

    async def renew(self, refresh_token: str) -> SignedIn:
        """The same, and whose session it is."""
        if not self.settings.refresh_tokens:
            raise REFRESH_OFF()
        now, fresh, used = self.clock(), new_secret(), hashed(refresh_token)
        async with self.database.write() as connection:
            store = AccountStore(connection)
            session = await store.session_of_refresh_token(used)
            found = None
            if session and await store.use_refresh_token(used, now=now):
                found = await self._living(store, session, now)
            elif session:
                log.warning("refresh_token.reused", session=session)
                await store.end_session(session, now=now)
                await store.tell_revocation("", session=session, now=now)
            if found:
                await store.add_refresh_token(hashed(fresh), session=found[1].id)
        # Raised outside the transaction: the end of a session on reuse has to be committed.
        if found is None:
            if session:
                self._forget("", session)
            raise REFRESH_TOKEN_INVALID(details={"reason": "refresh_token_invalid"})
        user, living = found
        tokens = self._issue(living.id, user.id, fresh)
        return SignedIn(user, living, tokens, now + timedelta(seconds=tokens.expires_in))

    async def refresh_by_bearer(self, token: str) -> Tokens:
        """Trade an access token, expired or not, for new tokens while its session lives."""
        claims = self._tokens.read(token, now=self.clock(), accept_expired=True)
        now, fresh = self.clock(), self._fresh_refresh_token()
        async with self.database.write() as connection:
            store = AccountStore(connection)
            found = await self._living(store, claims.session, now)
            if found is None:
                raise SESSION_ENDED(details={"reason": "session_ended"})
            if fresh is not None:
                await store.add_refresh_token(hashed(fresh), session=found[1].id)
        return self._issue(found[1].id, found[0].id, fresh)

    async def authenticate(self, token: str) -> Principal:
        """Who the access token or API key belongs to; raises a fault of kind `unauthenticated`.

        Answered from memory for up to five seconds after the session was last looked up, and no
        longer than until it ends.
        """
        if token.startswith(keyring.PREFIX):
            return await self._of_key(token)
        claims = self._tokens.read(token, now=self.clock())
        known = self._known.get(claims.session)
        if known is not None:
            return known
        return await self._looking_up.ask(claims.session, lambda: self._look_up(claims.session))

    def user_of(self, token: str) -> str | None:
        """Whose genuine token it is, without a look at the session, which may have ended."""
        if token.startswith(keyring.PREFIX):
            known = self._known.get(hashed(token))
            return known.user if known else None
        try:
            return self._tokens.read(token, now=self.clock()).user
        except Fault:
            return None

    async def socket_ticket(self, principal: Principal) -> SocketTicket:
        """A ticket that opens one socket as the caller."""
        ticket = new_secret()
        expires_at = self.clock() + timedelta(seconds=TICKET_SECONDS)
        async with self.database.write() as connection:
            await AccountStore(connection).add_ticket(
                hashed(ticket),
                session=principal.session or None,
                key=principal.key or None,
                expires_at=expires_at,
            )
        return SocketTicket(ticket=ticket, expires_in=TICKET_SECONDS)

    async def redeem_ticket(self, ticket: str) -> Principal:
        """Who the ticket belongs to, once; raises `ticket-invalid`."""
        async with self.database.write() as connection:
            spent = await AccountStore(connection).use_ticket(hashed(ticket), now=self.clock())
        if spent is None:
            raise TICKET_INVALID()
        session, key = spent
        if session is not None:
            return await self._look_up(session)
        assert key is not None
        async with self.database.read() as connection:
            found = await KeyStore(connection).key(key)
        if found is None:
            raise TICKET_INVALID()
        return self._principal_of_key(*found)

    async def session_of(self, principal: Principal) -> tuple[User, Session]:
        """The caller's own account and session; raises `session-user-lost` when they can't be read."""
        try:
            async with self.database.read() as connection:
                found = await AccountStore(connection).session(principal.session)
        except Fault as fault:
            raise SESSION_USER_LOST() from fault
        if found is None:
            raise SESSION_USER_LOST()
        return found

    async def sessions(self, principal: Principal) -> list[Session]:
        """The caller's living sessions."""
        async with self.database.read() as connection:
            return await AccountStore(connection).sessions_of(principal.user, now=self.clock())

    async def log_out(self, call: Call) -> None:
        """End the caller's session."""
        await self.end_session(call, call.principal.session)

    async def end_session(self, call: Call, session: str) -> None:
        """End one of the caller's sessions; raises `session-not-found`."""
        now, caller = self.clock(), call.principal
        async with self.database.write() as connection:
            store = AccountStore(connection)
            found = await store.session(session)
            if found is None or found[0].id != caller.user:
                raise SESSION_NOT_FOUND(
                    session=session[:64], details={"session_id": session[:64], "resource_type": "session"}
                )
            await store.end_session(session, now=now)
            await store.tell_revocation("", session=session, now=now)
            await self.audit.record(
                call, "session.end", resource_type="session", resource_id=session, within=connection
            )
        self._forget("", session)

    async def log_out_everywhere(self, call: Call, *, but_here: bool = False) -> int:
        """End all of the caller's sessions; tells how many."""
        caller, but = call.principal, call.principal.session if but_here else ""
        async with self.database.write() as connection:
            store, now = AccountStore(connection), self.clock()
            ended = await store.end_sessions(caller.user, now=now, but=but)
            await store.tell_revocation(caller.user, now=now)
            await self.audit.record(
                call, "session.end-all", resource_type="user", resource_id=caller.user, within=connection
            )
        self._forget(caller.user, "")
        return ended

    async def revoke(
        self, connection: AsyncConnection, user: str, *, but: str = "", keys: bool = True
    ) -> None:
        """End all that a user holds, inside a transaction; `revoked` has to follow its commit."""
        store, now = AccountStore(connection), self.clock()
        await store.end_sessions(user, now=now, but=but)
        if keys:
            await store.end_keys(user, now=now)
        await store.tell_revocation(user, now=now)

    def revoked(self, user: str, *, session: str = "") -> None:
        """Forget who was looked up, and close sockets: of a user, or of one session or key."""
        self._forget(user, session)

    def everybody_changed(self) -> None:
        """Look everybody up anew: what roles may do has changed."""
        self._known.forget()

    async def look(self) -> None:
        """See what other processes have revoked."""
        since = self.clock() - REVOCATION_KEPT / 2
        async with self.database.read() as connection:
            told = await AccountStore(connection).revocations_since(since)
        await self.matrix.load()
        for identifier, user, session in told:
            if identifier not in self._seen:
                self._seen[identifier] = self.clock()
                self._forget(user, session)
        for identifier, at in list(self._seen.items()):
            if at < since - REVOCATION_KEPT:
                del self._seen[identifier]

    async def sweep(self) -> None:
        """Delete what has expired."""
        now = self.clock()
        async with self.database.write() as connection:
            await AccountStore(connection).forget_expired(now=now, revoked_before=now - REVOCATION_KEPT)
            await GrantStore(connection).forget_expired(now=now)
            await KeyStore(connection).forget_dead(now=now)
            await forget_misses(connection, now=now)

    async def _look_up(self, session: str) -> Principal:
        generation = self._known.generation
        async with self.database.read() as connection:
            found = await AccountStore(connection).session(session)
        if found is None:
            raise SESSION_ENDED(details={"reason": "session_ended"})
        user, opened = found
        _refuse_suspended(user)
        if not opened.lives(self.clock()):
            raise SESSION_ENDED(details={"reason": "session_ended"})
        principal = Principal(
            user.id, user.username, user.tenant, user.role, session, self.matrix.granted(user.role)
        )
        self._known.put(session, principal, generation=generation)
        return principal

    async def _of_key(self, token: str) -> Principal:
        if not keyring.well_formed(token):
            raise KEY_INVALID(details={"api_key": keyring.shown(token)})
        digest = hashed(token)
        known = self._known.get(digest)
        if known is not None:
            return known
        return await self._looking_up.ask(digest, lambda: self._look_up_key(digest, token))

    async def _look_up_key(self, digest: str, token: str) -> Principal:
        generation, now = self._known.generation, self.clock()
        async with self.database.read() as connection:
            found = await KeyStore(connection).key_hashed(digest)
        if found is None:
            raise KEY_INVALID(details={"api_key": keyring.shown(token)})
        principal = self._principal_of_key(*found)
        if found[1].last_used_at is None or found[1].last_used_at < now - USE_NOTED:
            async with self.database.write() as connection:
                await KeyStore(connection).note_use(found[1].id, now=now)
        self._known.put(digest, principal, generation=generation)
        return principal

    def _principal_of_key(self, user: User, key: Key) -> Principal:
        _refuse_suspended(user)
        if key.revoked_at is not None:
            raise KEY_INVALID(details={"api_key": f"{key.shown}..."})
        if key.expires_at is not None and key.expires_at <= self.clock():
            raise KEY_EXPIRED(details={"expired_at": rfc3339(key.expires_at)})
        allowed = self.matrix.permissions(user.role)
        granted = allowed & key.scopes if key.scopes else allowed
        return Principal(user.id, user.username, user.tenant, user.role, "", granted, key.id)

    async def _living(self, store: AccountStore, session: str, now: datetime) -> tuple[User, Session] | None:
        found = await store.session(session)
        if found is None or not found[1].lives(now) or found[0].suspended_at is not None:
            return None
        return found

    def _forget(self, user: str, session: str) -> None:
        self._known.forget(user=user, session=session)
        if user or session:
            self._ended(user, session)

    def _fresh_refresh_token(self) -> str | None:
        return new_secret() if self.settings.refresh_tokens else None

    def _issue(self, session: str, user: str, refresh: str | None) -> Tokens:
        seconds = self.settings.access_token_seconds
        token = self._tokens.sign(session=session, user=user, now=self.clock(), seconds=seconds)
        return Tokens(token=token, expires_in=seconds, refresh_token=refresh)


def suspended(user: User) -> Fault:
    """The fault that a suspended account meets."""
    assert user.suspended_at is not None
    return ACCOUNT_SUSPENDED(
        details={"disabled_at": rfc3339(user.suspended_at), "reason": user.suspended_reason}
    )


def _refuse_suspended(user: User) -> None:
    if user.suspended_at is not None:
        raise suspended(user)
