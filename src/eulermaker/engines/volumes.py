"""The port for volumes: what the features may ask of them, in the product's own nouns.

Every method may raise the faults `engine-unavailable` and `engine-refused`, and those named with it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from eulermaker.engines.containers import Container
from eulermaker.kernel.faults import Entry, Kind, documented

VOLUME_NOT_FOUND = Entry(
    "volume-not-found",
    Kind.NOT_FOUND,
    zh="存储卷 {volume} 不存在，请检查名称",
    en="There is no volume {volume}; check its name",
    answers={"000": documented(404, "RESOURCE_NOT_FOUND")},
)
VOLUME_IN_USE = Entry(
    "volume-in-use",
    Kind.CONFLICT,
    zh="存储卷 {volume} 正被容器使用（{containers}），请先删除这些容器",
    en="The volume {volume} is used by containers ({containers}); remove them first",
    answers={"000": documented(409, "RESOURCE_CONFLICT")},
)
VOLUME_REFUSED = Entry(
    "volume-refused",
    Kind.INVALID,
    zh="引擎拒绝了该存储卷配置，请检查 driver 和 options",
    en="The engine refused this volume; check its driver and options",
    answers={"000": documented(400, "INVALID_REQUEST")},
)

ENTRIES = (VOLUME_NOT_FOUND, VOLUME_IN_USE, VOLUME_REFUSED)


@dataclass(frozen=True, slots=True)
class Volume:
    """A volume; `mountpoint` is a path on the engine's host."""

    name: str
    driver: str
    created_at: datetime | None
    mountpoint: str
    scope: str
    labels: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NewVolume:
    """A volume to create; the engine makes up a name where none is given."""

    name: str | None
    driver: str
    options: Mapping[str, str]
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class VolumeUse:
    """What a volume takes: `containers` refer to it; bytes are None where the driver cannot tell."""

    name: str
    labels: Mapping[str, str]
    containers: int
    size: int | None


class Volumes(Protocol):
    """The volumes of one engine."""

    async def list(self) -> Sequence[Volume]:
        """All volumes."""
        ...

    async def get(self, name: str) -> Volume | None:
        """One volume; None when there is none."""
        ...

    async def holders(self, name: str) -> Sequence[Container]:
        """The containers, running or not, that mount it."""
        ...

    async def use(self) -> Sequence[VolumeUse]:
        """What each volume takes and how many need it; the engine measures them all, which takes time."""
        ...

    async def create(self, new: NewVolume) -> Volume:
        """Create a volume; the one that has the name already is told as it is. Raises `volume-refused`."""
        ...

    async def remove(self, name: str) -> bool:
        """Remove it; False while containers use it. Raises `volume-not-found`."""
        ...
