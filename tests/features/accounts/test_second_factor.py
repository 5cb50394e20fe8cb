"""The second factor: each code once, misses counted over all challenges, recovery codes."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import anyio
import pytest

from eulermaker.features.accounts import totp
from eulermaker.features.accounts.desk import Desk
from eulermaker.features.accounts.faults import (
    INVALID_MFA_CODE,
    INVALID_MFA_TICKET,
    INVALID_MFA_TOKEN,
    MFA_BROKEN,
    MFA_LOCKED,
    MFA_NOT_ENABLED,
    MFA_REQUIRED,
    READ_ONLY_ACCOUNT,
    SESSION_ENDED,
)
from eulermaker.features.accounts.sign_in import Challenge
from eulermaker.features.accounts.store import AccountStore
from eulermaker.kernel.call import Role
from eulermaker.kernel.faults import Entry, Fault
from tests.features.accounts.conftest import PASSWORD, World
from tests.features.accounts.people import ADMIN, Person, person, signed_in

pytestmark = pytest.mark.anyio


async def refused(entry: Entry, attempt: Awaitable[object]) -> Fault:
    """The fault that an attempt meets, which is of that entry."""
    with pytest.raises(Fault) as fault:
        await attempt
    assert fault.value.entry is entry
    return fault.value


async def outcomes(attempts: Sequence[Callable[[], Awaitable[object]]]) -> Counter[str]:
    """What all of them end with when they are made at once: `ok`, or the fault's slug."""
    told: list[str] = []

    async def make(attempt: Callable[[], Awaitable[object]]) -> None:
        try:
            await attempt()
        except Fault as fault:
            told.append(fault.entry.slug)
        else:
            told.append("ok")

    async with anyio.create_task_group() as group:
        for attempt in attempts:
            group.start_soon(make, attempt)
    return Counter(told)


class Authenticator:
    """Somebody's telephone."""

    def __init__(self, world: World, secret: str) -> None:
        self._world = world
        self._secret = secret

    def code(self) -> str:
        """The code of a step that nobody has seen yet: time goes on."""
        self._world.clock.move(30)
        return totp.code_at(self._secret, totp.step_at(self._world.clock()))

    def wrong(self) -> str:
        """A code of no step that is near."""
        return totp.code_at(self._secret, totp.step_at(self._world.clock()) + 1000)


async def enrolled(world: World, who: Person) -> tuple[Authenticator, list[str]]:
    """An authenticator that is set up for somebody, and their recovery codes."""
    provisioning = await world.desk.second_factor.provision(who.call)
    authenticator = Authenticator(world, provisioning.secret)
    codes = await world.desk.second_factor.enable(
        who.call, token=provisioning.token, code=authenticator.code()
    )
    return authenticator, codes


async def challenge(desk: Desk, name: str = "li") -> Challenge:
    """What a right password is answered with."""
    told = await desk.sign_in.with_password(name, PASSWORD)
    assert isinstance(told, Challenge)
    return told


async def test_a_code_is_asked_for_once_an_authenticator_is_set_up(world: World) -> None:
    li = await person(world, "li")
    authenticator, codes = await enrolled(world, li)
    assert len(set(codes)) == 10
    fault = await refused(MFA_REQUIRED, world.desk.sign_in.login("li", PASSWORD))
    ticket = fault.details["mfa_ticket"]
    assert (await world.desk.sign_in.answer(ticket, authenticator.code())).user.id == li.user.id
    # In one step, as command lines do it.
    assert (await world.desk.sign_in.login("li", PASSWORD, code=authenticator.code())).token
    status = await world.desk.second_factor.status(li.call)
    assert (status.enabled, status.recovery_codes) == (True, 10)


async def test_setting_it_up_ends_the_sessions_without_it(world: World) -> None:
    li = await person(world, "li")
    elsewhere = await signed_in(world.desk, "li")
    await enrolled(world, li)
    assert await world.desk.accounts.authenticate(li.token)
    await refused(SESSION_ENDED, world.desk.accounts.authenticate(elsewhere.token))


async def test_a_code_works_once_even_in_another_challenge(world: World) -> None:
    li = await person(world, "li")
    authenticator, _ = await enrolled(world, li)
    one, other = await challenge(world.desk), await challenge(world.other_desk)
    code = authenticator.code()
    await world.desk.sign_in.answer(one.ticket, code)
    await refused(INVALID_MFA_CODE, world.other_desk.sign_in.answer(other.ticket, code))
    await refused(INVALID_MFA_TICKET, world.desk.sign_in.answer(one.ticket, authenticator.code()))
    # Seeing a used code again is no miss.
    for _ in range(6):
        await refused(INVALID_MFA_CODE, world.desk.sign_in.answer(other.ticket, code))
    assert await world.desk.sign_in.answer(other.ticket, authenticator.code())


