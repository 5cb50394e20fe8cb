"""The catalogue by family and code: what somebody who was told a code looks up."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from eulermaker.dialects.documents import DOCUMENTS, Row, Text, documented_row
from eulermaker.dialects.render import answer_of_entry
from eulermaker.features.errors.words import CHOSEN_BY_US, KINDS, retry_advice
from eulermaker.kernel.faults import FAMILIES, Answer, Entry, Family


@dataclass(frozen=True, slots=True)
class Code:
    """A family's code with one status, and the faults that are told by it.

    `row` is what the family's document says of it; None where the code or the status is ours.
    """

    answer: Answer
    family: Family
    row: Row | None
    entries: tuple[Entry, ...]

    @property
    def title(self) -> str:
        """What the family's document calls it."""
        return self.row.title if self.row else self.answer.code

    @property
    def message(self) -> str:
        """The message as documented; that of the kind for a code of ours."""
        return self.row.message if self.row else self.meaning.zh

    @property
    def meaning(self) -> Text:
        """What it means, in a line."""
        return self.row.meaning if self.row else KINDS[self.entries[0].kind].meaning

    @property
    def cause(self) -> Text:
        """What makes it happen."""
        return self.row.cause if self.row else CHOSEN_BY_US

    @property
    def remedy(self) -> Text:
        """What to do about it."""
        return self.row.remedy if self.row else KINDS[self.entries[0].kind].remedy

    @property
    def planned(self) -> bool:
        """Whether the features that answer with it are still to come."""
        return all(entry.planned for entry in self.entries)

    @property
    def retryable(self) -> bool:
        """Whether trying again can help, for some of its faults at least."""
        return any(entry.retryable for entry in self.entries)

    @property
    def retry_after(self) -> int | None:
        """The shortest wait in seconds that one of its faults advises."""
        return min((e.retry_after for e in self.entries if e.retryable and e.retry_after), default=None)

    @property
    def advice(self) -> Text:
        """Whether to try again, and when."""
        always = all(entry.retryable for entry in self.entries)
        return retry_advice(retryable=self.retryable, always=always, after=self.retry_after)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which codes are asked for; None asks for all."""

    family: Family | None = None
    status: int | None = None
    retryable: bool | None = None
    planned: bool | None = None

    def admits(self, code: Code) -> bool:
        """Whether the code is one of those."""
        found = (code.family, code.answer.status, code.retryable, code.planned)
        asked = (self.family, self.status, self.retryable, self.planned)
        return all(wanted in (None, had) for wanted, had in zip(asked, found, strict=True))


@dataclass(frozen=True)
class Codes:
    """All codes: by family, those of its document in the document's order, then ours."""

    all: tuple[Code, ...] = field(default=())

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> "Codes":
        """The codes that these entries are told by."""
        known = tuple(entries)
        return cls(tuple(code for family in FAMILIES for code in _of_family(family, known)))

    def __iter__(self) -> Iterator[Code]:
        return iter(self.all)

    def find(self, family: Family, name: str) -> tuple[Code, ...]:
        """The codes of that name, which is one on the wire or a document's; the one that is meant first."""
        found = [
            code for code in self.all if code.family == family and name in (code.title, code.answer.code)
        ]
        return tuple(sorted(found, key=lambda code: (code.title != name, code.row is None)))


def _of_family(family: Family, entries: Iterable[Entry]) -> Iterator[Code]:
    told: dict[tuple[str, int], list[Entry]] = {(row.code, row.status): [] for row in DOCUMENTS[family]}
    answers: dict[tuple[str, int], Answer] = {}
    for entry in entries:
        # What is planned is told in the families that have asked for it.
        if entry.planned and family not in entry.answers:
            continue
        answer = answer_of_entry(entry, family)
        told.setdefault((answer.code, answer.status), []).append(entry)
        answers.setdefault((answer.code, answer.status), answer)
    for key, known in told.items():
        yield Code(answers[key], family, documented_row(family, *key), tuple(known))
