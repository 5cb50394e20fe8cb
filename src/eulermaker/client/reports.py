"""The server's error catalogue, and what it has told its clients."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from eulermaker.client.models import Record, parse
from eulermaker.client.transport import Transport
from eulermaker.client.wire import Call, segment


class Bilingual(Record):
    zh: str
    en: str


class RetryAdvice(Record):
    """Whether trying again can help, after how many seconds, and how."""

    retryable: bool
    after: int | None = None
    advice: Bilingual


class ErrorCode(Record):
    """A code of one family; `errors` are the slugs of the faults that it tells."""

    family: str
    code: str
    label: str
    status: int
    name: str | None = None
    origin: str
    planned: bool
    message: str
    meaning: Bilingual
    cause: Bilingual
    remedy: Bilingual
    retry: RetryAdvice
    details: Mapping[str, Any]
    example: Mapping[str, Any]
    errors: tuple[str, ...]
    url: str


class ErrorCodes(Record):
    errors: tuple[ErrorCode, ...]
    total: int


class ErrorCount(Record):
    """How often a fault was told on a route to a tenant."""

    slug: str
    family: str
    code: str
    status: int
    route: str
    tenant: str
    count: int
    first_seen: datetime
    last_seen: datetime


class ErrorCounts(Record):
    """A page of counts; `occurrences` is the sum over all pages."""

    errors: tuple[ErrorCount, ...]
    total: int
    occurrences: int
    limit: int
    offset: int


class Occurrence(Record):
    """An error that a request was told; `cause` is the class of what was behind it."""

    request_id: str
    slug: str
    family: str
    code: str
    status: int
    method: str
    route: str
    tenant: str
    user: str
    cause: str | None = None
    at: datetime


class Occurrences(Record):
    request_id: str
    occurrences: tuple[Occurrence, ...]


class Errors:
    """`catalogue` and `explain` need nobody; `counts` and `of_request` an administrator."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def catalogue(
        self,
        *,
        family: str | None = None,
        status: int | None = None,
        retryable: bool | None = None,
        planned: bool | None = None,
    ) -> ErrorCodes:
        """The codes that the server documents."""
        asked = {"family": family, "status": status, "retryable": retryable, "planned": planned}
        return parse(ErrorCodes, self._read("/errors", asked))

    def explain(self, family: str, code: str) -> ErrorCode:
        """One code of one family."""
        return parse(ErrorCode, self._read(f"/errors/{segment(family)}/{segment(code)}", {}))

    def counts(
        self,
        *,
        family: str | None = None,
        code: str | None = None,
        slug: str | None = None,
        route: str | None = None,
        limit: int = 20,
        offset: int = 0,
    ) -> ErrorCounts:
        """How often clients were told what, the most frequent first."""
        asked = {"family": family, "code": code, "slug": slug, "route": route}
        return parse(ErrorCounts, self._read("/system/errors", {**asked, "limit": limit, "offset": offset}))

    def of_request(self, request_id: str) -> Occurrences:
        """What one request was told, by the id that its answer carried as X-Request-ID."""
        return parse(Occurrences, self._read(f"/system/errors/requests/{segment(request_id)}", {}))

    def _read(self, path: str, asked: Mapping[str, str | int | bool | None]) -> Any:
        params = {name: _written(value) for name, value in asked.items() if value is not None}
        return self._transport.data(Call(method="GET", path=path, params=params))


def _written(value: str | int | bool) -> str | int:
    return str(value).lower() if isinstance(value, bool) else value
