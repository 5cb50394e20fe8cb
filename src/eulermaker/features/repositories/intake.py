"""Take what a build made into a repository: first packages into the pool, then all rows at once."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from eulermaker.features.builds.rules import State
from eulermaker.features.builds.service import Builds, Made
from eulermaker.features.repositories.directory import missing, require_signed
from eulermaker.features.repositories.faults import (
    BUILD_IS_DRAFT,
    BUILD_NOT_PUBLISHABLE,
    NOTHING_TO_PUBLISH,
    PACKAGE_DIFFERS,
    PACKAGE_OUTDATED,
    PACKAGE_PUBLISHED_ALREADY,
    REPOSITORY_FULL,
)
from eulermaker.features.repositories.files import Content, RepositoryFiles
from eulermaker.features.repositories.rules import file_of, superseded
from eulermaker.features.repositories.store import Package, Publication, Repository, RepositoryStore
from eulermaker.kernel.clock import Clock
from eulermaker.kernel.database import Database
from eulermaker.kernel.faults import Fault


@dataclass(frozen=True, slots=True)
class _Offered:
    """A package that is to be published, and the file that holds it."""

    package: Package
    path: Path


class Intake:
    """Accepts publications: what is accepted is part of the repository, and readers will see it."""

    def __init__(
        self, database: Database, files: RepositoryFiles, builds: Builds, *, max_packages: int, clock: Clock
    ) -> None:
        self._database = database
        self._files = files
        self._builds = builds
        self._max_packages = max_packages
        self._clock = clock

    async def accept(
        self,
        repository: Repository,
        publication: Publication,
        *,
        artifacts: Collection[str] | None = None,
        promised: bool = False,
    ) -> Publication:
        """Accept what a build made, or the named artifacts of it; a promised publication is there already.

        Raises the fault that tells why not: then nothing has changed.
        """
        made = await self._builds.made_by(publication.build_id)
        if made is None or made.build.state is not State.SUCCESS:
            state = "gone" if made is None else made.build.state.value
            raise _not_publishable(publication.build_id, state)
        if made.draft:
            raise BUILD_IS_DRAFT(build=made.build.id, details=_about_build(made.build.id))
        offered = self._offered(repository, publication, made, artifacts)
        for one in offered:
            try:
                await self._files.take(repository.id, one.path, Content(one.package.sha256))
            except FileNotFoundError as error:
                # The build was deleted at this moment.
                raise _not_publishable(publication.build_id, "gone") from error
        async with self._database.write() as connection:
            store = RepositoryStore(connection)
            current = await store.locked(repository.id)
            if current is None:
                raise missing(repository.name)
            require_signed(current)
            await self._add(store, current, [one.package for one in offered])
            revision = await store.revise(current.id)
            accepted = replace(publication, state="accepted", revision=revision, ended_at=self._clock())
            if promised:
                await store.end_publication(
                    accepted.id, state=accepted.state, revision=revision, ended_at=accepted.ended_at
                )
            else:
                await store.add_publication(accepted)
        return accepted

    async def _add(self, store: RepositoryStore, repository: Repository, added: Sequence[Package]) -> None:
        present = {package.file: package for package in await store.packages_of(repository.id)}
        for package in added:
            if known := present.get(package.file):
                raise _twice(repository, package, known)
            present[package.file] = package
        gone = superseded(present.values(), keep=repository.keep_versions)
        for package in added:
            if package in gone:
                raise PACKAGE_OUTDATED(
                    repository=repository.name,
                    package=package.file,
                    limit=repository.keep_versions,
                    details=_about(repository, package),
                )
        if len(present) - len(gone) > self._max_packages:
            raise REPOSITORY_FULL(
                repository=repository.name,
                limit=self._max_packages,
                details={"repository": repository.name, "limit": self._max_packages},
            )
        await store.remove_packages(repository.id, [package.file for package in gone])
        await store.add_packages(added)

    def _offered(
        self,
        repository: Repository,
        publication: Publication,
        made: Made,
        artifacts: Collection[str] | None,
    ) -> list[_Offered]:
        now = self._clock()
        offered = [
            _Offered(
                Package(
                    repository_id=repository.id,
                    file=file,
                    name=artifact.rpm["name"],
                    epoch=artifact.rpm["epoch"],
                    version=artifact.rpm["version"],
                    release=artifact.rpm["release"],
                    arch=artifact.rpm["arch"],
                    size=artifact.size,
                    sha256=artifact.sha256,
                    build_id=made.build.id,
                    published_by=publication.requested_by,
                    published_at=now,
                ),
                made.folder / artifact.sha256,
            )
            for artifact in made.artifacts
            if artifact.rpm is not None
            and (artifacts is None or artifact.name in artifacts)
            and (file := file_of(artifact.rpm)) is not None
        ]
        if not offered:
            raise NOTHING_TO_PUBLISH(build=made.build.id, details=_about_build(made.build.id))
        return offered


def _twice(repository: Repository, package: Package, known: Package) -> Fault:
    entry = PACKAGE_PUBLISHED_ALREADY if known.sha256 == package.sha256 else PACKAGE_DIFFERS
    return entry(
        repository=repository.name,
        package=package.file,
        build=known.build_id,
        details={**_about(repository, package), "published_from": known.build_id},
    )


def _not_publishable(build: str, state: str) -> Fault:
    return BUILD_NOT_PUBLISHABLE(build=build, state=state, details=_about_build(build, state=state))


def _about(repository: Repository, package: Package) -> dict[str, str]:
    return {"repository": repository.name, "package": package.file, "build_id": package.build_id}


def _about_build(build: str, **more: str) -> dict[str, str]:
    return {"build_id": build, "resource_type": "build", **more}
