"""Accounts under administration: who may change whom, and what ends with it."""

from collections.abc import Awaitable, Callable
from functools import partial

import anyio
import pytest

from eulermaker.features.accounts.faults import (
    ACCOUNT_SUSPENDED,
    EMAIL_TAKEN,
    KEY_INVALID,
    LAST_ROOT,
    READ_ONLY_ACCOUNT,
    REFRESH_TOKEN_INVALID,
    ROOT_ONLY,
    SESSION_ENDED,
    USER_NOT_FOUND,
    USERNAME_TAKEN,
)
from eulermaker.features.accounts.matrix import Settings, delivered
from eulermaker.features.accounts.users import Draft
from eulermaker.kernel.call import FORBIDDEN, Permission, Role
from eulermaker.kernel.faults import INVALID_REQUEST, Entry, Fault
from eulermaker.kernel.paging import Page
from tests.features.accounts.conftest import PASSWORD, World
from tests.features.accounts.people import ADMIN, Person, add, person, signed_in
from tests.features.accounts.test_second_factor import outcomes, refused

pytestmark = pytest.mark.anyio
PAGE = Page(50, 0)

Ending = Callable[[World, Person, Person], Awaitable[object]]


async def _password(world: World, root: Person, li: Person) -> None:
    del root
    await world.desk.users.change_password(li.call, current=PASSWORD, new="another password")


async def _administered(world: World, root: Person, li: Person) -> None:
    await world.desk.users.change(root.call, li.user.id, password="another password")


async def _suspended(world: World, root: Person, li: Person) -> None:
    await world.desk.users.suspend(root.call, li.user.id, reason="left")


async def _deleted(world: World, root: Person, li: Person) -> None:
    await world.desk.users.delete(root.call, li.user.id)


@pytest.mark.parametrize(
    ("end", "entry", "of_key"),
    [
        (_password, SESSION_ENDED, KEY_INVALID),
        (_administered, SESSION_ENDED, KEY_INVALID),
        (_suspended, ACCOUNT_SUSPENDED, ACCOUNT_SUSPENDED),
        (_deleted, SESSION_ENDED, KEY_INVALID),
    ],
)
async def test_all_that_one_holds_ends_at_once(
    end: Ending, entry: Entry, of_key: Entry, world: World
) -> None:
    li, root = await person(world, "li"), await signed_in(world.desk, ADMIN)
    elsewhere = await signed_in(world.other_desk, "li")
    key = (await world.desk.keys.create(li.call, name="ci")).secret
    # Both processes know them all by heart.
    for accounts in (world.accounts, world.another):
        for token in (li.token, elsewhere.token, key):
            await accounts.authenticate(token)
    await end(world, root, li)
    await world.another.look()
    for accounts in (world.accounts, world.another):
        for token in (li.token, elsewhere.token):
            await refused(entry, accounts.authenticate(token))
        await refused(of_key, accounts.authenticate(key))
        await refused(REFRESH_TOKEN_INVALID, accounts.refresh_by_token(elsewhere.refresh_token))
    assert await world.accounts.authenticate(root.token)


async def test_a_resumed_account_signs_in_anew(world: World) -> None:
    li, root = await person(world, "li"), await signed_in(world.desk, ADMIN)
    await world.desk.users.suspend(root.call, li.user.id, reason="holiday")
    fault = await refused(ACCOUNT_SUSPENDED, world.desk.sign_in.login("li", PASSWORD))
    assert fault.details["reason"] == "holiday"
    await world.desk.users.resume(root.call, li.user.id)
    await refused(SESSION_ENDED, world.accounts.authenticate(li.token))
    assert (await world.desk.sign_in.login("li", PASSWORD)).token


async def test_the_last_root_cannot_be_lost(world: World) -> None:
    root = await signed_in(world.desk, ADMIN)
    users, me = world.desk.users, root.user.id
    await refused(LAST_ROOT, users.set_role(root.call, me, Role.ADMIN))
    await refused(LAST_ROOT, users.suspend(root.call, me))
    await refused(LAST_ROOT, users.delete(root.call, me))
    other = await person(world, "other", Role.ROOT)
    await users.suspend(root.call, other.user.id)
    await refused(LAST_ROOT, users.delete(root.call, me))


async def test_two_roots_who_remove_each_other_leave_one(world: World) -> None:
    one, two = await signed_in(world.desk, ADMIN), await person(world, "other", Role.ROOT)
    told = await outcomes(
        [
            lambda: world.desk.users.set_role(one.call, two.user.id, Role.USER),
            lambda: world.other_desk.users.set_role(two.call, one.user.id, Role.USER),
        ]
    )
    assert told["ok"] == 1, told
    total, roots = await world.desk.users.list(one.call, PAGE, role=Role.ROOT)
    assert (total, len(roots)) == (1, 1)


