"""Everything that can go wrong and be told to a user: one exception, one catalogue of entries.

A feature declares its entries beside its code and raises them; which body and code a client
sees is decided by the dialects.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from types import MappingProxyType
from typing import Any, Literal, Self

Family = Literal["000", "001", "002", "003", "004"]
#: Who sends ten thousand wrong fields is told of the first ones.
MAX_FIELD_ERRORS = 50
FAMILIES: tuple[Family, ...] = ("000", "001", "002", "003", "004")
Language = Literal["zh", "en"]


class Kind(StrEnum):
    """The closed set of ways a request can fail."""

    INVALID = "invalid"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    LIMITED = "limited"
    UNSUPPORTED = "unsupported"
    UNAVAILABLE = "unavailable"
    TIMEOUT = "timeout"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class Answer:
    """What one family calls a fault: its HTTP status, its code and, in 001, its error name.

    `origin` is "document" when the family's own reference lists the code for this failure.
    """

    status: int
    code: str
    name: str = ""
    origin: Literal["document", "extension"] = "extension"


Answers = Mapping[Family, Answer]


@dataclass(frozen=True, slots=True)
class Entry:
    """One catalogue entry; calling it with facts makes the exception to raise.

    `zh` and `en` are format strings over the facts; `answers` names the families whose code or
    status differs from the default of the kind. A `planned` entry stands for a documented code
    whose feature is still to come.
    """

    slug: str
    kind: Kind
    zh: str
    en: str
    answers: Answers = field(default_factory=lambda: MappingProxyType({}))
    retryable: bool = False
    retry_after: int | None = None
    planned: bool = False

    def __call__(
        self,
        *,
        details: Mapping[str, Any] | None = None,
        retry_after: int | None = None,
        **facts: object,
    ) -> "Fault":
        """The fault of this entry; `facts` fill the sentences, `details` go into the body."""
        return Fault(self, facts, details or {}, retry_after if retry_after is not None else self.retry_after)

    def sentence(self, language: Language, facts: Mapping[str, object]) -> str:
        """The entry's sentence in that language with the facts filled in."""
        return (self.zh if language == "zh" else self.en).format_map(facts)


class Fault(Exception):
    """A failure that is the client's to know: an entry, its facts and its details."""

    def __init__(
        self,
        entry: Entry,
        facts: Mapping[str, object],
        details: Mapping[str, Any],
        retry_after: int | None,
    ) -> None:
        super().__init__(entry.sentence("en", facts))
        self.entry = entry
        self.facts = facts
        self.details = details
        self.retry_after = retry_after

    def message(self, language: Language) -> str:
        """The sentence for the user."""
        return self.entry.sentence(language, self.facts)


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field: its path in the body and a sentence in both languages.

    `location` and `type` follow Pydantic's error list, which 002 shows as it is.
    """

    field: str
    zh: str
    en: str
    location: tuple[str | int, ...] = ()
    type: str = "value_error"

    def sentence(self, language: Language) -> str:
        """The sentence in that language."""
        return self.zh if language == "zh" else self.en


class InvalidFields(Fault):
    """A request whose fields were refused, each with its own reason."""

    def __init__(self, errors: Iterable[FieldError]) -> None:
        self.errors = tuple(islice(errors, MAX_FIELD_ERRORS))
        super().__init__(INVALID_REQUEST, {}, {}, None)

    @classmethod
    def one(cls, field_name: str, *, zh: str, en: str) -> Self:
        """A refusal of a single body field."""
        return cls([FieldError(field_name, zh, en, ("body", field_name))])


class Catalogue:
    """All entries by slug; a slug declared twice is a programming error."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries: dict[str, Entry] = {}
        for entry in entries:
            if entry.slug in self._entries:
                raise ValueError(f"catalogue entry declared twice: {entry.slug}")
            self._entries[entry.slug] = entry

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def __contains__(self, slug: object) -> bool:
        return slug in self._entries

    def __getitem__(self, slug: str) -> Entry:
        return self._entries[slug]


def documented(status: int, code: str, name: str = "") -> Answer:
    """An answer that the family's own document lists."""
    return Answer(status, code, name, "document")


INVALID_REQUEST = Entry(
    "invalid-request",
    Kind.INVALID,
    zh="请求参数验证失败，请按字段提示修改后重试",
    en="The request was refused; correct the fields named in the details and try again",
    # A body that is no JSON is 004's E002, one that its schema refuses is not.
    answers=MappingProxyType({"004": documented(422, "E006")}),
)
MALFORMED_BODY = Entry(
    "malformed-body",
    Kind.INVALID,
    zh="请求体不是有效的 JSON，请检查格式后重试",
    en="The body is not valid JSON; check its syntax and try again",
)
BODY_TOO_LARGE = Entry(
    "body-too-large",
    Kind.INVALID,
    zh="请求体超过 {limit} 字节的上限，请缩小后重试",
    en="The body is larger than {limit} bytes; make it smaller and try again",
)
ROUTE_NOT_FOUND = Entry(
    "route-not-found",
    Kind.NOT_FOUND,
    zh="没有这个地址，请对照 API 文档检查路径",
    en="There is nothing at this address; check the path against the API reference",
)
METHOD_NOT_ALLOWED = Entry(
    "method-not-allowed",
    Kind.UNSUPPORTED,
    zh="此地址不支持该请求方法，允许的方法见 Allow 响应头",
    en="This address does not support the method; the Allow header lists those it does",
)
DATABASE_UNAVAILABLE = Entry(
    "database-unavailable",
    Kind.UNAVAILABLE,
    zh="数据库暂时无法访问，请稍后重试",
    en="The database cannot be reached for now; try again shortly",
    answers=MappingProxyType({"004": documented(500, "E500"), "003": documented(503, "store_unavailable")}),
    retryable=True,
    retry_after=2,
)
SHUTTING_DOWN = Entry(
    "shutting-down",
    Kind.UNAVAILABLE,
    zh="服务正在停止，请稍后重试",
    en="The server is shutting down; try again shortly",
    retryable=True,
    retry_after=5,
)
INTERNAL = Entry(
    "internal",
    Kind.INTERNAL,
    zh="内部服务器错误，请凭请求编号联系管理员",
    en="Something went wrong inside the server; tell the administrator the request id",
)

ENTRIES = (
    INVALID_REQUEST,
    MALFORMED_BODY,
    BODY_TOO_LARGE,
    ROUTE_NOT_FOUND,
    METHOD_NOT_ALLOWED,
    DATABASE_UNAVAILABLE,
    SHUTTING_DOWN,
    INTERNAL,
)
