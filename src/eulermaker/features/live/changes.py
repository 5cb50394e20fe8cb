"""What happened on the engine, as subscribers are told."""

from dataclasses import dataclass
from typing import Literal

Origin = Literal["event", "resync", "gap"]
Kind = Literal["container", "image", "network"]


@dataclass(frozen=True, slots=True)
class Change:
    """Something that happened to a container, an image or a network.

    `origin` is `resync` for what a comparison found out, and `gap` (without a subject) where
    events may have been lost; `attributes` are the engine's, its labels among them.
    """

    action: str
    subject: str
    name: str
    image: str
    at_ns: int
    attributes: dict[str, str]
    origin: Origin = "event"
    kind: Kind = "container"
