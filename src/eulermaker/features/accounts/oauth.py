"""Signing in with a provider: there with PKCE and a state of this browser, back with a one-time code."""

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from eulermaker.features.accounts.blacklist import refuse_listed
from eulermaker.features.accounts.faults import (
    EMAIL_NOT_VERIFIED,
    OAUTH_CODE_MISSING,
    OAUTH_EXCHANGE_FAILED,
    OAUTH_STATE_INVALID,
    PROFILE_FAILED,
    PROVIDER_NOT_FOUND,
    REGISTRATION_CLOSED,
)
from eulermaker.features.accounts.grants import Grant, GrantStore, Kind, hashed
from eulermaker.features.accounts.names import email_address, folded, user_name
from eulermaker.features.accounts.passwords import NO_PASSWORD
from eulermaker.features.accounts.provider import Attempt, ExchangeFailed, Profile, ProfileFailed, Provider
from eulermaker.features.accounts.service import DEFAULT_TENANT, Accounts, Visitor
from eulermaker.features.accounts.store import AccountStore, User
from eulermaker.features.accounts.tables import identities
from eulermaker.kernel.call import Role
from eulermaker.kernel.ids import new_id, new_secret

STATE = timedelta(minutes=10)
EXCHANGE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Departure:
    """Where to send the browser, and the secret that it has to bring back."""

    address: str
    browser: str


class OAuth:
    """The providers that are set up, and the people who come from them."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._providers = {
            name: Provider(settings, clock=accounts.clock)
            for name, settings in accounts.settings.oauth.items()
        }

    async def depart(self, name: str, *, redirect_uri: str, return_to: str) -> Departure:
        """Begin a sign-in with the provider."""
        provider = self._provider(name)
        attempt = Attempt(new_secret(), new_secret(), redirect_uri)
        state, browser = new_secret(), new_secret()
        try:
            address = await provider.address(attempt, state=state)
        except ExchangeFailed as error:
            raise OAUTH_EXCHANGE_FAILED() from error
        payload = {
            "provider": name,
            "verifier": attempt.verifier,
            "nonce": attempt.nonce,
            "redirect_uri": redirect_uri,
            "return_to": return_to if _is_local(return_to) else "/",
            "browser": hashed(browser),
        }
        async with self._accounts.database.write() as connection:
            await GrantStore(connection).put(
                hashed(state),
                Kind.OAUTH_STATE,
                Grant(None, payload),
                expires_at=self._accounts.clock() + STATE,
            )
        return Departure(address, browser)

    async def arrive(
        self,
        name: str,
        *,
        code: str | None,
        state: str | None,
        issuer: str | None,
        browser: str | None,
        visitor: Visitor,
    ) -> str:
        """End it: the local address to go on at, with an exchange code."""
        provider = self._provider(name)
        if not code:
            raise OAUTH_CODE_MISSING()
        payload = await self._attempt_of(name, state, browser)
        # RFC 9207: the answer of another provider is not mistaken for this one's.
        if issuer is not None and provider.issuer is not None and issuer != provider.issuer:
            raise OAUTH_STATE_INVALID()
        attempt = Attempt(payload["verifier"], payload["nonce"], payload["redirect_uri"])
        try:
            profile = await provider.profile(attempt, code)
        except ExchangeFailed as error:
            raise OAUTH_EXCHANGE_FAILED() from error
        except ProfileFailed as error:
            raise PROFILE_FAILED() from error
        user = await self._user_of(name, profile, visitor)
        exchange_code = new_secret()
        async with self._accounts.database.write() as connection:
            await GrantStore(connection).put(
                hashed(exchange_code),
                Kind.EXCHANGE_CODE,
                Grant(user.id),
                expires_at=self._accounts.clock() + EXCHANGE,
            )
        return_to = payload["return_to"]
        return f"{return_to}{'&' if '?' in return_to else '?'}{urlencode({'exchange_code': exchange_code})}"

    async def _attempt_of(self, name: str, state: str | None, browser: str | None) -> dict[str, str]:
        async with self._accounts.database.write() as connection:
            spent = await GrantStore(connection).spend(
                hashed(state or ""), Kind.OAUTH_STATE, now=self._accounts.clock()
            )
        if (
            spent is None
            or spent.payload["provider"] != name
            or spent.payload["browser"] != hashed(browser or "")
        ):
            raise OAUTH_STATE_INVALID()
        return spent.payload

    async def _user_of(self, name: str, profile: Profile, visitor: Visitor) -> User:
        """The account of somebody who was here before, has the same verified address, or may register."""
        email = email_address(profile.email) if profile.email else None
        try:
            async with self._accounts.database.write() as connection:
                user = await _known(connection, name, profile.subject)
                if user is not None:
                    return user
                if email is not None and not profile.email_verified:
                    raise EMAIL_NOT_VERIFIED()
                user = await self._matching(connection, email) or await self._new(
                    connection, email, profile, visitor
                )
                await connection.execute(
                    identities.insert().values(
                        provider=name,
                        subject=profile.subject,
                        user_id=user.id,
                        created_at=self._accounts.clock(),
                    )
                )
                return user
        except IntegrityError:
            # The same person came in twice at once.
            async with self._accounts.database.read() as connection:
                user = await _known(connection, name, profile.subject)
            if user is None:
                raise
            return user

    async def _matching(self, connection: AsyncConnection, email: str | None) -> User | None:
        if email is None:
            return None
        user = await AccountStore(connection).user_with_email(email)
        # An address that its account never showed to be its own may be somebody else's.
        if user is not None and not user.email_verified:
            raise EMAIL_NOT_VERIFIED()
        return user

    async def _new(
        self, connection: AsyncConnection, email: str | None, profile: Profile, visitor: Visitor
    ) -> User:
        if self._accounts.settings.registration != "open":
            raise REGISTRATION_CLOSED()
        if email is not None:
            await refuse_listed(connection, email)
        store = AccountStore(connection)
        user = User(
            id=new_id("user"),
            tenant=DEFAULT_TENANT,
            username=await _free_name(store, profile, email),
            password_hash=NO_PASSWORD,
            role=Role.USER,
            email=email,
        )
        await store.add_user(user, now=self._accounts.clock())
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
        return user

    def _provider(self, name: str) -> Provider:
        provider = self._providers.get(name)
        if provider is None:
            raise PROVIDER_NOT_FOUND(
                provider=name[:32], details={"resource_type": "provider", "provider": name[:32]}
            )
        return provider


async def _known(connection: AsyncConnection, provider: str, subject: str) -> User | None:
    query = identities.select().where(identities.c.provider == provider, identities.c.subject == subject)
    row = (await connection.execute(query)).first()
    return None if row is None else await AccountStore(connection).user(row.user_id)


async def _free_name(store: AccountStore, profile: Profile, email: str | None) -> str:
    wanted = user_name(profile.name or "") or user_name((email or "").partition("@")[0]) or new_id("person")
    if await store.clash(username=wanted) is None:
        return folded(wanted)
    return folded(f"{wanted[:48]}-{new_id('').removeprefix('_')}")


def _is_local(address: str) -> bool:
    """Whether it is a path of this server: anything else would send codes elsewhere."""
    printable = address.isascii() and address.isprintable()
    return (
        printable and address.startswith("/") and not address.startswith(("//", "/\\")) and "#" not in address
    )
