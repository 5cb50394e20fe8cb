"""The result of an attempt, on disk from the moment it is known until the database has it.

Between the two the server may be killed, or the database be away for longer than the server lives:
then the next start records what is found here, and the build is not built again.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog

from eulermaker.features.builds.artifacts import Artifact
from eulermaker.features.builds.rules import State

log = structlog.get_logger("eulermaker.builds")

_TIMES = frozenset({"built_at"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """What attempt `attempt` came to: the record's new values, and what the build made.

    `words` are the last lines of the build's log, which follow line `seq`.
    """

    attempt: int
    seq: int
    words: list[str]
    state: State
    finished_at: datetime
    values: Mapping[str, Any]
    artifacts: list[Artifact]

    @property
    def record(self) -> dict[str, Any]:
        """What changes in the build's record."""
        return {**self.values, "state": self.state, "finished_at": self.finished_at}


def write_verdict(path: Path, verdict: Verdict) -> None:
    """Keep the verdict; the file appears whole or not at all."""
    fresh = path.with_name(f"{path.name}.part")
    told = asdict(verdict)
    with fresh.open("w", encoding="utf-8") as file:
        json.dump(told, file, default=datetime.isoformat)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def read_verdict(path: Path) -> Verdict | None:
    """The verdict that is kept there, if any; one that another version wrote otherwise is none."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        known = {field.name: told[field.name] for field in fields(Verdict)}
        return Verdict(
            **{
                **known,
                "state": State(told["state"]),
                "finished_at": datetime.fromisoformat(told["finished_at"]),
                "values": {name: _read(name, value) for name, value in told["values"].items()},
                "artifacts": [Artifact(**artifact) for artifact in told["artifacts"]],
            }
        )
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        # The build is built again, which is what would be done without a verdict.
        log.warning("verdict.unreadable", path=str(path), error=repr(error))
        return None


def _read(name: str, value: Any) -> Any:
    """A value of the record; JSON has no times."""
    return datetime.fromisoformat(value) if name in _TIMES and value is not None else value
