"""Users of every role, put into the database by the product's own store."""

from collections.abc import Iterator
from contextlib import contextmanager

import anyio
import httpx

from eulermaker.features.accounts.passwords import Passwords
from eulermaker.features.accounts.service import DEFAULT_TENANT
from eulermaker.features.accounts.store import AccountStore, User
from eulermaker.features.accounts.tables import users
from eulermaker.kernel.call import Role
from eulermaker.kernel.clock import utc_now
from eulermaker.kernel.database import Database
from eulermaker.kernel.ids import new_id
from tests.server import PASSWORD, ServerProcess


def database_url(server: ServerProcess) -> str:
    """The database that the server uses."""
    default = f"sqlite+aiosqlite:///{server.data_dir / 'eulermaker.db'}"
    return server.environment.get("EULERMAKER_DATABASE_URL", default)


def add_user(
    server: ServerProcess, username: str, role: Role, *, tenant: str = DEFAULT_TENANT, email: str
) -> None:
    """Add an account with the password of all test accounts."""
    anyio.run(_add, database_url(server), username, role, tenant, email)


async def _add(url: str, username: str, role: Role, tenant: str, email: str) -> None:
    database = Database(url)
    user = User(new_id("user"), tenant, username, await Passwords().hash(PASSWORD), role)
    async with database.write() as connection:
        await AccountStore(connection).add_user(user, now=utc_now())
        await connection.execute(users.update().where(users.c.id == user.id).values(email=email))
    await database.close()


@contextmanager
def signed_in(server: ServerProcess, username: str) -> Iterator[httpx.Client]:
    """A client signed in as that user; answers come in English."""
    with server.client(language="en") as client:
        answer = client.post("/api/v1/auth/login", json={"username": username, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        client.headers["Authorization"] = f"Bearer {answer.json()['data']['token']}"
        yield client
