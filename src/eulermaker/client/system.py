"""The state of the server itself."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from eulermaker.client.models import Health, Record, parse
from eulermaker.client.transport import Transport
from eulermaker.client.wire import Call


class ImageTotals(Record):
    """The images on the engine; `size` for people, `size_bytes` for programs."""

    total: int
    size: str
    size_bytes: int | None = None


class SystemInfo(Record):
    """What is installed, and how much there is of everything; `uptime` in seconds.

    What only the engine knows is None while it does not answer.
    """

    version: str
    docker_version: str | None = None
    platform: str | None = None
    uptime: int
    containers: Mapping[str, int] | None = None
    images: ImageTotals | None = None
    builds: Mapping[str, int]


class CpuUse(Record):
    usage_percent: float
    cores: float


class Space(Record):
    """Bytes of memory or disk."""

    total: int
    used: int
    available: int
    usage_percent: float


class NetworkUse(Record):
    """Bytes since the start of the machine."""

    rx_bytes: int
    tx_bytes: int


class Resources(Record):
    """What the server's machine, or the container that it runs in, has and uses."""

    cpu: CpuUse
    memory: Space
    disk: Space
    network: NetworkUse


class Maintenance(Record):
    """Whether writes are kept out, since when, by whom, and until when."""

    enabled: bool
    type: str | None = None
    message: str | None = None
    until: datetime | None = None
    since: datetime | None = None
    started_by: str | None = None


class System:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def health(self) -> Health:
        """How the server and what it depends on are doing, also when that is badly."""
        call = Call(method="GET", path="/system/health", answers=frozenset({503}))
        return parse(Health, self._transport.data(call))

    def info(self) -> SystemInfo:
        """What is installed, and how much there is of everything."""
        return parse(SystemInfo, self._read("info"))

    def resources(self) -> Resources:
        """What the machine has and uses."""
        return parse(Resources, self._read("resources"))

    def config(self) -> Mapping[str, Any]:
        """The settings as the server tells them, without secrets."""
        told: Mapping[str, Any] = self._read("config")
        return told

    def maintenance(self) -> Maintenance:
        """Whether writes are kept out."""
        return parse(Maintenance, self._read("maintenance"))

    def begin_maintenance(self, message: str, *, until: datetime | None = None) -> Maintenance:
        """Keeps writes out; `until` needs a time zone."""
        body = {"message": message} | ({"until": until.isoformat()} if until else {})
        call = Call(method="PUT", path="/system/maintenance", json=body)
        return parse(Maintenance, self._transport.data(call))

    def end_maintenance(self) -> None:
        """Lets writes in again."""
        self._transport.data(Call(method="DELETE", path="/system/maintenance"))

    def _read(self, what: str) -> Any:
        return self._transport.data(Call(method="GET", path=f"/system/{what}"))
