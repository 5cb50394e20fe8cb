"""The networks of a Docker Engine."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from eulermaker.engines.containers import NAME_IN_USE
from eulermaker.engines.docker.connection import Connection, EngineAnswer
from eulermaker.engines.docker.describe import moment
from eulermaker.engines.networks import (
    NETWORK_NOT_FOUND,
    NETWORK_REFUSED,
    SUBNET_IN_USE,
    Endpoint,
    Network,
    NewNetwork,
    Subnet,
)
from eulermaker.engines.port import ENGINE_REFUSED

Json = Mapping[str, Any]


class DockerNetworks:
    """The port's networks, over the Engine API."""

    def __init__(self, http: Connection) -> None:
        self._http = http

    async def list(self) -> Sequence[Network]:
        """All networks."""
        try:
            return [_network(entry) for entry in await self._http.get("/networks")]
        except EngineAnswer as error:
            raise ENGINE_REFUSED() from error

    async def get(self, reference: str) -> Network | None:
        """One network; None when there is none."""
        try:
            return _network(await self._http.get(_path(reference)))
        except EngineAnswer as error:
            # 400: the start of an id that several networks have.
            if error.status in (400, 404):
                return None
            raise ENGINE_REFUSED() from error

    async def create(self, new: NewNetwork) -> str:
        """Create a network; tells its id."""
        body = {
            "Name": new.name,
            "Driver": "bridge",
            "CheckDuplicate": True,
            "Internal": new.internal,
            "Labels": dict(new.labels),
            **({"IPAM": {"Config": [_config(new.subnet)]}} if new.subnet else {}),
        }
        try:
            made = await self._http.post("/networks/create", None, body)
        except EngineAnswer as error:
            match error.status:
                case 409:
                    details = {"name": new.name, "resource_type": "network"}
                    raise NAME_IN_USE(name=new.name, details=details) from error
                case 403:
                    # "Pool overlaps"; newer engines have none left with the same status.
                    raise SUBNET_IN_USE(details={"resource_type": "network"}) from error
                case 400:
                    raise NETWORK_REFUSED(reason=error.message[:500]) from error
                case _:
                    raise _unplaced(error) from error
        return str(made["Id"])

    async def remove(self, reference: str) -> bool:
        """Remove it; False while containers use it."""
        try:
            await self._http.delete(_path(reference))
        except EngineAnswer as error:
            match error.status:
                case 404:
                    raise _missing(reference) from error
                case 403 | 409:
                    return False
                case _:
                    raise ENGINE_REFUSED() from error
        return True

    async def connect(self, reference: str, *, container: str, aliases: Sequence[str]) -> None:
        """Connect a container that is not in it."""
        body: dict[str, Any] = {"Container": container}
        if aliases:
            body["EndpointConfig"] = {"Aliases": list(aliases)}
        await self._act(reference, "connect", body)

    async def disconnect(self, reference: str, *, container: str) -> None:
        """Disconnect a container that is in it."""
        await self._act(reference, "disconnect", {"Container": container})

    async def _act(self, reference: str, action: str, body: Json) -> None:
        try:
            await self._http.post(f"{_path(reference)}/{action}", None, body)
        except EngineAnswer as error:
            match error.status:
                case 404:
                    raise _missing(reference) from error
                case 400 | 403 | 409:
                    raise NETWORK_REFUSED(reason=error.message[:500]) from error
                case _:
                    raise ENGINE_REFUSED() from error


def _path(reference: str) -> str:
    return f"/networks/{quote(reference, safe='')}"


def _missing(reference: str) -> Exception:
    return NETWORK_NOT_FOUND(network=reference, details={"network": reference, "resource_type": "network"})


def _unplaced(error: EngineAnswer) -> Exception:
    # The engine says 500 when its pools are used up.
    return (
        SUBNET_IN_USE(details={"resource_type": "network"}) if "pool" in error.message else ENGINE_REFUSED()
    )


def _config(subnet: Subnet) -> dict[str, str]:
    return {"Subnet": subnet.subnet, **({"Gateway": subnet.gateway} if subnet.gateway else {})}


def _network(told: Json) -> Network:
    ranges: Sequence[Json] = (told.get("IPAM") or {}).get("Config") or ()
    endpoints: Mapping[str, Json] = told.get("Containers") or {}
    return Network(
        id=told["Id"],
        name=told["Name"],
        driver=told["Driver"],
        scope=told.get("Scope") or "",
        created_at=moment(told.get("Created") or ""),
        internal=bool(told.get("Internal")),
        subnets=tuple(
            Subnet(entry["Subnet"], entry.get("Gateway") or None) for entry in ranges if "Subnet" in entry
        ),
        labels=told.get("Labels") or {},
        endpoints=tuple(
            Endpoint(
                container, endpoint.get("IPv4Address", "").partition("/")[0], endpoint.get("MacAddress", "")
            )
            for container, endpoint in endpoints.items()
        ),
    )