async def test_who_is_not_root_touches_no_root(world: World) -> None:
    boss, root = await person(world, "boss", Role.ADMIN), await signed_in(world.desk, ADMIN)
    users = world.desk.users
    await refused(ROOT_ONLY, users.create(boss.call, Draft("fresh", None, PASSWORD, Role.ROOT)))
    await refused(ROOT_ONLY, users.set_role(boss.call, boss.user.id, Role.ROOT))
    for attempt in (
        users.set_role(boss.call, root.user.id, Role.USER),
        users.suspend(boss.call, root.user.id),
        users.delete(boss.call, root.user.id),
        users.change(boss.call, root.user.id, password="another password"),
        users.reset_second_factor(boss.call, root.user.id),
    ):
        await refused(ROOT_ONLY, attempt)


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.USER, Role.READONLY])
async def test_only_administrators_change_accounts(role: Role, world: World) -> None:
    who, other = await person(world, "who", role), await add(world, "other")
    users = world.desk.users
    entry = READ_ONLY_ACCOUNT if role is Role.READONLY else FORBIDDEN
    for attempt in (
        users.create(who.call, Draft("fresh", None, PASSWORD)),
        users.set_role(who.call, who.user.id, Role.ADMIN),
        users.suspend(who.call, other.id),
        users.resume(who.call, other.id),
        users.delete(who.call, other.id),
        users.change(who.call, other.id, username="else"),
    ):
        await refused(entry, attempt)
    await refused(FORBIDDEN, users.list(who.call, PAGE))
    await refused(FORBIDDEN, users.read(who.call, other.id))
    assert (await users.read(who.call, who.user.id)).username == "who"


async def test_names_and_addresses_are_one_accounts(world: World) -> None:
    root = await signed_in(world.desk, ADMIN)
    users = world.desk.users
    li = await users.create(root.call, Draft("li1", "li@example.org", PASSWORD))
    for name in ("li1", "lil", "LI1"):
        await refused(USERNAME_TAKEN, users.create(root.call, Draft(name, None, PASSWORD)))
    await refused(EMAIL_TAKEN, users.create(root.call, Draft("other", "li@example.org", PASSWORD)))
    other = await users.create(root.call, Draft("other", None, PASSWORD))
    await refused(USERNAME_TAKEN, users.change(root.call, other.id, username="lil"))
    await refused(EMAIL_TAKEN, users.change(root.call, other.id, email="li@example.org"))
    assert (await users.change(root.call, li.id, username="li.1", email="l@example.org")).username == "li.1"
    await refused(USER_NOT_FOUND, users.change(root.call, "user_none", username="x"))


async def test_fifty_accounts_of_one_name_at_once_are_one(world: World) -> None:
    root = await signed_in(world.desk, ADMIN)
    desks = (world.desk, world.other_desk)
    told = await outcomes(
        [
            partial(desks[number % 2].users.create, root.call, Draft("same", None, None))
            for number in range(50)
        ]
    )
    assert told == {"ok": 1, "username-taken": 49}


@pytest.mark.parametrize("password", ["aaaaaaaaaa", "li-the-first", "LI@example.org"])
async def test_passwords_that_are_guessed_at_once_are_refused(password: str, world: World) -> None:
    root = await signed_in(world.desk, ADMIN)
    draft = Draft("li-the-first", "li@example.org", password)
    await refused(INVALID_REQUEST, world.desk.users.create(root.call, draft))


async def test_the_matrix_changes_what_roles_may_do_at_once(world: World) -> None:
    root, li = await signed_in(world.desk, ADMIN), await person(world, "li")
    assert not li.call.principal.may(Permission.IMAGES_WRITE)
    wanted = {Permission.IMAGES_WRITE: {Role.USER: True}, Permission.BUILDS_WRITE: {Role.USER: False}}
    written = await world.desk.accounts.matrix.write(root.call, Settings(0, {**delivered(), **wanted}))
    assert written.version == 1
    await world.another.look()
    for accounts in (world.accounts, world.another):
        now = await accounts.authenticate(li.token)
        assert now.may(Permission.IMAGES_WRITE)
        assert not now.may(Permission.BUILDS_WRITE)


async def test_of_fifty_settings_written_at_once_one_is(world: World) -> None:
    root = await signed_in(world.desk, ADMIN)
    matrices = (world.accounts.matrix, world.another.matrix)
    for version in (0, 1):
        told = await outcomes(
            [
                partial(matrices[number % 2].write, root.call, Settings(version, delivered()))
                for number in range(50)
            ]
        )
        assert told == {"ok": 1, "settings-conflict": 49}


async def test_the_matrix_locks_nobody_out_and_lets_no_guest_write(world: World) -> None:
    root = await signed_in(world.desk, ADMIN)
    for matrix in (
        {Permission.USERS_WRITE: {Role.ROOT: False}},
        {Permission.BUILDS_WRITE: {Role.READONLY: True}},
        {Permission.TERMINALS_USE: {Role.READONLY: True}},
    ):
        await refused(INVALID_REQUEST, world.accounts.matrix.write(root.call, Settings(0, matrix)))
    li = await person(world, "li")
    await refused(FORBIDDEN, world.accounts.matrix.write(li.call, Settings(0, delivered())))


async def test_lists_are_searched_and_paged(world: World) -> None:
    root = await signed_in(world.desk, ADMIN)
    for name in ("anna", "bert", "berta", "li"):
        await add(world, name, email=f"{name}@example.org")
    total, found = await world.desk.users.list(root.call, PAGE, search="BERT")
    assert (total, [user.username for user in found]) == (2, ["bert", "berta"])
    assert (await world.desk.users.list(root.call, PAGE, search="%"))[0] == 0
    figures = await world.desk.users.metrics(root.call)
    assert (figures["total"], figures["active"], figures["role_root"], figures["role_user"]) == (5, 5, 1, 4)


async def test_a_fault_in_the_middle_leaves_nothing(world: World) -> None:
    root = await signed_in(world.desk, ADMIN)
    with pytest.raises(Fault):
        await world.desk.users.create(root.call, Draft("admin", "a@example.org", PASSWORD))
    assert (await world.desk.users.list(root.call, PAGE))[0] == 1
    with anyio.fail_after(30):
        assert await world.another.authenticate(root.token)
