"""The volumes of a Docker Engine."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from eulermaker.engines.containers import Container
from eulermaker.engines.docker import describe
from eulermaker.engines.docker.connection import Connection, EngineAnswer
from eulermaker.engines.port import ENGINE_REFUSED
from eulermaker.engines.volumes import VOLUME_NOT_FOUND, VOLUME_REFUSED, NewVolume, Volume, VolumeUse

Json = Mapping[str, Any]


class DockerVolumes:
    """The port's volumes, over the Engine API."""

    def __init__(self, http: Connection) -> None:
        self._http = http

    async def list(self) -> Sequence[Volume]:
        """All volumes."""
        told = await self._get("/volumes")
        return [_volume(entry) for entry in told["Volumes"] or ()]

    async def get(self, name: str) -> Volume | None:
        """One volume; None when there is none."""
        try:
            return _volume(await self._http.get(_path(name)))
        except EngineAnswer as error:
            if error.status == 404:
                return None
            raise ENGINE_REFUSED() from error

    async def holders(self, name: str) -> Sequence[Container]:
        """The containers, running or not, that mount it."""
        # The filter takes a mount's target for a name as well.
        query = {"all": "true", "filters": json.dumps({"volume": [name]})}
        found = await self._get("/containers/json", query)
        return [describe.listed(entry) for entry in found if _mounts(entry, name)]

    async def use(self) -> Sequence[VolumeUse]:
        """What each volume takes and how many need it."""
        told = await self._get("/system/df", {"type": "volume"})
        return [_use(entry) for entry in told["Volumes"] or ()]

    async def create(self, new: NewVolume) -> Volume:
        """Create a volume."""
        # The engine looks for a driver that it does not have for 15 seconds.
        if new.driver != "local" and new.driver not in (await self._get("/info"))["Plugins"]["Volume"]:
            raise VOLUME_REFUSED()
        body = {
            "Name": new.name or "",
            "Driver": new.driver,
            "DriverOpts": dict(new.options),
            "Labels": dict(new.labels),
        }
        try:
            return _volume(await self._http.post("/volumes/create", None, body))
        except EngineAnswer as error:
            if error.status in (400, 404):
                raise VOLUME_REFUSED() from error
            raise ENGINE_REFUSED() from error

    async def remove(self, name: str) -> bool:
        """Remove it; False while containers use it."""
        try:
            await self._http.delete(_path(name))
        except EngineAnswer as error:
            match error.status:
                case 404:
                    raise VOLUME_NOT_FOUND(
                        volume=name, details={"volume": name, "resource_type": "volume"}
                    ) from error
                case 409:
                    return False
                case _:
                    raise ENGINE_REFUSED() from error
        return True

    async def _get(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        try:
            return await self._http.get(path, query)
        except EngineAnswer as error:
            raise ENGINE_REFUSED() from error


def _path(name: str) -> str:
    return f"/volumes/{quote(name, safe='')}"


def _mounts(container: Json, name: str) -> bool:
    return any(mount.get("Name") == name for mount in container.get("Mounts") or ())


def _volume(told: Json) -> Volume:
    return Volume(
        name=told["Name"],
        driver=told["Driver"],
        created_at=describe.moment(told.get("CreatedAt") or ""),
        mountpoint=told.get("Mountpoint") or "",
        scope=told.get("Scope") or "",
        labels=told.get("Labels") or {},
        options=told.get("Options") or {},
    )


def _use(told: Json) -> VolumeUse:
    # The engine says -1 for what it does not know.
    usage: Json = told.get("UsageData") or {"RefCount": -1, "Size": -1}
    return VolumeUse(
        name=told["Name"],
        labels=told.get("Labels") or {},
        # A volume that nobody is known to use may still be in use.
        containers=usage["RefCount"] if usage["RefCount"] >= 0 else 1,
        size=usage["Size"] if usage["Size"] >= 0 else None,
    )