async def test_fifty_answers_at_once_open_one_session(world: World) -> None:
    li = await person(world, "li")
    authenticator, recovery = await enrolled(world, li)
    desks = (world.desk, world.other_desk)
    for code in (authenticator.code(), recovery[0]):
        tickets = [await challenge(world.desk) for _ in range(2)]
        attempts = [
            partial(desks[number % 2].sign_in.answer, tickets[number % 2].ticket, code)
            for number in range(50)
        ]
        told = await outcomes(attempts)
        assert told["ok"] == 1, told
        world.clock.move(300)


async def test_five_misses_lock_over_all_challenges_for_five_minutes(world: World) -> None:
    li = await person(world, "li")
    authenticator, _ = await enrolled(world, li)
    for _ in range(4):
        ticket = (await challenge(world.desk)).ticket
        await refused(INVALID_MFA_CODE, world.desk.sign_in.answer(ticket, authenticator.wrong()))
    fifth = (await challenge(world.other_desk)).ticket
    fault = await refused(MFA_LOCKED, world.other_desk.sign_in.answer(fifth, authenticator.wrong()))
    assert fault.details["mfa_token"] == fifth
    assert fault.retry_after == 300
    another = (await challenge(world.desk)).ticket
    await refused(MFA_LOCKED, world.desk.sign_in.answer(another, authenticator.code()))
    world.clock.move(300)
    assert await world.desk.sign_in.answer((await challenge(world.desk)).ticket, authenticator.code())


async def test_a_challenge_holds_for_five_minutes(world: World) -> None:
    li = await person(world, "li")
    authenticator, _ = await enrolled(world, li)
    ticket = (await challenge(world.desk)).ticket
    world.clock.move(270)
    await refused(INVALID_MFA_TICKET, world.desk.sign_in.answer(ticket, authenticator.code()))


async def test_a_recovery_code_replaces_the_authenticator_once(world: World) -> None:
    li = await person(world, "li")
    _, codes = await enrolled(world, li)
    assert (await world.desk.sign_in.login("li", PASSWORD, code=f" {codes[3].upper()} ")).token
    await refused(INVALID_MFA_CODE, world.desk.sign_in.login("li", PASSWORD, code=codes[3]))
    assert (await world.desk.second_factor.status(li.call)).recovery_codes == 9


async def test_disabling_takes_a_code(world: World) -> None:
    li = await person(world, "li")
    authenticator, _ = await enrolled(world, li)
    await refused(INVALID_MFA_CODE, world.desk.second_factor.disable(li.call, code=authenticator.wrong()))
    await world.desk.second_factor.disable(li.call, code=authenticator.code())
    assert (await world.desk.sign_in.login("li", PASSWORD)).token
    await refused(MFA_NOT_ENABLED, world.desk.second_factor.disable(li.call, code="000000"))


async def test_provisioning_is_its_owners_and_ends(world: World) -> None:
    li, wang = await person(world, "li"), await person(world, "wang")
    provisioning = await world.desk.second_factor.provision(li.call)
    code = totp.code_at(provisioning.secret, totp.step_at(world.clock()))
    enable = world.desk.second_factor.enable
    await refused(INVALID_MFA_TOKEN, enable(wang.call, token=provisioning.token, code=code))
    newer = await world.desk.second_factor.provision(li.call)
    await refused(INVALID_MFA_TOKEN, enable(li.call, token=provisioning.token, code=code))
    world.clock.move(600)
    code = totp.code_at(newer.secret, totp.step_at(world.clock()))
    await refused(INVALID_MFA_TOKEN, enable(li.call, token=newer.token, code=code))
    assert newer.qr.startswith("data:image/svg+xml")


async def test_a_read_only_account_can_set_none_up(world: World) -> None:
    guest = await person(world, "guest", Role.READONLY)
    await refused(READ_ONLY_ACCOUNT, world.desk.second_factor.provision(guest.call))


async def test_an_administrator_helps_who_has_lost_everything(world: World) -> None:
    li = await person(world, "li")
    await enrolled(world, li)
    root = await signed_in(world.desk, ADMIN)
    await world.desk.users.reset_second_factor(root.call, li.user.id)
    assert (await world.desk.sign_in.login("li", PASSWORD)).token


async def test_a_secret_that_another_key_sealed_is_told_as_our_fault(world: World) -> None:
    li = await person(world, "li")
    authenticator, _ = await enrolled(world, li)
    async with world.database.write() as connection:
        await AccountStore(connection).change(li.user.id, totp_secret="v1.AAAA")
    await refused(MFA_BROKEN, world.desk.sign_in.login("li", PASSWORD, code=authenticator.code()))
