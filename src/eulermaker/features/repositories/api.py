"""The routes of repositories: those of the people who keep them, and those that dnf reads."""

from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from eulermaker.dialects.files import file_response, version_of
from eulermaker.dialects.success import Done, Success, done, success
from eulermaker.features.accounts.callers import Callers
from eulermaker.features.repositories.promises import problem_of, status_of
from eulermaker.features.repositories.readers import Readers, password_of
from eulermaker.features.repositories.rules import READER, never_changes, repo_file
from eulermaker.features.repositories.schemas import (
    MadeRepository,
    NewKey,
    NewRepository,
    PackageDetail,
    PackageList,
    PublicationDetail,
    PublicationInRepository,
    PublicationList,
    PublicationOfBuild,
    ReadToken,
    RepoFile,
    RepositoryChanges,
    RepositoryDetail,
    RepositoryList,
)
from eulermaker.features.repositories.service import Repositories, no_file
from eulermaker.features.repositories.store import Publication, Repository
from eulermaker.kernel.call import Call
from eulermaker.kernel.faults import Language
from eulermaker.kernel.paging import DEFAULT_LIMIT, MAX_LIMIT, Page

PREFIX = "/api/v1/repositories"
MADE = {"zh": "软件仓库创建成功", "en": "Repository created"}
CHANGED = {"zh": "软件仓库更新成功", "en": "Repository updated"}
DELETED = {"zh": "软件仓库删除成功", "en": "Repository deleted"}
SIGNED = {"zh": "签名密钥已设置", "en": "Signing key set"}
UNSIGNED = {"zh": "签名密钥已移除", "en": "Signing key removed"}
RENEWED = {"zh": "访问口令已更换", "en": "The token was replaced"}
PUBLISHED = {"zh": "已接受，即将发布", "en": "Accepted; readers will see it in a moment"}
UNPUBLISHED = {"zh": "软件包已移除", "en": "Package removed"}
#: Content-named metadata stays; all else is asked for again, which costs a reader one small answer.
UNCHANGING, CHANGING = "max-age=604800, immutable", "no-cache"

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT)]
Offset = Annotated[int, Query(ge=0, le=2**31 - 1)]


