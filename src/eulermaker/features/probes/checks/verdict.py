"""What a check found: it is well, it is not, or we could not tell."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple, Protocol


class Status(StrEnum):
    """How a check ended; `unknown` is our own trouble, and never held against what is watched."""

    SUCCESS = "success"
    FAILURE = "failure"
    UNKNOWN = "unknown"


#: What JSON can hold: text, numbers, booleans, lists and mappings of them.
Details = Mapping[str, Any]


class Verdict(NamedTuple):
    """How one check went.

    `response_ms` is the time of the last attempt in milliseconds. `details` is small (a few KiB) and
    holds `error`, one of a short list of sentences, whenever the status is not success.
    """

    status: Status
    response_ms: float
    details: Details


class Check(Protocol):
    """One check of one probe, made once and called again and again, never twice at a time."""

    async def __call__(self, deadline: float) -> Verdict:
        """Check now; over by `deadline`, a time of the running loop's clock, in seconds.

        Raises nothing but cancellation.
        """
        ...


class Trouble(Exception):
    """Why a check did not succeed; the status, the sentence and the facts of its verdict."""

    def __init__(self, status: Status, error: str, **facts: object) -> None:
        super().__init__(error)
        self.status = status
        self.error = error
        self.facts = facts

    def details(self) -> dict[str, Any]:
        """The details of the verdict."""
        return {"error": self.error, **self.facts}


def failed(error: str, **facts: object) -> Trouble:
    """What is watched is not well."""
    return Trouble(Status.FAILURE, error, **facts)


def unknown(error: str, **facts: object) -> Trouble:
    """We could not look."""
    return Trouble(Status.UNKNOWN, error, **facts)


#: How much of what came back is told in the details, in bytes.
MAX_SHOWN = 1024


def shown(data: bytes) -> str:
    """The beginning of what came back, as text that can be stored."""
    return storable(data[:MAX_SHOWN].decode("utf-8", "replace"))


def storable(text: str) -> str:
    """The text without NUL and half characters, which databases refuse."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()
