"""Fixtures of the API's tests: people of every role, and proof that a refusal left nothing."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

import httpx
import pytest

from eulermaker.kernel.call import Role
from tests.api.people import add_user, signed_in
from tests.api.servers import kept
from tests.server import ServerProcess

Untouched = Callable[[], AbstractContextManager[None]]

PEOPLE = {
    "owner": (Role.USER, "tenant_default"),
    "stranger": (Role.USER, "tenant_default"),
    "readonly": (Role.READONLY, "tenant_default"),
    "operator": (Role.OPERATOR, "tenant_default"),
    "administrator": (Role.ADMIN, "tenant_default"),
    "foreigner": (Role.ROOT, "tenant_other"),
}


@pytest.fixture(scope="session")
def people(shared_server: ServerProcess) -> Iterator[dict[str, httpx.Client]]:
    """A signed-in client for each of PEOPLE, and one that is nobody."""
    with ExitStack() as stack:
        clients = {
            "anonymous": stack.enter_context(shared_server.client(language="en")),
        }
        for name, (role, tenant) in PEOPLE.items():
            add_user(shared_server, name, role, tenant=tenant, email=f"{name}@example.org")
            clients[name] = stack.enter_context(signed_in(shared_server, name))
        yield clients


@pytest.fixture
def anonymous(shared_server: ServerProcess) -> Iterator[httpx.Client]:
    """A client of the shared server that has not signed in and names no language."""
    with shared_server.client() as client:
        yield client


@pytest.fixture
def chinese(admin: httpx.Client) -> httpx.Client:
    """The administrator's client without a wish for a language: answers come in Chinese."""
    del admin.headers["Accept-Language"]
    return admin


@pytest.fixture
def untouched(shared_server: ServerProcess, admin: httpx.Client) -> Untouched:
    """A block after which the shared server has the same rows, directories and images as before."""

    @contextmanager
    def block() -> Iterator[None]:
        before = kept(shared_server, admin)
        yield
        assert kept(shared_server, admin) == before

    return block
