"""The images of family 000."""

import re
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from eulermaker.dialects.success import Success, success
from eulermaker.engines.images import HistoryStep as EngineStep
from eulermaker.engines.images import InspectedImage
from eulermaker.features.accounts.callers import Callers
from eulermaker.features.images.advice import ADVICE
from eulermaker.features.images.anatomy import Anatomy
from eulermaker.features.images.faults import IMPORT_INTERRUPTED
from eulermaker.features.images.pulls import Pull
from eulermaker.features.images.rules import Filter
from eulermaker.features.images.schemas import (
    MAX_REFERENCE,
    Advice,
    Analysis,
    AnalyzedFile,
    AnalyzedLayer,
    Detail,
    History,
    HistoryStep,
    ImageList,
    Imported,
    ImportedImage,
    NewPull,
    NewTag,
    Pruned,
    PulledLayer,
    PullError,
    PullInfo,
    PullList,
    Removed,
    RootFS,
    Summary,
    Tagged,
    WastedFile,
)
from eulermaker.features.images.service import Images
from eulermaker.formats.image_reference import ImageReference
from eulermaker.kernel.call import Call
from eulermaker.kernel.faults import InvalidFields, Language
from eulermaker.kernel.paging import DEFAULT_LIMIT, MAX_LIMIT, Page
from eulermaker.kernel.validation import Text

TAR = "application/x-tar"
BINARY = {"schema": {"type": "string", "format": "binary"}}
PULLING = {"zh": "镜像开始拉取", "en": "Pull started"}
CANCELLED = {"zh": "镜像拉取已取消", "en": "Pull cancelled"}
REMOVED = {"zh": "镜像删除成功", "en": "Image removed"}
TAGGED = {"zh": "镜像标签添加成功", "en": "Image tagged"}
IMPORTED = {"zh": "镜像导入成功", "en": "Image imported"}
PRUNED = {"zh": "镜像清理完成", "en": "Images pruned"}
WOULD_PRUNE = {"zh": "以下镜像将被清理", "en": "These images would be pruned"}

#: All together stay below what a request's first line may have, however they are escaped.
MAX_CHANGES = 8
Change = Annotated[Text, Query(min_length=1, max_length=512)]


def router(images: Images, callers: Callers) -> APIRouter:
    """The routes under `/api/v1/images`.

    An image is named by its whole name, slashes included, or by its id. Names that end like one
    of the routes (`…/history`) are told apart by their tag (`…/history:latest`).
    """
    routes = APIRouter(prefix="/api/v1/images", tags=["images"])
    Caller = Annotated[Call, Depends(callers.of_request)]

    @routes.get("", response_model=Success[ImageList])
    async def list_images(
        call: Caller,
        name: Annotated[Text | None, Query(max_length=255)] = None,
        dangling: bool | None = None,
        label: Annotated[list[Text] | None, Query(max_length=20)] = None,
        limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
        offset: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    ) -> Response:
        """A page of images, newest first; `label` is `key` or `key=value`."""
        wanted = Filter(name or None, dangling, tuple(label or ()))
        found, total = await images.page(call, wanted, Page(limit, offset))
        listed = [Summary.model_validate(image, from_attributes=True) for image in found]
        return success(ImageList(images=listed, total=total, limit=limit, offset=offset))

    @routes.post("/pull", status_code=202, response_model=Success[PullInfo])
    async def pull(call: Caller, body: NewPull) -> Response:
        """Begin to pull an image, or join the pull of it that runs."""
        started = await images.pull(call, body.image)
        return success(shown(started, call.language), message=PULLING[call.language], status=202)

    @routes.get("/pulls", response_model=Success[PullList])
    async def pulls(call: Caller) -> Response:
        """The pulls that run, and those that ended lately."""
        return success(PullList(pulls=[shown(pull, call.language) for pull in images.all_pulls(call)]))

    @routes.get("/pulls/{pull}", response_model=Success[PullInfo])
    async def pull_detail(call: Caller, pull: str) -> Response:
        """A pull and how far it is."""
        return success(shown(images.pull_of(call, pull), call.language))

    @routes.post("/pulls/{pull}/cancel", response_model=Success[PullInfo])
    async def cancel(call: Caller, pull: str) -> Response:
        """End a pull for everybody who waits for it."""
        cancelled = await images.cancel_pull(call, pull)
        return success(shown(cancelled, call.language), message=CANCELLED[call.language])

    @routes.post("/prune", response_model=Success[Pruned])
    async def prune(
        call: Caller,
        unused: Annotated[bool, Query(alias="all")] = False,
        label: Annotated[list[Text] | None, Query(max_length=20)] = None,
        dry_run: bool = False,
    ) -> Response:
        """Remove images without name and container; `all` takes unused ones with names as well."""
        pruned = await images.prune(call, unused=unused, labels=label or (), dry_run=dry_run)
        told = Pruned(
            dry_run=dry_run, images=list(pruned.images), count=len(pruned.images), bytes=pruned.own_bytes
        )
        return success(told, message=(WOULD_PRUNE if dry_run else PRUNED)[call.language])

    @routes.post(
        "/import",
        status_code=201,
        response_model=Success[Imported],
        openapi_extra={
            "requestBody": {"content": {TAR: BINARY, "application/octet-stream": BINARY}, "required": True}
        },
    )
    async def import_archive(
        call: Caller,
        request: Request,
        format: Literal["rootfs", "load"] = "rootfs",
        tag: Annotated[str | None, Query(min_length=1, max_length=MAX_REFERENCE)] = None,
        changes: Annotated[list[Change] | None, Query(max_length=MAX_CHANGES)] = None,
    ) -> Response:
        """Make an image of a root file system's tar, or load an archive of `docker save`."""
        if format == "load":
            loaded = await images.load(call, _whole_body(request))
        else:
            name = _name(tag)
            loaded = [await images.make(call, _whole_body(request), tag=name, changes=changes or ())]
        told = Imported(images=[ImportedImage(id=image.id, tags=list(image.tags)) for image in loaded])
        return success(told, message=IMPORTED[call.language], status=201)

    @routes.get("/{image:path}/history", response_model=Success[History])
    async def history(call: Caller, image: str) -> Response:
        """How an image was made, newest step first."""
        return success(History(history=_steps(await images.history(call, image))))

    @routes.get("/{image:path}/analysis", response_model=Success[Analysis])
    async def analyze(call: Caller, image: str) -> Response:
        """The image taken apart: sizes by layer and by file, waste, and what to do about it.

        All of the image is read, once: what it consists of never changes.
        """
        found, anatomy = await images.analyze(call, image)
        return success(_analysis(found, anatomy, call.language))

    @routes.get(
        "/{image:path}/export",
        response_class=StreamingResponse,
        responses={200: {"content": {TAR: {}}}},
    )
    async def export(call: Caller, image: str) -> Response:
        """The image and its layers as a tar, which `import?format=load` takes."""
        await images.get(call, image)
        # An archive carries the name by which its image was asked for.
        name = re.sub(r"[^A-Za-z0-9._-]", "_", image)
        headers = {"Content-Disposition": f'attachment; filename="{name}.tar"'}
        return StreamingResponse(images.export(image), media_type=TAR, headers=headers)

    @routes.post("/{image:path}/tag", response_model=Success[Tagged])
    async def tag_image(call: Caller, image: str, body: NewTag) -> Response:
        """Give an image one more name; it moves here if it was another image's."""
        found = await images.tag(call, image, body.tag)
        told = Tagged(id=found.id, tag=str(ImageReference.parse(body.tag)))
        return success(told, message=TAGGED[call.language])

    @routes.get("/{image:path}", response_model=Success[Detail])
    async def detail(call: Caller, image: str) -> Response:
        """Everything about one image, its layers and its history included."""
        found, steps = await images.describe(call, image)
        return success(_detail(found, _steps(steps)))

    @routes.delete("/{image:path}", response_model=Success[Removed])
    async def remove(call: Caller, image: str, force: bool = False) -> Response:
        """Remove a name, and the image with its last one."""
        untagged, deleted = await images.remove(call, image, force=force)
        gone = Removed(untagged=list(untagged), deleted=list(deleted))
        return success(gone, message=REMOVED[call.language])

    return routes


