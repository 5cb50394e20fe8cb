"""How a build is shown while it goes on: progress bars on a terminal, plain lines elsewhere."""

import sys
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from eulermaker.cli.messages import text
from eulermaker.client import LogLine

Moved = Callable[[int, int | None], None]


class Display(Protocol):
    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def note(self, message: str) -> None:
        """Says something in passing."""

    def transfer(self, message: str) -> Moved:
        """Says that a file is on its way; what it returns is told the bytes moved."""

    def line(self, line: LogLine) -> None:
        """Shows a line of the build's log, and how far the build has come with it."""


def choose(*, json: bool) -> Display:
    """The display for this terminal, or for none; beside a JSON document it is on standard error."""
    if json:
        return PlainDisplay(sys.stderr)
    return TerminalDisplay() if sys.stdout.isatty() else PlainDisplay(sys.stdout)


class PlainDisplay:
    def __init__(self, out: TextIO) -> None:
        self._out = out

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._out.flush()

    def note(self, message: str) -> None:
        print(message, file=self._out, flush=True)

    def transfer(self, message: str) -> Moved:
        self.note(message)
        return lambda moved, total: None

    def line(self, line: LogLine) -> None:
        print(line.data, file=self._out, flush=True)


class TerminalDisplay:
    def __init__(self, console: Console | None = None) -> None:
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f}%"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self._build: TaskID | None = None
        self._transfer: TaskID | None = None

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def note(self, message: str) -> None:
        self._progress.console.print(Text(message), soft_wrap=True)

    def transfer(self, message: str) -> Moved:
        if self._transfer is not None:
            self._progress.remove_task(self._transfer)
        task = self._transfer = self._progress.add_task(message, total=None)
        return lambda moved, total: self._progress.update(task, completed=moved, total=total)

    def line(self, line: LogLine) -> None:
        # Colours are kept; whatever else a build prints must not move the cursor.
        self._progress.console.print(Text.from_ansi(line.data), soft_wrap=True)
        if line.kind == "step" and line.step is not None and line.steps:
            self._step(line.data, line.step, line.steps)

    def _step(self, heading: str, step: int, steps: int) -> None:
        if self._build is None:
            self._build = self._progress.add_task(text("progress.building"), total=steps)
        # Stages run side by side, so a lower step may begin after a higher one.
        furthest = max(
            step - 1, int(self._progress.tasks[self._progress.task_ids.index(self._build)].completed)
        )
        self._progress.update(self._build, description=heading[:60], completed=furthest, total=steps)
