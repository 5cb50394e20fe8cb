"""All SQL of repositories."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from eulermaker.features.repositories.tables import packages, publications, repositories
from eulermaker.formats.rpm_version import Evr
from eulermaker.kernel.paging import Page

#: Of one build.
MAX_PUBLICATIONS = 200


@dataclass(frozen=True, slots=True)
class Repository:
    """One repository, as stored."""

    id: str
    tenant_id: str
    owner_id: str
    node: str
    name: str
    description: str
    public: bool
    signing_required: bool
    keep_versions: int
    token_hash: str
    created_at: datetime
    key_sealed: str | None = field(default=None, repr=False)
    key_public: str | None = None
    key_fingerprint: str | None = None
    revision: int = 0
    published: int = 0
    published_at: datetime | None = None
    retry_at: datetime | None = None
    error_slug: str | None = None
    error_facts: dict[str, Any] | None = None
    deleted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Package:
    """A package that belongs to a repository; `file` is its name there."""

    repository_id: str
    file: str
    name: str
    epoch: int | None
    version: str
    release: str
    arch: str
    size: int
    sha256: str
    build_id: str
    published_by: str
    published_at: datetime

    @property
    def evr(self) -> Evr:
        """Its place among the versions."""
        return Evr(self.epoch, self.version, self.release)


PublicationState = Literal["waiting", "accepted", "refused"]


@dataclass(frozen=True, slots=True)
class Publication:
    """A build's way into a repository."""

    id: str
    repository_id: str
    build_id: str
    state: PublicationState
    requested_by: str
    created_at: datetime
    revision: int | None = None
    error_slug: str | None = None
    error_facts: dict[str, Any] | None = None
    ended_at: datetime | None = None


