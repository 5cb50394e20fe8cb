"""Which repositories there are for a caller, and what the caller may do with them."""

from eulermaker.features.repositories.faults import REPOSITORY_NOT_FOUND, REPOSITORY_UNSIGNED
from eulermaker.features.repositories.rules import is_name
from eulermaker.features.repositories.store import Repository, RepositoryStore
from eulermaker.kernel.call import Call, Permission
from eulermaker.kernel.database import Database
from eulermaker.kernel.faults import Fault


class Directory:
    """Finds repositories: all people of a tenant see its repositories, their owners change them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def named(self, name: str) -> Repository | None:
        """The repository of that name, whoever asks."""
        if not is_name(name):
            return None  # It is not looked up: a database may refuse it as text.
        async with self._database.read() as connection:
            return await RepositoryStore(connection).named(name)

    async def readable(self, call: Call, name: str) -> Repository:
        """The repository; raises `repository-not-found`, also for those of other tenants."""
        call.require(Permission.REPOSITORIES_READ)
        found = await self.named(name)
        if found is None or found.tenant_id != call.principal.tenant:
            raise missing(name)
        return found

    async def writable(self, call: Call, name: str) -> Repository:
        """The repository, if the caller may change it; raises `repository-not-found` and `forbidden`."""
        found = await self.readable(call, name)
        call.require(Permission.REPOSITORIES_WRITE)
        if found.owner_id != call.principal.user:
            call.require(Permission.REPOSITORIES_WRITE_ALL)
        return found


def missing(name: str) -> Fault:
    """The fault that there is no such repository."""
    details = {"repository": name, "resource_type": "repository"}
    return REPOSITORY_NOT_FOUND(repository=name, details=details)


def require_signed(repository: Repository) -> None:
    """Raise `repository-unsigned` when what is published there could not be signed, and must be."""
    if repository.signing_required and repository.key_sealed is None:
        details = {"repository": repository.name, "resource_type": "repository"}
        raise REPOSITORY_UNSIGNED(repository=repository.name, details=details)