def shown(pull: Pull, language: Language) -> PullInfo:
    """A pull in its public shape."""
    layers = [
        PulledLayer(id=name, status=layer.status, current=layer.current, total=layer.total)
        for name, layer in pull.layers.items()
    ]
    fault = pull.fault
    return PullInfo(
        id=pull.id,
        image=str(pull.reference),
        status=pull.state,
        message=pull.status,
        current=sum(layer.current for layer in layers),
        total=sum(layer.total for layer in layers),
        layers=layers,
        created_at=pull.created_at,
        finished_at=pull.finished_at,
        image_id=pull.image_id,
        error=PullError(code=fault.entry.slug, message=fault.message(language)) if fault else None,
    )


def _name(tag: str | None) -> str:
    if tag is None or "@" in tag or ImageReference.parse(tag) is None:
        raise InvalidFields.one(
            "tag",
            zh="导入根文件系统时必须给出有效的镜像名称",
            en="A root file system needs a valid name for its image",
        )
    return tag


async def _whole_body(request: Request) -> AsyncIterator[bytes]:
    more = True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise IMPORT_INTERRUPTED()
        if chunk := message.get("body", b""):
            yield chunk
        more = message.get("more_body", False)


def _steps(history: Sequence[EngineStep]) -> list[HistoryStep]:
    return [HistoryStep.model_validate(step, from_attributes=True) for step in history]


def _analysis(image: InspectedImage, anatomy: Anatomy, language: Language) -> Analysis:
    useful = anatomy.size - anatomy.wasted
    costly = sorted(anatomy.by_kind.items(), key=lambda found: -found[1])
    return Analysis(
        id=image.id,
        tags=list(image.tags),
        size=anatomy.size,
        wasted=anatomy.wasted,
        efficiency=round(useful / anatomy.size, 4) if anatomy.size else 1.0,
        layers=[AnalyzedLayer.model_validate(layer, from_attributes=True) for layer in anatomy.layers],
        largest=[AnalyzedFile.model_validate(file, from_attributes=True) for file in anatomy.largest],
        waste=[WastedFile.model_validate(file, from_attributes=True) for file in anatomy.waste],
        advice=[Advice(kind=kind, bytes=size, message=ADVICE[kind][language]) for kind, size in costly],
    )


def _detail(image: InspectedImage, history: list[HistoryStep]) -> Detail:
    return Detail(
        id=image.id,
        tags=list(image.tags),
        digests=list(image.digests),
        size=image.size,
        created_at=image.created_at,
        labels=dict(image.labels),
        architecture=image.architecture,
        os=image.os,
        author=image.author,
        comment=image.comment,
        command=list(image.command),
        entrypoint=list(image.entrypoint),
        environment=dict(image.environment),
        working_dir=image.working_dir,
        user=image.user,
        exposed_ports=list(image.ports),
        volumes=list(image.volumes),
        rootfs=RootFS(layers=list(image.layers)),
        history=history,
    )
