"""What the five families' error references list: every code, its status, and what is said of it."""

from collections.abc import Mapping
from types import MappingProxyType

from eulermaker.dialects.documents import family_000, family_001, family_002, family_003, family_004
from eulermaker.dialects.documents.row import Detail, Row, Text
from eulermaker.kernel.faults import Family

__all__ = ["DOCUMENTS", "Detail", "Row", "Text", "documented_row"]

DOCUMENTS: Mapping[Family, tuple[Row, ...]] = MappingProxyType(
    {
        "000": family_000.ROWS,
        "001": family_001.ROWS,
        "002": family_002.ROWS,
        "003": family_003.ROWS,
        "004": family_004.ROWS,
    }
)
_BY_CODE = {(family, row.code, row.status): row for family, rows in DOCUMENTS.items() for row in rows}


def documented_row(family: Family, code: str, status: int) -> Row | None:
    """The row of a family's document for that code and status, if it lists them."""
    return _BY_CODE.get((family, code, status))
