"""What the dialects share: the rendering of one fault, and the default answer of each kind."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from eulermaker.kernel.faults import Answer, Family, Fault, FieldError, InvalidFields, Kind, Language

Body = dict[str, Any]
Defaults = Mapping[Kind, Answer]


@dataclass(frozen=True, slots=True)
class Rendering:
    """A fault on its way out: what a dialect needs to write its body.

    `answer` is the one of `family`; `stack` is set in development only.
    """

    fault: Fault
    answer: Answer
    language: Language
    timestamp: str
    request_id: str
    trace_id: str
    path: str
    stack: str | None = None
    family: Family = "000"

    @property
    def message(self) -> str:
        """The sentence for the user."""
        return self.fault.message(self.language)

    @property
    def field_errors(self) -> tuple[FieldError, ...]:
        """The refused fields; empty for every other fault."""
        return self.fault.errors if isinstance(self.fault, InvalidFields) else ()

    @property
    def details(self) -> dict[str, Any]:
        """The fault's details, the field errors among them."""
        details = dict(self.fault.details)
        if self.field_errors:
            details["field_errors"] = {e.field: e.sentence(self.language) for e in self.field_errors}
        return details


def camel(name: str) -> str:
    """A detail's name as the families 003 and 004 write names: `retry_at` is `retryAt`."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
