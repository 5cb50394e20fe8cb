"""The volumes of family 000."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from eulermaker.dialects.success import Done, Success, done, success
from eulermaker.engines.volumes import Volume
from eulermaker.features.accounts.callers import Callers
from eulermaker.features.volumes.schemas import Detail, NewVolume, Pruned, Summary, VolumeList
from eulermaker.features.volumes.service import Volumes
from eulermaker.kernel.call import Call
from eulermaker.kernel.paging import DEFAULT_LIMIT, MAX_LIMIT, Page
from eulermaker.kernel.validation import Text

CREATED = {"zh": "存储卷创建成功", "en": "Volume created"}
REMOVED = {"zh": "存储卷删除成功", "en": "Volume removed"}
PRUNED = {"zh": "存储卷清理完成", "en": "Volumes pruned"}
WOULD_PRUNE = {"zh": "以下存储卷将被清理", "en": "These volumes would be pruned"}


def router(volumes: Volumes, callers: Callers) -> APIRouter:
    """The routes under `/api/v1/volumes`."""
    routes = APIRouter(prefix="/api/v1/volumes", tags=["volumes"])
    Caller = Annotated[Call, Depends(callers.of_request)]

    @routes.get("", response_model=Success[VolumeList])
    async def list_volumes(
        call: Caller,
        name: Annotated[Text | None, Query(max_length=255)] = None,
        limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
        offset: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    ) -> Response:
        """A page of volumes, by name."""
        found, total = await volumes.page(call, name=name or None, page=Page(limit, offset))
        listed = [Summary.model_validate(volume, from_attributes=True) for volume in found]
        return success(VolumeList(volumes=listed, total=total, limit=limit, offset=offset))

    @routes.post("", status_code=201, response_model=Success[Summary])
    async def create(call: Caller, body: NewVolume) -> Response:
        """Create a volume of one's own."""
        made = await volumes.create(call, body)
        told = Summary.model_validate(made, from_attributes=True)
        return success(told, message=CREATED[call.language], status=201)

    @routes.post("/prune", response_model=Success[Pruned])
    async def prune(
        call: Caller,
        named: Annotated[bool, Query(alias="all")] = False,
        dry_run: bool = False,
    ) -> Response:
        """Remove unused volumes whose name was made up by the engine; `all` takes named ones as well."""
        pruned = await volumes.prune(call, named=named, dry_run=dry_run)
        told = Pruned(
            dry_run=dry_run, volumes=list(pruned.volumes), count=len(pruned.volumes), bytes=pruned.size
        )
        return success(told, message=(WOULD_PRUNE if dry_run else PRUNED)[call.language])

    @routes.get("/{volume}", response_model=Success[Detail])
    async def detail(call: Caller, volume: str) -> Response:
        """Everything about one volume."""
        found = await volumes.get(call, volume)
        return success(_detail(found, list(await volumes.holders(call, volume))))

    @routes.delete("/{volume}", response_model=Done)
    async def remove(call: Caller, volume: str) -> Response:
        """Remove a volume with its data."""
        await volumes.remove(call, volume)
        return done(REMOVED[call.language])

    return routes


def _detail(volume: Volume, containers: list[str]) -> Detail:
    return Detail(
        name=volume.name,
        driver=volume.driver,
        scope=volume.scope,
        created_at=volume.created_at,
        labels=dict(volume.labels),
        mountpoint=volume.mountpoint,
        options=dict(volume.options),
        containers=containers,
    )
