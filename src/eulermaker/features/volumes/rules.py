"""Decisions about volumes: pure, without engine or clock."""

import re
from collections.abc import Iterable, Mapping, Sequence

from eulermaker.engines.volumes import VolumeUse

#: The engine's own rule for names of local volumes.
NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{1,254}")
_MADE_UP = re.compile(r"[0-9a-f]{64}")
#: All that a local volume can be told without making it a mount of something else.
_HARMLESS = frozenset({"size"})


def refused_field(driver: str, options: Mapping[str, str]) -> str | None:
    """The first field with which a volume could reach the host's files: deny unless known as harmless."""
    if driver != "local":
        return "driver"
    return next((f"options.{name}" for name in options if name not in _HARMLESS), None)


def prunable(volumes: Iterable[VolumeUse], *, named: bool) -> Sequence[VolumeUse]:
    """The volumes that a prune removes: unused ones with a made-up name, with `named` all unused."""
    return [
        volume for volume in volumes if volume.containers == 0 and (named or _MADE_UP.fullmatch(volume.name))
    ]
