"""Who may read a repository's files: everybody, whoever has its token, or the tenant's own people."""

import base64
import binascii

from starlette.requests import Request

from eulermaker.features.accounts.callers import Callers
from eulermaker.features.repositories.directory import Directory
from eulermaker.features.repositories.faults import REPOSITORY_LOCKED
from eulermaker.features.repositories.rules import READER
from eulermaker.features.repositories.store import Repository
from eulermaker.features.repositories.vault import fits


class Readers:
    """Lets readers of repositories in."""

    def __init__(self, directory: Directory, callers: Callers) -> None:
        self._directory = directory
        self._callers = callers

    async def let_in(self, request: Request, name: str) -> Repository:
        """The repository that the request may read; raises `repository-locked`, whether it exists or not.

        Who shows an access token of the API is told as everywhere: `repository-not-found`.
        """
        scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            call = await self._callers.of_request(request)
            found = await self._directory.named(name)
            return found if found is not None and found.public else await self._directory.readable(call, name)
        found = await self._directory.named(name)
        if found is None or not (found.public or _opens(found, scheme, credentials)):
            raise REPOSITORY_LOCKED()
        return found


def password_of(request: Request) -> str | None:
    """The password of a Basic Authorization header (RFC 7617)."""
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    given = _basic(credentials) if scheme.lower() == "basic" else None
    return None if given is None else given[1]


def _opens(repository: Repository, scheme: str, credentials: str) -> bool:
    given = _basic(credentials) if scheme.lower() == "basic" else None
    return given is not None and given[0] == READER and fits(repository, given[1])


def _basic(credentials: str) -> tuple[str, str] | None:
    try:
        name, colon, password = base64.b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return (name, password) if colon else None