def router(repositories: Repositories, callers: Callers) -> APIRouter:
    """The routes under `/api/v1/repositories`, and the one that publishes a build."""
    routes = APIRouter(tags=["repositories"])
    Caller = Annotated[Call, Depends(callers.of_request)]

    @routes.post(PREFIX, status_code=201, response_model=Success[MadeRepository])
    async def create(call: Caller, request: Request, body: NewRepository) -> Response:
        """Make a repository; its token, with which dnf reads it unless it is public, is told this once."""
        made, token = await repositories.create(call, body)
        shown = {**_shown(request, made, 0, call.language), "token": token}
        return success(MadeRepository.model_validate(shown), message=MADE[call.language], status=201)

    @routes.get(PREFIX, response_model=Success[RepositoryList])
    async def list_repositories(
        call: Caller, request: Request, limit: Limit = DEFAULT_LIMIT, offset: Offset = 0
    ) -> Response:
        """A page of the tenant's repositories, by name."""
        found, total = await repositories.page(call, Page(limit, offset))
        listed = [
            RepositoryDetail.model_validate(_shown(request, one, packages, call.language))
            for one, packages in found
        ]
        return success(RepositoryList(repositories=listed, total=total, limit=limit, offset=offset))

    @routes.get(f"{PREFIX}/{{repository}}", response_model=Success[RepositoryDetail])
    async def detail(call: Caller, request: Request, repository: str) -> Response:
        """One repository."""
        return success(await _detail(call, request, repository))

    @routes.patch(f"{PREFIX}/{{repository}}", response_model=Success[RepositoryDetail])
    async def change(call: Caller, request: Request, repository: str, body: RepositoryChanges) -> Response:
        """Change who may read a repository, whether it must be signed, and how many versions it keeps."""
        await repositories.change(call, repository, body)
        return success(await _detail(call, request, repository), message=CHANGED[call.language])

    @routes.delete(f"{PREFIX}/{{repository}}", response_model=Done)
    async def delete(call: Caller, repository: str) -> Response:
        """Delete a repository with all its packages."""
        await repositories.delete(call, repository)
        return done(DELETED[call.language])

    @routes.put(f"{PREFIX}/{{repository}}/key", response_model=Success[RepositoryDetail])
    async def set_key(call: Caller, request: Request, repository: str, body: NewKey) -> Response:
        """Sign packages and metadata with a key: one that is given, or one that is made here."""
        await repositories.set_key(call, repository, body)
        return success(await _detail(call, request, repository), message=SIGNED[call.language])

    @routes.delete(f"{PREFIX}/{{repository}}/key", response_model=Done)
    async def drop_key(call: Caller, repository: str) -> Response:
        """Sign no more."""
        await repositories.drop_key(call, repository)
        return done(UNSIGNED[call.language])

    @routes.post(f"{PREFIX}/{{repository}}/token", response_model=Success[ReadToken])
    async def renew_token(call: Caller, repository: str) -> Response:
        """Replace the token that dnf reads with; the new one is told this once."""
        token = await repositories.renew_token(call, repository)
        return success(ReadToken(username=READER, token=token), message=RENEWED[call.language])

    @routes.get(f"{PREFIX}/{{repository}}/repo-file", response_model=Success[RepoFile])
    async def show_repo_file(call: Caller, request: Request, repository: str) -> Response:
        """The file that tells dnf of a repository; where it needs a password, that is left out."""
        found = await repositories.directory.readable(call, repository)
        content = _repo_file(request, found, password=None)
        return success(RepoFile(name=f"{found.name}.repo", content=content))

    @routes.get(f"{PREFIX}/{{repository}}/packages", response_model=Success[PackageList])
    async def list_packages(
        call: Caller, repository: str, limit: Limit = DEFAULT_LIMIT, offset: Offset = 0
    ) -> Response:
        """A page of a repository's packages, by file."""
        found, total = await repositories.packages(call, repository, Page(limit, offset))
        listed = [PackageDetail.model_validate(package) for package in found]
        return success(PackageList(packages=listed, total=total, limit=limit, offset=offset))

    @routes.post(
        f"{PREFIX}/{{repository}}/packages", status_code=201, response_model=Success[PublicationDetail]
    )
    async def publish_in(call: Caller, repository: str, body: PublicationInRepository) -> Response:
        """Publish what a build made in a repository."""
        return await _publish(call, repository, body.build_id, body.artifacts)

    @routes.delete(f"{PREFIX}/{{repository}}/packages/{{file}}", response_model=Done)
    async def unpublish(call: Caller, repository: str, file: str) -> Response:
        """Remove a package from a repository."""
        await repositories.unpublish(call, repository, file)
        return done(UNPUBLISHED[call.language])

    @routes.get(f"{PREFIX}/{{repository}}/publications", response_model=Success[PublicationList])
    async def list_publications(
        call: Caller, repository: str, limit: Limit = DEFAULT_LIMIT, offset: Offset = 0
    ) -> Response:
        """A page of what was published in a repository, is about to be, or was refused, newest first."""
        found, total = await repositories.publications(call, repository, Page(limit, offset))
        listed = [_publication(one, its, call.language) for one, its in found]
        return success(PublicationList(publications=listed, total=total, limit=limit, offset=offset))

    @routes.post("/api/v1/builds/{build}/publish", status_code=201, response_model=Success[PublicationDetail])
    async def publish_build(call: Caller, build: str, body: PublicationOfBuild) -> Response:
        """Publish what a build made: the named artifacts, else all of its RPMs."""
        return await _publish(call, body.repository, build, body.artifacts)

    async def _publish(call: Call, repository: str, build: str, artifacts: list[str] | None) -> Response:
        accepted, its = await repositories.publish(call, repository, build, artifacts=artifacts)
        shown = _publication(accepted, its, call.language)
        return success(shown, message=PUBLISHED[call.language], status=201)

    async def _detail(call: Call, request: Request, name: str) -> RepositoryDetail:
        found, packages = await repositories.get(call, name)
        return RepositoryDetail.model_validate(_shown(request, found, packages, call.language))

    return routes


