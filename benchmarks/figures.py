"""A measured figure beside what is asked of it and what the same machine does without us."""

from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

# The table is also read in files, where nothing tells a width.
WIDTH = 140


@dataclass(frozen=True, slots=True)
class AtMost:
    """A bound from above."""

    value: float

    def holds(self, measured: float) -> bool:
        """Whether the figure keeps the bound."""
        return measured <= self.value


@dataclass(frozen=True, slots=True)
class AtLeast:
    """A bound from below."""

    value: float

    def holds(self, measured: float) -> bool:
        """Whether the figure keeps the bound."""
        return measured >= self.value


@dataclass(frozen=True, slots=True)
class Baseline:
    """What the same machine does in the same run without us; in the figure's unit unless it has its own."""

    value: float
    what: str
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the report; without `asked` it explains the line above it."""

    name: str
    measured: float
    unit: str
    asked: AtMost | AtLeast | None = None
    baseline: Baseline | None = None

    @property
    def verdict(self) -> str:
        """`ok`, `missed`, or nothing where nothing is asked."""
        if self.asked is None:
            return ""
        return "ok" if self.asked.holds(self.measured) else "missed"

    def as_json(self) -> dict[str, Any]:
        """The figure as a JSON object."""
        bound = {AtMost: "at_most", AtLeast: "at_least"}
        asked = None if self.asked is None else {bound[type(self.asked)]: self.asked.value}
        return {**asdict(self), "asked": asked, "verdict": self.verdict or None}


def show(figures: list[Figure]) -> None:
    """Print the figures as a table."""
    table = Table("figure", "measured", "asked", "baseline", "")
    for figure in figures:
        table.add_row(
            figure.name,
            _number(figure.measured, figure.unit),
            _asked(figure),
            "" if figure.baseline is None else _beside(figure.baseline, figure.unit),
            figure.verdict,
            style={"missed": "bold red", "": "dim"}.get(figure.verdict),
        )
    Console(width=WIDTH).print(table)


def _asked(figure: Figure) -> str:
    match figure.asked:
        case AtMost(value):
            return f"≤ {_number(value, figure.unit)}"
        case AtLeast(value):
            return f"≥ {_number(value, figure.unit)}"
        case None:
            return ""


def _beside(baseline: Baseline, unit: str) -> str:
    return f"{_number(baseline.value, baseline.unit or unit)} ({baseline.what})"


def _number(value: float, unit: str) -> str:
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f} {unit}"
