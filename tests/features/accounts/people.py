"""People of the account tests: made by the administrator, signed in, calling."""

from dataclasses import dataclass

from eulermaker.features.accounts.desk import Desk
from eulermaker.features.accounts.store import User
from eulermaker.features.accounts.users import Draft
from eulermaker.kernel.call import Call, Role
from tests.features.accounts.conftest import PASSWORD, World

ADMIN = "admin"


@dataclass(frozen=True)
class Person:
    """Somebody who is signed in."""

    user: User
    call: Call
    token: str
    refresh_token: str


async def signed_in(desk: Desk, name: str, *, code: str | None = None) -> Person:
    """Somebody signs in with the password of all test accounts."""
    tokens = await desk.sign_in.login(name, PASSWORD, code=code)
    principal = await desk.accounts.authenticate(tokens.token)
    call = Call(principal, "en", "192.0.2.1")
    assert tokens.refresh_token is not None
    return Person(await desk.users.me(call), call, tokens.token, tokens.refresh_token)


async def add(world: World, name: str, role: Role = Role.USER, *, email: str | None = None) -> User:
    """The administrator makes an account."""
    root = await signed_in(world.desk, ADMIN)
    return await world.desk.users.create(root.call, Draft(name, email, PASSWORD, role))


async def person(world: World, name: str, role: Role = Role.USER, *, email: str | None = None) -> Person:
    """A new account, signed in."""
    await add(world, name, role, email=email)
    return await signed_in(world.desk, name)
