"""RPM repositories: what builds made, published for dnf."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from eulermaker.client.errors import Timeout
from eulermaker.client.models import BuildFault, Record, parse
from eulermaker.client.transport import Transport
from eulermaker.client.wire import Call, segment

_POLL = 0.5  # seconds


class Repository(Record):
    """A repository; readers see `published_revision`. `token` is told once, by `create`."""

    id: str
    name: str
    description: str = ""
    public: bool = False
    signing_required: bool = False
    keep_versions: int
    key_fingerprint: str | None = None
    packages: int
    status: str
    revision: int
    published_revision: int
    published_at: datetime | None = None
    error: BuildFault | None = None
    url: str
    token: str | None = None


class RepositoryPage(Record):
    repositories: tuple[Repository, ...]
    total: int
    limit: int
    offset: int


class Package(Record):
    """A package in a repository; `size` in bytes."""

    file: str
    name: str
    epoch: int | None = None
    version: str
    release: str
    arch: str
    size: int
    sha256: str
    build_id: str
    published_at: datetime


class PackagePage(Record):
    packages: tuple[Package, ...]
    total: int
    limit: int
    offset: int


class Publication(Record):
    """A build's way into a repository: waiting, publishing, published or refused."""

    id: str
    repository: str
    build_id: str
    status: str
    created_at: datetime
    error: BuildFault | None = None


class RepoFile(Record):
    """The file that tells dnf of a repository."""

    name: str
    content: str


class _Token(Record):
    username: str
    token: str


class Repositories:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(
        self,
        name: str,
        *,
        description: str = "",
        public: bool = False,
        signing_required: bool = False,
        keep_versions: int = 5,
        generate_key: bool = False,
    ) -> Repository:
        """Makes a repository; unless it is `public`, dnf reads it with the token that is told here."""
        body = {
            "name": name,
            "description": description,
            "public": public,
            "signing_required": signing_required,
            "keep_versions": keep_versions,
            "generate_key": generate_key,
        }
        return self._repository(Call(method="POST", path="/repositories", json=body))

    def list(self, *, limit: int = 20, offset: int = 0) -> RepositoryPage:
        """One page of the tenant's repositories, by name."""
        params: dict[str, str | int] = {"limit": limit, "offset": offset}
        call = Call(method="GET", path="/repositories", params=params)
        return parse(RepositoryPage, self._transport.data(call))

    def get(self, name: str) -> Repository:
        """Everything about a repository."""
        return self._repository(Call(method="GET", path=_path(name)))

    def change(self, name: str, **changes: Any) -> Repository:
        """Changes description, public, signing_required or keep_versions; what is not given stays."""
        return self._repository(Call(method="PATCH", path=_path(name), json=changes))

    def delete(self, name: str) -> None:
        """Deletes a repository with all its packages."""
        self._transport.data(Call(method="DELETE", path=_path(name)))

    def set_key(self, name: str, *, private_key: str | None = None) -> Repository:
        """Signs with that key from now on, or with one that the server makes."""
        body = {"generate": True} if private_key is None else {"private_key": private_key}
        return self._repository(Call(method="PUT", path=_path(name, "key"), json=body))

    def drop_key(self, name: str) -> None:
        """Signs no more."""
        self._transport.data(Call(method="DELETE", path=_path(name, "key")))

    def renew_token(self, name: str) -> str:
        """A new token for dnf; the old one is worth nothing any more."""
        call = Call(method="POST", path=_path(name, "token"))
        return parse(_Token, self._transport.data(call)).token

    def repo_file(self, name: str) -> RepoFile:
        """The file for /etc/yum.repos.d; where dnf needs the token, that is left out."""
        return parse(RepoFile, self._transport.data(Call(method="GET", path=_path(name, "repo-file"))))

    def packages(self, name: str, *, limit: int = 20, offset: int = 0) -> PackagePage:
        """One page of packages, by file."""
        params: dict[str, str | int] = {"limit": limit, "offset": offset}
        call = Call(method="GET", path=_path(name, "packages"), params=params)
        return parse(PackagePage, self._transport.data(call))

    def publish(self, name: str, build_id: str, *, artifacts: Sequence[str] = ()) -> Publication:
        """Publishes the named artifacts of a build, else all of its RPMs; readers see them a moment later."""
        body: dict[str, Any] = {"build_id": build_id}
        if artifacts:
            body["artifacts"] = list(artifacts)
        call = Call(method="POST", path=_path(name, "packages"), json=body)
        return parse(Publication, self._transport.data(call))

    def unpublish(self, name: str, file: str) -> None:
        """Removes a package."""
        self._transport.data(Call(method="DELETE", path=_path(name, "packages", segment(file))))

    def wait(self, name: str, *, timeout: float) -> Repository:
        """The repository once readers see it as it is, or once that failed; Timeout after so many seconds."""
        retry = self._transport.retry
        deadline = retry.clock() + timeout
        while (found := self.get(name)).status == "publishing":
            if retry.clock() + _POLL > deadline:
                raise Timeout("repository-not-published", f"Repository {name} is still being published")
            retry.sleep(_POLL)
        return found

    def _repository(self, call: Call) -> Repository:
        return parse(Repository, self._transport.data(call))


def _path(name: str, *parts: str) -> str:
    return "/".join(("/repositories", segment(name), *parts))
