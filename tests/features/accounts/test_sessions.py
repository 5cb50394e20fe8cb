"""Signing in, sessions and what keeps them alive; the same on both databases."""

import stat
from pathlib import Path

import anyio
import pytest
import sqlalchemy as sa

from eulermaker.features.accounts.faults import (
    REFRESH_TOKEN_INVALID,
    SESSION_ENDED,
    TICKET_INVALID,
    TOKEN_EXPIRED,
    WRONG_CREDENTIALS,
)
from eulermaker.features.accounts.passwords import Passwords
from eulermaker.features.accounts.schemas import Tokens
from eulermaker.features.accounts.service import Accounts
from eulermaker.features.accounts.store import AccountStore, User
from eulermaker.features.accounts.tables import refresh_tokens, sessions, socket_tickets, users
from eulermaker.kernel.call import Principal, Role
from eulermaker.kernel.database import Database
from eulermaker.kernel.faults import Entry, Fault
from eulermaker.kernel.migrate import migrate
from eulermaker.kernel.settings import load_settings
from tests.features.accounts.conftest import PASSWORD, MovedClock, World, desk_on

pytestmark = pytest.mark.anyio
DAY = 86_400


async def count(database: Database, table: sa.Table) -> int:
    async with database.read() as connection:
        return (await connection.execute(sa.select(sa.func.count()).select_from(table))).scalar_one()


async def test_passwords_are_argon2id_and_salted() -> None:
    passwords = Passwords()
    one, other = await passwords.hash("s3cret 密码"), await passwords.hash("s3cret 密码")
    assert one.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert one != other
    assert await passwords.matches(one, "s3cret 密码")
    assert not await passwords.matches(one, "s3cret 密码 ")
    assert not await passwords.matches(None, "s3cret 密码")
    assert not await passwords.matches("no hash at all", "s3cret 密码")


async def test_the_administrator_signs_in(world: World) -> None:
    tokens = await world.desk.sign_in.login("admin", PASSWORD)
    assert (tokens.token_type, tokens.expires_in) == ("Bearer", 3600)
    principal = await world.accounts.authenticate(tokens.token)
    assert (principal.username, principal.role, principal.tenant) == ("admin", Role.ROOT, "tenant_default")
    assert await world.another.authenticate(tokens.token) == principal


@pytest.mark.parametrize(
    ("name", "password"), [("admin", "wrong"), ("nobody", PASSWORD), ("", ""), ("admin@", PASSWORD)]
)
async def test_who_is_unknown_and_what_is_wrong_look_alike(name: str, password: str, world: World) -> None:
    with pytest.raises(Fault) as fault:
        await world.desk.sign_in.login(name, password)
    assert fault.value.entry is WRONG_CREDENTIALS
    told = {"remaining_attempts": 4, "lockout_time": None}
    assert (dict(fault.value.facts), dict(fault.value.details)) == ({}, told)
    assert await count(world.database, sessions) == 0


async def test_secrets_are_stored_as_hashes_only(world: World) -> None:
    tokens = await world.desk.sign_in.login("admin", PASSWORD)
    principal = await world.accounts.authenticate(tokens.token)
    ticket = await world.accounts.socket_ticket(principal)
    async with world.database.read() as connection:
        stored = [
            str(row)
            for table in (users, sessions, refresh_tokens, socket_tickets)
            for row in await connection.execute(sa.select(table))
        ]
    assert tokens.refresh_token
    for secret in (PASSWORD, tokens.token, tokens.refresh_token, ticket.ticket):
        assert secret not in "".join(stored)


async def test_the_first_administrator_is_made_once(world: World) -> None:
    assert await world.accounts.bootstrap_admin() is None
    assert await world.another.bootstrap_admin() is None
    assert await count(world.database, users) == 1


async def test_a_generated_password_is_in_its_file(database_url: str, tmp_path: Path) -> None:
    database = Database(database_url)
    await migrate(database)
    office = desk_on(database, load_settings(data_dir=tmp_path), MovedClock())
    path = await office.accounts.bootstrap_admin()
    assert path == tmp_path / "initial-admin-password"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (await office.sign_in.login("admin", path.read_text().strip())).token
    await database.close()


async def test_a_crash_before_the_account_keeps_the_password(database_url: str, tmp_path: Path) -> None:
    """The file was written, the account was not: the next start uses the same password."""
    (tmp_path / "initial-admin-password").write_text("written before the crash\n")
    database = Database(database_url)
    await migrate(database)
    office = desk_on(database, load_settings(data_dir=tmp_path), MovedClock())
    await office.accounts.bootstrap_admin()
    assert (await office.sign_in.login("admin", "written before the crash")).token
    await database.close()


async def test_an_access_token_expires_and_its_session_gives_a_new_one(world: World) -> None:
    tokens = await world.desk.sign_in.login("admin", PASSWORD)
    world.clock.move(3600)
    await refused(TOKEN_EXPIRED, world, tokens.token)
    renewed = await world.accounts.refresh_by_bearer(tokens.token)
    assert await world.accounts.authenticate(renewed.token)
    assert renewed.refresh_token != tokens.refresh_token


async def test_a_session_ends_with_its_day(world: World) -> None:
    tokens = await world.desk.sign_in.login("admin", PASSWORD)
    world.clock.move(DAY - 1)
    tokens = await world.accounts.refresh_by_bearer(tokens.token)
    world.clock.move(1)
    await refused(SESSION_ENDED, world, tokens.token)
    for attempt in (
        world.accounts.refresh_by_bearer(tokens.token),
        world.accounts.refresh_by_token(tokens.refresh_token or ""),
    ):
        with pytest.raises(Fault) as fault:
            await attempt
        assert fault.value.entry in (SESSION_ENDED, REFRESH_TOKEN_INVALID)