def served_router(repositories: Repositories, readers: Readers) -> APIRouter:
    """What dnf reads, under `/repos`."""
    routes = APIRouter(prefix="/repos", include_in_schema=False)

    @routes.get("/{repository}.repo")
    async def repo(request: Request, repository: str) -> Response:
        """The `.repo` file; the credentials that it was fetched with are in it."""
        found = await readers.let_in(request, repository)
        text = _repo_file(request, found, password=password_of(request))
        return PlainTextResponse(text, headers={"Cache-Control": "no-store"})

    @routes.api_route("/{repository}/RPM-GPG-KEY", methods=["GET", "HEAD"])
    async def key(request: Request, repository: str) -> Response:
        """The public half of the key that signs."""
        found = await readers.let_in(request, repository)
        if found.key_public is None:
            raise no_file(found, "RPM-GPG-KEY")
        headers = {"Cache-Control": CHANGING}
        return Response(found.key_public, media_type="application/pgp-keys", headers=headers)

    @routes.api_route("/{repository}/{folder}/{file}", methods=["GET", "HEAD"])
    async def file(request: Request, repository: str, folder: str, file: str) -> Response:
        """A package or a file of metadata; `Range` gives a part of it."""
        found = await readers.let_in(request, repository)
        path = await repositories.served(found, folder, file)
        return _served(request, found, path, unchanging=never_changes(folder, file))

    return routes


def _repo_file(request: Request, repository: Repository, *, password: str | None) -> str:
    return repo_file(
        repository.name,
        base_url=_url(request, repository),
        description=repository.description,
        signed=repository.key_public is not None,
        public=repository.public,
        password=password,
    )


def _served(request: Request, repository: Repository, path: Path, *, unchanging: bool) -> Response:
    shared = "public" if repository.public else "private"
    headers = {"Cache-Control": f"{shared}, {UNCHANGING if unchanging else CHANGING}"}
    if not repository.public:
        headers["Vary"] = "Authorization"
    return file_response(request, path, version=version_of(path), headers=headers)


def _shown(request: Request, repository: Repository, packages: int, language: Language) -> dict[str, Any]:
    return {
        "id": repository.id,
        "name": repository.name,
        "description": repository.description,
        "public": repository.public,
        "signing_required": repository.signing_required,
        "keep_versions": repository.keep_versions,
        "key_fingerprint": repository.key_fingerprint,
        "owner_id": repository.owner_id,
        "created_at": repository.created_at,
        "packages": packages,
        "status": _status(repository, packages),
        "revision": repository.revision,
        "published_revision": repository.published,
        "published_at": repository.published_at,
        "error": problem_of(repository.error_slug, repository.error_facts, language),
        "url": f"{_url(request, repository)}/",
    }


def _status(repository: Repository, packages: int) -> str:
    if repository.error_slug is not None:
        return "failed"
    if repository.revision != repository.published:
        return "publishing"
    return "published" if packages else "empty"


def _publication(publication: Publication, repository: Repository, language: Language) -> PublicationDetail:
    return PublicationDetail.model_validate(
        {
            "id": publication.id,
            "repository": repository.name,
            "build_id": publication.build_id,
            "status": status_of(publication, repository),
            "created_at": publication.created_at,
            "error": problem_of(publication.error_slug, publication.error_facts, language),
        }
    )


def _url(request: Request, repository: Repository) -> str:
    return f"{request.url.scheme}://{request.url.netloc}/repos/{repository.name}"
