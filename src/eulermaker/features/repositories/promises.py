"""What is promised with a build: that its packages are published once it has succeeded."""

from eulermaker.features.builds.schemas import BuildError, PublicationInfo
from eulermaker.features.repositories.directory import Directory, require_signed
from eulermaker.features.repositories.faults import TOLD_LATER
from eulermaker.features.repositories.schemas import NotPublished
from eulermaker.features.repositories.store import Publication, Repository, RepositoryStore
from eulermaker.features.repositories.tools import Tools
from eulermaker.kernel.call import Call
from eulermaker.kernel.clock import Clock
from eulermaker.kernel.database import Database
from eulermaker.kernel.faults import Language
from eulermaker.kernel.ids import new_id


class Promises:
    """The places that builds can be sent to; a promise is a row before the build is in the queue."""

    def __init__(self, database: Database, tools: Tools, *, clock: Clock) -> None:
        self._database = database
        self._directory = Directory(database)
        self._tools = tools
        self._clock = clock

    async def require(self, call: Call, repository: str) -> None:
        """Raise the fault that publishing there would end in, as far as it is known before the build."""
        require_publishable(await self._directory.writable(call, repository), self._tools)

    async def promise(self, call: Call, build: str, repository: str) -> None:
        """Record that the build is to be published there."""
        found = await self._directory.writable(call, repository)
        promised = Publication(
            id=new_id("publication"),
            repository_id=found.id,
            build_id=build,
            state="waiting",
            requested_by=call.principal.user,
            created_at=self._clock(),
        )
        async with self._database.write() as connection:
            await RepositoryStore(connection).add_publication(promised)

    async def of_build(self, build: str, language: Language) -> list[PublicationInfo]:
        """Where the build is, or will be."""
        async with self._database.read() as connection:
            found = await RepositoryStore(connection).publications_of_build(build)
        return [_info(publication, repository, language) for publication, repository in found]


def require_publishable(repository: Repository, tools: Tools) -> None:
    """Raise `repository-unsigned` or `repository-tool-missing` when nothing can be published there."""
    require_signed(repository)
    if lack := tools.missing(signing=repository.key_sealed is not None):
        raise lack


def status_of(publication: Publication, repository: Repository) -> str:
    """How far a publication has come."""
    match publication.state:
        case "accepted":
            assert publication.revision is not None
            return "published" if repository.published >= publication.revision else "publishing"
        case state:
            return state


def problem_of(slug: str | None, facts: dict[str, object] | None, language: Language) -> NotPublished | None:
    """What went wrong, in the reader's language."""
    if slug is None:
        return None
    return NotPublished(code=slug, message=TOLD_LATER[slug].sentence(language, facts or {}))


def _info(publication: Publication, repository: Repository, language: Language) -> PublicationInfo:
    told = problem_of(publication.error_slug, publication.error_facts, language)
    return PublicationInfo.model_validate(
        {
            "repository": repository.name,
            "status": status_of(publication, repository),
            "error": None if told is None else BuildError(code=told.code, message=told.message),
        }
    )
