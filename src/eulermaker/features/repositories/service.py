"""What the rest of the program may ask about repositories."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anyio import to_thread
from sqlalchemy.exc import IntegrityError

from eulermaker.features.audit.service import Audit
from eulermaker.features.builds.service import Builds
from eulermaker.features.repositories.directory import Directory, missing, require_signed
from eulermaker.features.repositories.faults import (
    PACKAGE_NOT_FOUND,
    REPOSITORY_FILE_NOT_FOUND,
    REPOSITORY_NAME_TAKEN,
    TOO_MANY_REPOSITORIES,
)
from eulermaker.features.repositories.files import RepositoryFiles
from eulermaker.features.repositories.intake import Intake
from eulermaker.features.repositories.promises import require_publishable
from eulermaker.features.repositories.publisher import Publisher
from eulermaker.features.repositories.rules import is_file, superseded
from eulermaker.features.repositories.schemas import NewKey, NewRepository, RepositoryChanges
from eulermaker.features.repositories.signing import Signing
from eulermaker.features.repositories.store import Package, Publication, Repository, RepositoryStore
from eulermaker.features.repositories.tools import METADATA, PACKAGES, Tools
from eulermaker.features.repositories.vault import Vault, token_hash
from eulermaker.kernel.call import Call, Permission
from eulermaker.kernel.clock import Clock
from eulermaker.kernel.database import Database
from eulermaker.kernel.faults import Fault
from eulermaker.kernel.ids import new_id, new_secret
from eulermaker.kernel.paging import Page


@dataclass(frozen=True, slots=True)
class Condition:
    """Whether this installation can publish, and whether it has anything to publish."""

    used: bool
    lack: Fault | None


class Repositories:
    """Make, fill, sign, read and delete repositories."""

    def __init__(
        self,
        database: Database,
        builds: Builds,
        files: RepositoryFiles,
        intake: Intake,
        publisher: Publisher,
        tools: Tools,
        signing: Signing,
        vault: Vault,
        audit: Audit,
        *,
        node: str,
        max_per_user: int,
        clock: Clock,
    ) -> None:
        self._database = database
        self._builds = builds
        self._files = files
        self._intake = intake
        self._publisher = publisher
        self._tools = tools
        self._signing = signing
        self._vault = vault
        self._audit = audit
        self._node = node
        self._max_per_user = max_per_user
        self._clock = clock
        self.directory = Directory(database)

    async def create(self, call: Call, wanted: NewRepository) -> tuple[Repository, str]:
        """Make an empty repository of the caller's; tells also the token that reads it.

        Raises `repository-name-taken`, `too-many-repositories` and, with `generate_key`,
        `repository-tool-missing`.
        """
        call.require(Permission.REPOSITORIES_WRITE)
        identifier, token = new_id("repository"), new_secret()
        values: dict[str, Any] = {}
        if wanted.generate_key:
            values = await self._key_values(identifier, wanted.name, NewKey(generate=True))
        made = Repository(
            id=identifier,
            tenant_id=call.principal.tenant,
            owner_id=call.principal.user,
            node=self._node,
            created_at=self._clock(),
            token_hash=token_hash(token),
            # Published while it is empty, so that dnf finds it as soon as it is told of it.
            revision=1,
            **wanted.model_dump(exclude={"generate_key"}),
            **values,
        )
        try:
            async with self._database.write() as connection:
                store = RepositoryStore(connection)
                if await store.count_of(made.owner_id) >= self._max_per_user:
                    details = {"limit": self._max_per_user, "resource_type": "repository"}
                    raise TOO_MANY_REPOSITORIES(limit=self._max_per_user, details=details)
                await store.add(made)
        except IntegrityError as error:
            details = {"repository": wanted.name, "resource_type": "repository"}
            raise REPOSITORY_NAME_TAKEN(repository=wanted.name, details=details) from error
        await self._note(call, "repository.create", made)
        self._publisher.nudge()
        return made, token

    async def page(self, call: Call, page: Page) -> tuple[Sequence[tuple[Repository, int]], int]:
        """The tenant's repositories by name, each with the number of its packages, and how many there are."""
        call.require(Permission.REPOSITORIES_READ)
        async with self._database.read() as connection:
            return await RepositoryStore(connection).page(call.principal.tenant, page)

    async def get(self, call: Call, name: str) -> tuple[Repository, int]:
        """The repository and the number of its packages; raises `repository-not-found`."""
        found = await self.directory.readable(call, name)
        async with self._database.read() as connection:
            return found, await RepositoryStore(connection).count_packages(found.id)

    async def change(self, call: Call, name: str, wanted: RepositoryChanges) -> None:
        """Change a repository; fewer versions to keep are kept from now on.

        Raises `repository-not-found`, and `repository-unsigned` when signatures are to be required of
        one that has packages and no key.
        """
        known, values = await self.directory.writable(call, name), wanted.model_dump(exclude_none=True)
        async with self._database.write() as connection:
            store = RepositoryStore(connection)
            if values:
                await store.change(known.id, **values)
            changed = await store.locked(known.id)
            if changed is None:
                raise missing(name)
            packages = await store.packages_of(known.id)
            if packages:
                require_signed(changed)
            gone = superseded(packages, keep=changed.keep_versions)
            if gone:
                await store.remove_packages(known.id, [package.file for package in gone])
                await store.revise(known.id)
        await self._note(call, "repository.update", known, **values)
        self._publisher.nudge()

    async def delete(self, call: Call, name: str) -> None:
        """Delete a repository with all its packages; once this returns nobody is served from it."""
        known = await self.directory.writable(call, name)
        async with self._database.write() as connection:
            if not await RepositoryStore(connection).change(known.id, deleted_at=self._clock()):
                raise missing(name)
        await self._note(call, "repository.delete", known)
        await self._publisher.remove(known)

    async def set_key(self, call: Call, name: str, wanted: NewKey) -> None:
        """Sign with that key from now on, what is published already included.

        Raises `repository-not-found`, `repository-tool-missing`, and InvalidFields for a text that is
        no key to sign with.
        """
        known = await self.directory.writable(call, name)
        values = await self._key_values(known.id, name, wanted)
        await self._revise(known, **values)
        await self._note(call, "repository.key.set", known, fingerprint=values["key_fingerprint"])

    async def drop_key(self, call: Call, name: str) -> None:
        """Sign no more; raises `repository-unsigned` where signatures are required."""
        known = await self.directory.writable(call, name)
        nothing = {"key_sealed": None, "key_public": None, "key_fingerprint": None}
        async with self._database.write() as connection:
            store = RepositoryStore(connection)
            await store.revise(known.id, **nothing)
            changed = await store.locked(known.id)
            if changed is None:
                raise missing(name)
            require_signed(changed)
        await self._note(call, "repository.key.drop", known)
        self._publisher.nudge()

    async def renew_token(self, call: Call, name: str) -> str:
        """A new token that reads the repository; the old one is worth nothing any more."""
        known = await self.directory.writable(call, name)
        token = new_secret()
        async with self._database.write() as connection:
            if not await RepositoryStore(connection).change(known.id, token_hash=token_hash(token)):
                raise missing(name)
        await self._note(call, "repository.token.renew", known)
        return token

    async def publish(
        self, call: Call, name: str, build: str, *, artifacts: Sequence[str] | None
    ) -> tuple[Publication, Repository]:
        """Publish what a build made, or the named artifacts of it; readers see it a moment later.

        Raises `build-not-found`, `build-not-publishable`, `build-is-draft`, `artifact-not-found`,
        `nothing-to-publish`, `repository-not-found`, `repository-unsigned`,
        `package-published-already`, `package-differs`, `package-outdated`, `repository-full` and
        `repository-tool-missing`.
        """
        await self._builds.get(call, build)
        repository = await self.directory.writable(call, name)
        for artifact in artifacts or ():
            await self._builds.artifact(call, build, artifact)
        require_publishable(repository, self._tools)
        wanted = Publication(
            id=new_id("publication"),
            repository_id=repository.id,
            build_id=build,
            state="waiting",
            requested_by=call.principal.user,
            created_at=self._clock(),
        )
        accepted = await self._intake.accept(repository, wanted, artifacts=artifacts)
        await self._note(call, "repository.publish", repository, build=build)
        self._publisher.nudge()
        return accepted, repository

    async def unpublish(self, call: Call, name: str, file: str) -> None:
        """Remove a package; raises `package-not-found`. Who has begun to read may get it for a while."""
        known = await self.directory.writable(call, name)
        async with self._database.write() as connection:
            store = RepositoryStore(connection)
            removed = await store.remove_packages(known.id, [file]) if is_file(file) else 0
            if not removed:
                details = {"repository": name, "package": file, "resource_type": "package"}
                raise PACKAGE_NOT_FOUND(repository=name, package=file, details=details)
            await store.revise(known.id)
        await self._note(call, "repository.unpublish", known, package=file)
        self._publisher.nudge()

    async def packages(self, call: Call, name: str, page: Page) -> tuple[list[Package], int]:
        """The packages by file, and how many there are."""
        known = await self.directory.readable(call, name)
        async with self._database.read() as connection:
            return await RepositoryStore(connection).package_page(known.id, page)

    async def publications(
        self, call: Call, name: str, page: Page
    ) -> tuple[list[tuple[Publication, Repository]], int]:
        """What was published, is about to be, or was refused, newest first, and how many there are."""
        known = await self.directory.readable(call, name)
        async with self._database.read() as connection:
            return await RepositoryStore(connection).publications_in(known.id, page)

    async def served(self, repository: Repository, folder: str, file: str) -> Path:
        """The file that readers see at an address; raises `repository-file-not-found`."""
        path = None
        if folder in (PACKAGES, METADATA) and is_file(file):
            path = await to_thread.run_sync(self._files.served, repository.id, folder, file)
        if path is None:
            raise no_file(repository, f"{folder}/{file}")
        return path

    async def condition(self) -> Condition:
        """How this installation is placed to publish."""
        async with self._database.read() as connection:
            used = await RepositoryStore(connection).any(self._node)
        return Condition(used, self._tools.missing(signing=True))

    async def _key_values(self, identifier: str, name: str, wanted: NewKey) -> dict[str, Any]:
        if lack := self._tools.missing(signing=True):
            raise lack
        if wanted.private_key is not None:
            key = await self._signing.read(wanted.private_key)
        else:
            key = await self._signing.generated(name=name)
        return {
            "key_sealed": self._vault.seal(identifier, key.private),
            "key_public": key.public,
            "key_fingerprint": key.fingerprint,
        }

    async def _revise(self, repository: Repository, **values: object) -> None:
        async with self._database.write() as connection:
            if await RepositoryStore(connection).revise(repository.id, **values) is None:
                raise missing(repository.name)
        self._publisher.nudge()

    async def _note(self, call: Call, action: str, repository: Repository, **details: Any) -> None:
        await self._audit.record(
            call,
            action,
            resource_type="repository",
            resource_id=repository.id,
            name=repository.name,
            **details,
        )


def no_file(repository: Repository, file: str) -> Fault:
    """The fault that a repository has no such file."""
    details = {"repository": repository.name, "file": file, "resource_type": "file"}
    return REPOSITORY_FILE_NOT_FOUND(repository=repository.name, file=file, details=details)
