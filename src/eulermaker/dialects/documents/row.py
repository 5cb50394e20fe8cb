"""One row of a family's error reference: a code, its status, and what its document says of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from eulermaker.kernel.faults import Language

JsonType = Literal["string", "integer", "number", "boolean", "array", "object", "moment"]
MOMENT_EXAMPLE = "2026-02-03T12:30:00.000Z"


@dataclass(frozen=True, slots=True)
class Text:
    """The same in both languages."""

    zh: str
    en: str

    def in_language(self, language: Language) -> str:
        """The text in that language."""
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True, slots=True)
class Detail:
    """One documented field of the details: its name, its JSON type and an example of it."""

    name: str
    type: JsonType
    example: Any = MOMENT_EXAMPLE

    @property
    def schema(self) -> dict[str, Any]:
        """The field as JSON schema; what a fault does not know is null."""
        shape: dict[str, Any] = {"type": [self.type, "null"]}
        if self.type == "moment":
            shape = {"type": ["string", "null"], "format": "date-time"}
        return {**shape, "examples": [self.example]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A documented code.

    `label` is what the document calls the row where that is not the code on the wire, `retry_after`
    the seconds after which trying again makes sense, None where it does not.
    """

    code: str
    status: int
    message: str
    meaning: Text
    cause: Text
    remedy: Text
    details: tuple[Detail, ...] = ()
    name: str = ""
    label: str = ""
    retry_after: int | None = None

    @property
    def title(self) -> str:
        """What the document calls the row."""
        return self.label or self.code

    @property
    def example(self) -> Mapping[str, Any]:
        """Details as they may be."""
        return {detail.name: detail.example for detail in self.details}


Pair = tuple[str, str]


def row(
    code: str,
    status: int,
    meaning: Pair,
    cause: Pair,
    remedy: Pair,
    *details: Detail,
    message: str | None = None,
    name: str = "",
    label: str = "",
    retry_after: int | None = None,
) -> Row:
    """A row written down shortly: each pair is Chinese, then English; the message is its Chinese meaning."""
    return Row(
        code=code,
        status=status,
        message=meaning[0] if message is None else message,
        meaning=Text(*meaning),
        cause=Text(*cause),
        remedy=Text(*remedy),
        details=details,
        name=name,
        label=label,
        retry_after=retry_after,
    )
