"""The errors of the client, one class for each kind of failure."""

from collections.abc import Mapping
from typing import Any


class EulerMakerError(Exception):
    """A call that did not succeed, with what the server told about it.

    `code` is the server's stable slug, or the client's own where no answer was had; `status` is the HTTP
    status, None without an answer; `retry_after` is in seconds. `retryable` promises that the same call
    may be sent again without doing its work twice.
    """

    def __init__(
        self,
        code: str,
        title: str,
        *,
        detail: str | None = None,
        status: int | None = None,
        details: Mapping[str, Any] | None = None,
        request_id: str | None = None,
        retryable: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(code, title)
        self.code = code
        self.title = title
        self.detail = detail
        self.status = status
        self.details = dict(details or {})
        self.request_id = request_id
        self.retryable = retryable
        self.retry_after = retry_after
        #: Whether an error monitor has counted it: an error passes through all calls that are open.
        self.counted = False

    def __str__(self) -> str:
        return f"{self.detail or self.title} [{self.code}]"


class InvalidRequest(EulerMakerError):
    """The request itself is wrong; sending it again can't help."""


class Unauthenticated(EulerMakerError):
    """Nobody is signed in, or the token no longer holds."""


class Forbidden(EulerMakerError):
    """The user who is signed in may not do this."""


class NotFound(EulerMakerError):
    """There is no such thing, or it is not visible to this user."""


class Conflict(EulerMakerError):
    """The state of the thing does not allow this."""


class RateLimited(EulerMakerError):
    """Too many requests; `retry_after` tells when to come back."""


class Unsupported(InvalidRequest):
    """This address does not know the method."""


class Unavailable(EulerMakerError):
    """The server, or something that it depends on, is away for now."""


class ServerError(EulerMakerError):
    """The server failed, or answered what no EulerMaker server answers."""


class ConnectionFailed(EulerMakerError):
    """The server could not be reached, or the connection broke."""


class Timeout(EulerMakerError):
    """No answer came in time."""


class Corrupted(EulerMakerError):
    """The bytes received are not the bytes announced."""