async def refused(entry: Entry, world: World, token: str) -> None:
    with pytest.raises(Fault) as fault:
        await world.another.authenticate(token)
    assert fault.value.entry is entry


async def test_refresh_tokens_rotate(world: World) -> None:
    tokens = await world.desk.sign_in.login("admin", PASSWORD)
    for _ in range(3):
        tokens = await world.accounts.refresh_by_token(tokens.refresh_token or "")
    assert await world.another.authenticate(tokens.token)


async def test_a_second_use_ends_the_whole_session(world: World) -> None:
    first = await world.desk.sign_in.login("admin", PASSWORD)
    unconcerned = await world.desk.sign_in.login("admin", PASSWORD)
    second = await world.accounts.refresh_by_token(first.refresh_token or "")
    assert await world.accounts.authenticate(second.token)
    with pytest.raises(Fault) as fault:
        await world.accounts.refresh_by_token(first.refresh_token or "")
    assert fault.value.entry is REFRESH_TOKEN_INVALID
    for accounts in (world.accounts, world.another):
        with pytest.raises(Fault) as fault:
            await accounts.authenticate(second.token)
        assert fault.value.entry is SESSION_ENDED
    with pytest.raises(Fault):
        await world.accounts.refresh_by_token(second.refresh_token or "")
    assert await world.accounts.authenticate(unconcerned.token)


@pytest.mark.parametrize("token", ["", "unknown", "x" * 256, "密"])
async def test_an_unknown_refresh_token_is_refused(token: str, world: World) -> None:
    with pytest.raises(Fault) as fault:
        await world.accounts.refresh_by_token(token)
    assert fault.value.entry is REFRESH_TOKEN_INVALID


async def test_fifty_uses_at_once_have_one_child(world: World) -> None:
    tokens = await world.desk.sign_in.login("admin", PASSWORD)
    children: list[Tokens] = []
    refusals: list[Entry] = []

    async def use(accounts: Accounts) -> None:
        try:
            children.append(await accounts.refresh_by_token(tokens.refresh_token or ""))
        except Fault as fault:
            refusals.append(fault.entry)

    async with anyio.create_task_group() as group:
        for number in range(50):
            group.start_soon(use, (world.accounts, world.another)[number % 2])
    assert len(children) == 1
    assert refusals == [REFRESH_TOKEN_INVALID] * 49
    assert await count(world.database, refresh_tokens) == 2
    # 49 of them were a reuse: the session is over for everybody.
    await refused(SESSION_ENDED, world, children[0].token)


async def test_a_ticket_opens_one_socket_however_many_try(world: World) -> None:
    tokens = await world.desk.sign_in.login("admin", PASSWORD)
    principal = await world.accounts.authenticate(tokens.token)
    tickets = [await world.accounts.socket_ticket(principal) for _ in range(3)]
    opened: list[Principal] = []
    refusals: list[Entry] = []

    async def redeem(accounts: Accounts, ticket: str) -> None:
        try:
            opened.append(await accounts.redeem_ticket(ticket))
        except Fault as fault:
            refusals.append(fault.entry)

    async with anyio.create_task_group() as group:
        for number in range(45):
            accounts = (world.accounts, world.another)[number % 2]
            group.start_soon(redeem, accounts, tickets[number % 3].ticket)
    assert opened == [principal] * 3
    assert refusals == [TICKET_INVALID] * 42


async def test_a_ticket_holds_for_thirty_seconds_and_for_its_session(world: World) -> None:
    tokens = await world.desk.sign_in.login("admin", PASSWORD)
    principal = await world.accounts.authenticate(tokens.token)
    late, good, orphan = [await world.accounts.socket_ticket(principal) for _ in range(3)]
    assert late.expires_in == 30
    world.clock.move(29)
    assert await world.accounts.redeem_ticket(good.ticket) == principal
    async with world.database.write() as connection:
        await AccountStore(connection).end_session(principal.session, now=world.clock())
    with pytest.raises(Fault) as fault:
        await world.accounts.redeem_ticket(orphan.ticket)
    assert fault.value.entry is SESSION_ENDED
    world.clock.move(1)
    with pytest.raises(Fault) as fault:
        await world.accounts.redeem_ticket(late.ticket)
    assert fault.value.entry is TICKET_INVALID


async def test_the_sweep_forgets_what_has_expired_and_nothing_else(world: World) -> None:
    old = await world.desk.sign_in.login("admin", PASSWORD)
    await world.accounts.socket_ticket(await world.accounts.authenticate(old.token))
    world.clock.move(DAY)
    new = await world.desk.sign_in.login("admin", PASSWORD)
    await world.accounts.socket_ticket(await world.accounts.authenticate(new.token))
    await world.accounts.sweep()
    left = [await count(world.database, table) for table in (sessions, refresh_tokens, socket_tickets, users)]
    assert left == [1, 1, 1, 1]
    assert await world.another.authenticate(new.token)


async def test_a_name_or_an_address_is_one_accounts(world: World) -> None:
    user = User(
        "user_2", "tenant_default", "li", "hash", Role.USER, "li@example.com", created_at=world.clock()
    )
    async with world.database.write() as connection:
        store = AccountStore(connection)
        await store.add_user(user, now=world.clock())
        assert await store.user_named("li") == user
        assert await store.user_named("Li@Example.com") == user
        assert await store.user_named("l%") is None
    again = User("user_3", "tenant_default", "li", "hash", Role.USER)
    with pytest.raises(sa.exc.IntegrityError):
        async with world.database.write() as connection:
            await AccountStore(connection).add_user(again, now=world.clock())
