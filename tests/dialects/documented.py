"""The rows of the five error references, and the codes that they list, by family."""

import csv
import re
from dataclasses import dataclass
from pathlib import Path

from eulermaker.kernel.faults import FAMILIES, Family

#: What is on the wire where the references describe a row instead of naming its code. 002 documents
#: 422 by its body alone, 003 the conflict of settings by its fields; both texts are ours.
_ON_THE_WIRE = {
    "(validation)": "请求参数无效",
    "(settings conflict)": "settings_conflict",
    "invalid_token (agent)": "invalid_token",
}


@dataclass(frozen=True)
class DocumentedRow:
    """One row: what the reference calls it, its status, its message and the fields that come with it."""

    family: Family
    title: str
    status: int
    message: str
    fields: tuple[str, ...]

    @property
    def code(self) -> str:
        """The code on the wire."""
        return _ON_THE_WIRE.get(self.title, self.title)


def _read() -> list[DocumentedRow]:
    with Path(__file__).with_name("errors.csv").open(newline="") as file:
        return [
            DocumentedRow(
                family=next(family for family in FAMILIES if family == line["family"]),
                title=line["code"],
                status=int(line["status"]),
                message=line["message"],
                fields=_fields(line["details"]),
            )
            for line in csv.DictReader(file)
        ]


def _fields(written: str) -> tuple[str, ...]:
    """The names in `limit, remaining` or `errors[{field, message}]`, without remarks."""
    outermost = re.sub(r"\(.*?\)|\[.*?\]|\{.*?\}", "", written)
    return tuple(name for name in re.split(r"[,\s]+", outermost) if name)


ROWS = _read()
DOCUMENTED: dict[Family, set[tuple[str, int]]] = {
    family: {(row.code, row.status) for row in ROWS if row.family == family} for family in FAMILIES
}
# What the reference says in a remark: the status where the verifier itself fails.
DOCUMENTED["003"].add(("invalid_mfa_code", 500))
