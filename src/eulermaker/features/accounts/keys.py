"""API keys: for programs, which can't sign in."""

from dataclasses import dataclass
from datetime import timedelta

from eulermaker.features.accounts import keyring
from eulermaker.features.accounts.faults import KEY_LIMIT, KEY_NAME_TAKEN, KEY_NOT_FOUND, READ_ONLY_ACCOUNT
from eulermaker.features.accounts.grants import hashed
from eulermaker.features.accounts.key_store import Key, KeyStore
from eulermaker.features.accounts.service import Accounts
from eulermaker.features.accounts.store import AccountStore
from eulermaker.kernel.call import Call, Permission, Role
from eulermaker.kernel.ids import new_id

MAX_KEYS = 50
MAX_OVERLAP = 30 * 24


@dataclass(frozen=True, slots=True)
class Fresh:
    """A key that was just made, and its secret, which nobody can tell again."""

    key: Key
    secret: str


class ApiKeys:
    """Makes, rotates and ends the caller's keys."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    async def list(self, call: Call) -> list[Key]:
        """The caller's keys that hold."""
        async with self._accounts.database.read() as connection:
            return await KeyStore(connection).of_user(call.principal.user, now=self._accounts.clock())

    async def create(
        self, call: Call, *, name: str, scopes: frozenset[Permission] = frozenset(), days: int | None = None
    ) -> Fresh:
        """Make a key that may do what its scopes name, and never more than who makes it."""
        _writes(call)
        caller, now = call.principal, self._accounts.clock()
        for scope in sorted(scopes):
            call.require(scope)
        if caller.key and not scopes:
            scopes = caller.permissions
        secret = keyring.new_key()
        key = Key(
            id=new_id("key"),
            user=caller.user,
            name=name,
            shown=secret[: keyring.SHOWN],
            scopes=scopes,
            created_at=now,
            expires_at=None if days is None else now + timedelta(days=days),
        )
        async with self._accounts.database.write() as connection:
            await AccountStore(connection).hold(caller.user)
            store = KeyStore(connection)
            held = await store.of_user(caller.user, now=now)
            if any(one.name == name and one.replaced_by is None for one in held):
                raise KEY_NAME_TAKEN(
                    details={"field": "name", "value": name, "conflict": "name_already_exists"}
                )
            if len(held) >= MAX_KEYS:
                raise KEY_LIMIT(limit=MAX_KEYS, details={"limit": MAX_KEYS})
            await store.add(key, hashed=hashed(secret))
            await self._accounts.audit.record(
                call,
                "key.create",
                resource_type="api_key",
                resource_id=key.id,
                within=connection,
                name=name,
                scopes=sorted(scopes),
            )
        return Fresh(key, secret)

    async def rotate(self, call: Call, identifier: str, *, overlap_hours: int = 24) -> Fresh:
        """Make a key that takes another's place; the old one holds for some hours more."""
        _writes(call)
        now, secret = self._accounts.clock(), keyring.new_key()
        async with self._accounts.database.write() as connection:
            store = KeyStore(connection)
            old = await self._own(store, call, identifier)
            key = Key(
                id=new_id("key"),
                user=old.user,
                name=old.name,
                shown=secret[: keyring.SHOWN],
                scopes=old.scopes,
                created_at=now,
                # As long as the old one was given.
                expires_at=None if old.expires_at is None else now + (old.expires_at - old.created_at),
            )
            until = now + timedelta(hours=overlap_hours)
            if not await store.replace(identifier, by=key.id, until=until, now=now):
                raise _not_found(identifier)
            await store.add(key, hashed=hashed(secret))
            await self._accounts.audit.record(
                call,
                "key.rotate",
                resource_type="api_key",
                resource_id=identifier,
                within=connection,
                by=key.id,
            )
        self._accounts.revoked(old.user, session=identifier)
        return Fresh(key, secret)

    async def delete(self, call: Call, identifier: str) -> None:
        """End a key; sockets that were opened with it end, too."""
        _writes(call)
        now = self._accounts.clock()
        async with self._accounts.database.write() as connection:
            store = KeyStore(connection)
            key = await self._own(store, call, identifier)
            if not await store.revoke(identifier, now=now):
                raise _not_found(identifier)
            await AccountStore(connection).tell_revocation("", session=identifier, now=now)
            await self._accounts.audit.record(
                call, "key.delete", resource_type="api_key", resource_id=identifier, within=connection
            )
        self._accounts.revoked(key.user, session=identifier)

    async def _own(self, store: KeyStore, call: Call, identifier: str) -> Key:
        found = await store.key(identifier)
        if found is None or found[1].user != call.principal.user or found[1].revoked_at is not None:
            raise _not_found(identifier)
        return found[1]


def _writes(call: Call) -> None:
    if call.principal.role is Role.READONLY:
        raise READ_ONLY_ACCOUNT()
    call.require(Permission.ACCOUNT_WRITE)


def _not_found(identifier: str) -> Exception:
    shown = identifier[:64]
    return KEY_NOT_FOUND(
        key=shown,
        details={"api_key_id": shown, "resource_type": "api_key"},
    )