class RepositoryStore:
    """Repositories inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._db = connection

    async def add(self, repository: Repository) -> None:
        """Add a repository; its name must be free."""
        await self._db.execute(repositories.insert().values(asdict(repository)))

    async def named(self, name: str) -> Repository | None:
        """The repository of that name."""
        return await self._one(repositories.c.name == name, repositories.c.deleted_at.is_(None))

    async def locked(self, repository: str) -> Repository | None:
        """The repository of that id; nobody else changes it before the transaction ends."""
        query = repositories.select().where(
            repositories.c.id == repository, repositories.c.deleted_at.is_(None)
        )
        row = (await self._db.execute(query.with_for_update())).first()
        return None if row is None else Repository(**row._mapping)

    async def page(self, tenant: str, page: Page) -> tuple[Sequence[tuple[Repository, int]], int]:
        """Repositories by name, each with the number of its packages, and how many there are."""
        wanted = (repositories.c.tenant_id == tenant, repositories.c.deleted_at.is_(None))
        query = (
            sa.select(repositories, _count().label("packages")).where(*wanted).order_by(repositories.c.name)
        )
        found = await self._db.execute(query.limit(page.limit).offset(page.offset))
        rows = []
        for row in found:
            values = dict(row._mapping)
            number = values.pop("packages")
            rows.append((Repository(**values), number))
        total = await self._db.scalar(sa.select(sa.func.count()).select_from(repositories).where(*wanted))
        return rows, total or 0

    async def count_of(self, owner: str) -> int:
        """How many repositories somebody has."""
        query = sa.select(sa.func.count()).select_from(repositories).where(repositories.c.owner_id == owner)
        return (await self._db.scalar(query)) or 0

    async def any(self, node: str) -> bool:
        """Whether the node has a repository."""
        query = sa.select(repositories.c.id).where(repositories.c.node == node).limit(1)
        return (await self._db.execute(query)).first() is not None

    async def of_node(self, node: str) -> list[Repository]:
        """All repositories of a node, those on their way out among them."""
        query = repositories.select().where(repositories.c.node == node)
        return [Repository(**row._mapping) for row in await self._db.execute(query)]

    async def due(self, node: str, *, now: datetime) -> list[Repository]:
        """The node's repositories that are not what readers see."""
        query = repositories.select().where(
            repositories.c.node == node,
            repositories.c.deleted_at.is_(None),
            repositories.c.revision != repositories.c.published,
            sa.or_(repositories.c.retry_at.is_(None), repositories.c.retry_at <= now),
        )
        found = await self._db.execute(query.order_by(repositories.c.id))
        return [Repository(**row._mapping) for row in found]

    async def change(self, repository: str, **values: Any) -> bool:
        """Change what readers do not see; tells whether there is such a repository."""
        changed = await self._db.execute(
            repositories.update()
            .where(repositories.c.id == repository, repositories.c.deleted_at.is_(None))
            .values(values)
        )
        return changed.rowcount == 1

    async def revise(self, repository: str, **values: Any) -> int | None:
        """Change what readers see; tells the number of the revision that they will see, None without it."""
        revised = await self._db.execute(
            repositories.update()
            .where(repositories.c.id == repository, repositories.c.deleted_at.is_(None))
            .values(
                revision=repositories.c.revision + 1,
                retry_at=None,
                error_slug=None,
                error_facts=None,
                **values,
            )
            .returning(repositories.c.revision)
        )
        number: int | None = revised.scalar_one_or_none()
        return number

    async def remove(self, repository: str) -> None:
        """Forget a repository and all that belongs to it."""
        await self._db.execute(repositories.delete().where(repositories.c.id == repository))

    async def packages_of(self, repository: str) -> list[Package]:
        """All packages, by file."""
        query = packages.select().where(packages.c.repository_id == repository).order_by(packages.c.file)
        return [Package(**row._mapping) for row in await self._db.execute(query)]

    async def package_page(self, repository: str, page: Page) -> tuple[list[Package], int]:
        """Packages by file, and how many there are."""
        query = packages.select().where(packages.c.repository_id == repository).order_by(packages.c.file)
        rows = await self._db.execute(query.limit(page.limit).offset(page.offset))
        return [Package(**row._mapping) for row in rows], await self.count_packages(repository)

    async def count_packages(self, repository: str) -> int:
        """How many packages a repository has."""
        query = sa.select(sa.func.count()).where(packages.c.repository_id == repository)
        return (await self._db.scalar(query)) or 0

    async def add_packages(self, added: Iterable[Package]) -> None:
        """Add packages."""
        await self._db.execute(packages.insert(), [asdict(package) for package in added])

    async def remove_packages(self, repository: str, files: Collection[str]) -> int:
        """Remove packages; tells how many there were."""
        removed = await self._db.execute(
            packages.delete().where(packages.c.repository_id == repository, packages.c.file.in_(files))
        )
        return removed.rowcount

    async def add_publication(self, publication: Publication) -> None:
        """Add a publication."""
        await self._db.execute(publications.insert().values(asdict(publication)))

    async def end_publication(self, publication: str, **values: Any) -> None:
        """Say what became of one that waits."""
        waiting = (publications.c.id == publication, publications.c.state == "waiting")
        await self._db.execute(publications.update().where(*waiting).values(values))

    async def waiting(self, node: str) -> list[tuple[Publication, Repository]]:
        """The publications that wait for the end of their builds, oldest first."""
        query = (
            sa.select(publications, *(column.label(f"r_{column.name}") for column in repositories.c))
            .join(repositories, repositories.c.id == publications.c.repository_id)
            .where(
                publications.c.state == "waiting",
                repositories.c.node == node,
                repositories.c.deleted_at.is_(None),
            )
            .order_by(publications.c.created_at, publications.c.id)
        )
        return [_pair(row) for row in await self._db.execute(query)]

    async def publications_of_build(self, build: str) -> list[tuple[Publication, Repository]]:
        """A build's ways into repositories, oldest first."""
        return (await self._publications(publications.c.build_id == build, Page(limit=MAX_PUBLICATIONS)))[0]

    async def publications_in(
        self, repository: str, page: Page
    ) -> tuple[list[tuple[Publication, Repository]], int]:
        """The publications of a repository, newest first, and how many there are."""
        return await self._publications(publications.c.repository_id == repository, page, newest_first=True)

    async def forget_publications(self, *, before: datetime) -> None:
        """Forget what became of publications that ended before then."""
        await self._db.execute(publications.delete().where(publications.c.ended_at < before))

    async def _one(self, *where: sa.ColumnElement[bool]) -> Repository | None:
        row = (await self._db.execute(repositories.select().where(*where))).first()
        return None if row is None else Repository(**row._mapping)

    async def _publications(
        self, where: sa.ColumnElement[bool], page: Page, *, newest_first: bool = False
    ) -> tuple[list[tuple[Publication, Repository]], int]:
        order = [publications.c.created_at, publications.c.id]
        query = (
            sa.select(publications, *(column.label(f"r_{column.name}") for column in repositories.c))
            .join(repositories, repositories.c.id == publications.c.repository_id)
            .where(where, repositories.c.deleted_at.is_(None))
            .order_by(*([column.desc() for column in order] if newest_first else order))
            .limit(page.limit)
            .offset(page.offset)
        )
        rows = [_pair(row) for row in await self._db.execute(query)]
        total = await self._db.scalar(sa.select(sa.func.count()).select_from(publications).where(where))
        return rows, total or 0


def _count() -> sa.ScalarSelect[int]:
    counting = sa.select(sa.func.count()).select_from(packages)
    return counting.where(packages.c.repository_id == repositories.c.id).scalar_subquery()


def _pair(row: sa.Row[Any]) -> tuple[Publication, Repository]:
    values = row._mapping
    return (
        Publication(**{one.name: values[one.name] for one in fields(Publication)}),
        Repository(**{one.name: values[f"r_{one.name}"] for one in fields(Repository)}),
    )
