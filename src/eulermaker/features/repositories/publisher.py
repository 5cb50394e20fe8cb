"""Make readers see what the rows say: one generation after the other, each whole before it is shown."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import anyio
import structlog

from eulermaker.features.builds.service import Builds
from eulermaker.features.repositories.faults import KEY_UNREADABLE
from eulermaker.features.repositories.files import Content, RepositoryFiles, metadata_of
from eulermaker.features.repositories.intake import Intake
from eulermaker.features.repositories.signing import Keyring, Signing
from eulermaker.features.repositories.store import Package, Publication, Repository, RepositoryStore
from eulermaker.features.repositories.tools import REPOMD, ToolFailed, Tools, failed
from eulermaker.features.repositories.vault import Vault
from eulermaker.kernel.clock import Clock
from eulermaker.kernel.database import Database
from eulermaker.kernel.faults import Fault
from eulermaker.kernel.sealing import SealBroken
from eulermaker.kernel.supervise import Nudge, whenever

log = structlog.get_logger("eulermaker.repositories")

PERIOD_SECONDS = 1.0
RETRY = timedelta(seconds=30)
KEPT = timedelta(days=30)
#: So many packages are signed by one process: their names are its arguments.
SIGNED_AT_ONCE = 200


class Publisher:
    """The reconciler of the repositories of one installation."""

    def __init__(
        self,
        database: Database,
        files: RepositoryFiles,
        builds: Builds,
        intake: Intake,
        tools: Tools,
        signing: Signing,
        vault: Vault,
        *,
        node: str,
        seconds: float,
        clock: Clock,
    ) -> None:
        self._database = database
        self._files = files
        self._builds = builds
        self._intake = intake
        self._tools = tools
        self._signing = signing
        self._vault = vault
        self._node = node
        self._seconds = seconds
        self._clock = clock
        self._nudge = Nudge()

    async def run(self) -> None:
        """Service: forget what the last process left half made, then publish what is due."""
        await self._files.forget_half_made()
        self._signing.forget_homes()
        await whenever(self._nudge, PERIOD_SECONDS, self._look)

    def nudge(self) -> None:
        """Look soon."""
        self._nudge.give()

    async def sweep(self) -> None:
        """Finish deletions, and remove what nobody reads any more."""
        # Looked at in this order: a repository has its row before it has a directory.
        kept = await self._files.kept()
        async with self._database.read() as connection:
            found = await RepositoryStore(connection).of_node(self._node)
        for stray in kept - {repository.id for repository in found}:
            await self._files.remove(stray)
        for repository in found:
            if repository.deleted_at is not None:
                await self.remove(repository)
            else:
                await self._tidy(repository)
        async with self._database.write() as connection:
            await RepositoryStore(connection).forget_publications(before=self._clock() - KEPT)

    async def remove(self, repository: Repository) -> None:
        """Finish the deletion of a repository whose row says that it is deleted."""
        await self._files.remove(repository.id)
        async with self._database.write() as connection:
            await RepositoryStore(connection).remove(repository.id)

    async def _look(self) -> bool:
        async with self._database.read() as connection:
            waiting = await RepositoryStore(connection).waiting(self._node)
        states = await self._builds.states({publication.build_id for publication, _ in waiting})
        for publication, repository in waiting:
            state = states.get(publication.build_id)
            if state is None or state.terminal:
                await self._keep_promise(publication, repository)
        async with self._database.read() as connection:
            due = await RepositoryStore(connection).due(self._node, now=self._clock())
        for repository in due:
            await self._publish(repository)
        return bool(due)

    async def _keep_promise(self, publication: Publication, repository: Repository) -> None:
        try:
            await self._intake.accept(repository, publication, promised=True)
        except OSError as error:
            # A full disk is no reason to break the promise: it is looked at again.
            log.warning("repositories.waiting", build=publication.build_id, reason=error.strerror)
        except Fault as fault:
            if fault.entry.retryable:
                raise
            log.warning("repositories.refused", build=publication.build_id, fault=fault.entry.slug)
            async with self._database.write() as connection:
                await RepositoryStore(connection).end_publication(
                    publication.id,
                    state="refused",
                    error_slug=fault.entry.slug,
                    error_facts=dict(fault.facts),
                    ended_at=self._clock(),
                )

    async def _publish(self, repository: Repository) -> None:
        async with self._database.read() as connection:
            packages = await RepositoryStore(connection).packages_of(repository.id)
        try:
            with anyio.fail_after(self._seconds):
                async with self._files.generation(repository.id) as part:
                    await self._assemble(part, repository, packages)
                    await self._files.switch(repository.id, part)
        except (ToolFailed, TimeoutError, OSError, Fault) as error:
            fault = failed(error)
            log.warning("repositories.not_published", repository=repository.name, reason=str(error))
            values = {"error_slug": fault.entry.slug, "error_facts": dict(fault.facts)}
            await self._record(repository, **values, retry_at=self._clock() + RETRY)
        else:
            await self._record(
                repository,
                published=repository.revision,
                published_at=self._clock(),
                error_slug=None,
                error_facts=None,
            )
            log.info("repositories.published", repository=repository.name, revision=repository.revision)
        await self._tidy(repository)

    async def _assemble(self, part: Path, repository: Repository, packages: Sequence[Package]) -> None:
        key = repository.key_fingerprint
        contents = [(package.file, Content(package.sha256, key)) for package in packages]
        if repository.key_sealed is None:
            await self._finish(part, repository, contents)
            return
        assert key is not None
        try:
            private = self._vault.open(repository.id, repository.key_sealed)
        except SealBroken as error:
            raise KEY_UNREADABLE() from error
        async with self._signing.keyring(private, key) as ring:
            await self._sign(repository, ring, [content for _, content in contents])
            await self._finish(part, repository, contents)
            await ring.sign_file(metadata_of(part) / REPOMD)

    async def _finish(self, part: Path, repository: Repository, contents: list[tuple[str, Content]]) -> None:
        await self._files.link(part, repository.id, contents)
        previous = self._files.current(repository.id)
        await self._tools.index(part, previous=previous, revision=repository.revision)

    async def _sign(self, repository: Repository, ring: Keyring, wanted: Sequence[Content]) -> None:
        """Sign what was not signed with this key before."""
        missing = [one for one in wanted if not self._files.pooled(repository.id, one).exists()]
        for at in range(0, len(missing), SIGNED_AT_ONCE):
            batch = missing[at : at + SIGNED_AT_ONCE]
            copies = [
                await self._files.copy_to_sign(repository.id, one, Content(one.sha256)) for one in batch
            ]
            await ring.sign_packages(copies)
            for copy, content in zip(copies, batch, strict=True):
                copy.replace(self._files.pooled(repository.id, content))

    async def _record(self, repository: Repository, **values: object) -> None:
        async with self._database.write() as connection:
            await RepositoryStore(connection).change(repository.id, **values)

    async def _tidy(self, repository: Repository) -> None:
        async with self._database.read() as connection:
            packages = await RepositoryStore(connection).packages_of(repository.id)
        kept = {
            content.file
            for package in packages
            for content in (Content(package.sha256), Content(package.sha256, repository.key_fingerprint))
        }
        await self._files.tidy(repository.id, kept)
