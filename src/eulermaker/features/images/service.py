"""What the rest of the program may ask about images."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import anyio

from eulermaker.engines.containers import IMAGE_NOT_FOUND, Containers
from eulermaker.engines.images import IMAGE_NEEDED, HistoryStep, InspectedImage, ListedImage
from eulermaker.engines.images import Images as EngineImages
from eulermaker.features.audit.service import Audit
from eulermaker.features.images.analyses import Analyses
from eulermaker.features.images.anatomy import Anatomy
from eulermaker.features.images.archive import IncomingArchive
from eulermaker.features.images.faults import (
    IMAGE_IN_USE,
    IMAGE_NAME_RESERVED,
    IMAGE_NAME_TAKEN,
    PULL_CANCELLED,
    PULL_PENDING,
)
from eulermaker.features.images.pulls import Pull, Pulls, PullState
from eulermaker.features.images.rules import Filter, prunable, reserved
from eulermaker.features.images.view import Described, ImageView
from eulermaker.formats.image_reference import ImageReference, names_image
from eulermaker.kernel.call import Call, Permission
from eulermaker.kernel.faults import Fault
from eulermaker.kernel.ownership import owner_labels
from eulermaker.kernel.paging import Page

#: How long somebody who needs an image waits for its pull.
ENSURE_SECONDS = 600.0
MAX_NAMED = 20


@dataclass(frozen=True, slots=True)
class Prune:
    """What a prune removed, or would remove: names or ids, and the bytes that no other image shares."""

    images: Sequence[str]
    own_bytes: int


class Images:
    """The images of one engine, and whose their names are; lists and details are answered from memory."""

    def __init__(
        self,
        engine: EngineImages,
        view: ImageView,
        containers: Containers,
        pulls: Pulls,
        audit: Audit,
        *,
        max_import_bytes: int,
    ) -> None:
        self._engine = engine
        self._view = view
        self._containers = containers
        self._audit = audit
        self._max_import_bytes = max_import_bytes
        self._analyses = Analyses(engine)
        self.pulls = pulls

    async def page(self, call: Call, wanted: Filter, page: Page) -> tuple[Sequence[ListedImage], int]:
        """One page of images, newest first, and how many there are in all."""
        call.require(Permission.IMAGES_READ)
        found = [image for image in await self._view.newest_first() if wanted.wants(image)]
        return found[page.offset : page.offset + page.limit], len(found)

    async def get(self, call: Call, image: str) -> InspectedImage:
        """The image by name, id or start of an id; raises `image-not-found`."""
        found, _ = await self.describe(call, image)
        return found

    async def history(self, call: Call, image: str) -> Sequence[HistoryStep]:
        """How it was made, newest step first; raises `image-not-found`."""
        _, steps = await self.describe(call, image)
        return steps

    async def describe(self, call: Call, image: str) -> Described:
        """The image and how it was made; raises `image-not-found`."""
        call.require(Permission.IMAGES_READ)
        # What can be no name is not asked for: in an address it might mean something else.
        found = await self._view.describe(image) if names_image(image) else None
        if found is None:
            raise _missing(image)
        return found

    async def analyze(self, call: Call, image: str) -> tuple[InspectedImage, Anatomy]:
        """The image and what it consists of.

        Raises `image-not-found`, `image-too-many-files` and `image-analysis-busy`.
        """
        found = await self.get(call, image)
        return found, await self._analyses.of(found)

    async def export(self, image: str) -> AsyncIterator[bytes]:
        """A tar stream of the image, as `docker save` writes it; check with `get` first."""
        async with self._engine.save(image) as stream:
            async for chunk in stream:
                yield chunk

    async def pull(self, call: Call, image: str) -> Pull:
        """Begin to pull an image, or join the pull that runs; raises `too-many-image-pulls`."""
        call.require(Permission.IMAGES_WRITE)
        pull = self.pulls.start(_reference(image))
        await self._note(call, "image.pull", pull.id, image=str(pull.reference))
        return pull

    def pull_of(self, call: Call, pull: str) -> Pull:
        """A pull; raises `image-pull-not-found`."""
        call.require(Permission.IMAGES_READ)
        return self.pulls.get(pull)

    def all_pulls(self, call: Call) -> Sequence[Pull]:
        """The pulls that run and those that ended lately, newest first."""
        call.require(Permission.IMAGES_READ)
        return self.pulls.newest_first()

    async def cancel_pull(self, call: Call, pull: str) -> Pull:
        """End a pull for everybody who waits for it; raises `image-pull-ended`."""
        call.require(Permission.IMAGES_WRITE)
        found = self.pulls.get(pull)
        await self.pulls.cancel(found)
        await self._note(call, "image.pull.cancel", pull, image=str(found.reference))
        return found

    async def ensure(self, image: str) -> str:
        """The id of an image that somebody needs; pulls it where the engine has none.

        Who may need it is for the caller to say: this asks for no permission. Raises
        `image-not-found` (an id cannot be pulled), the faults of `Images.pull` of the engine's
        port, `image-pull-cancelled`, `image-pull-pending` and `too-many-image-pulls`.
        """
        found = await self._engine.get(image) if names_image(image) else None
        if found is not None:
            return found.id
        reference = ImageReference.parse(image)
        if reference is None:
            raise _missing(image)
        pull = self.pulls.start(reference)
        with anyio.move_on_after(ENSURE_SECONDS):
            await pull.end()
        match pull.state:
            case PullState.SUCCESS:
                assert pull.image_id is not None
                return pull.image_id
            case PullState.RUNNING:
                raise PULL_PENDING(image=image, pull=pull.id, details={"image": image, "pull_id": pull.id})
            case PullState.CANCELLED:
                raise PULL_CANCELLED(image=image, details={"image": image, "pull_id": pull.id})
            case PullState.FAILED:
                assert pull.fault is not None
                # Several may wait for the same pull: each raises a fault of its own.
                raise _again(pull.fault) from pull.fault

    async def may_take(self, call: Call, tag: str) -> None:
        """Raise unless the caller may give an image this name, taking it from the one that has it.

        Holders of `images:write` may take any. Others may not have the product's own names
        (`image-name-reserved`), nor those of images that are not labelled as theirs
        (`image-name-taken`).
        """
        if call.principal.may(Permission.IMAGES_WRITE):
            return
        reference = _reference(tag)
        details = {"image": str(reference), "resource_type": "image"}
        if reserved(reference):
            raise IMAGE_NAME_RESERVED(image=tag, details=details)
        found = await self._engine.get(str(reference))
        # A short name may also be the start of an id, which takes nothing from anybody.
        if found is None or str(reference) not in found.tags:
            return
        if owner_labels(call).items() - found.labels.items():
            raise IMAGE_NAME_TAKEN(image=tag, details=details)

    async def tag(self, call: Call, image: str, tag: str) -> InspectedImage:
        """Give an image one more name; it moves here if it was another image's."""
        call.require(Permission.IMAGES_WRITE)
        found = await self.get(call, image)
        reference = _reference(tag)
        await self._engine.tag(found.id, repository=reference.name, tag=reference.tag or "latest")
        await self._view.compare()
        await self._note(call, "image.tag", found.id, tag=str(reference))
        return found

    async def remove(self, call: Call, image: str, *, force: bool) -> tuple[Sequence[str], Sequence[str]]:
        """Remove a name, and the image with its last one; tells names and ids that are gone.

        Raises `image-not-found`, `image-in-use` naming the containers, and `image-needed`.
        """
        call.require(Permission.IMAGES_WRITE)
        found = await self.get(call, image)
        try:
            gone = await self._engine.remove(image, force=force)
        except Fault as fault:
            if fault.entry is IMAGE_NEEDED:
                await self._check_unused(found, image, fault)
            raise
        await self._view.compare()
        await self._note(call, "image.remove", found.id, image=image, force=force)
        return gone

    async def prune(self, call: Call, *, unused: bool, labels: Sequence[str], dry_run: bool) -> Prune:
        """Remove images without a name and a container, with `unused` those with names as well.

        `labels` narrows it. The product's own images stay, and so does what somebody begins to use
        meanwhile.
        """
        call.require(Permission.IMAGES_WRITE)
        gone: list[str] = []
        own_bytes = 0
        for image in prunable(await self._engine.use(), unused=unused, labels=labels):
            names = image.tags or (image.id,)
            if dry_run or await self._removed(names):
                gone += names
                own_bytes += image.own_bytes
        if not dry_run:
            await self._view.compare()
            await self._note(call, "image.prune", "*", count=len(gone), bytes=own_bytes)
        return Prune(gone, own_bytes)

    async def make(
        self, call: Call, body: AsyncIterator[bytes], *, tag: str, changes: Sequence[str]
    ) -> InspectedImage:
        """Make an image of a root file system's tar.

        Raises `image-archive-refused`, `image-changes-refused`, `image-import-too-large` and
        `image-import-interrupted`; then there is no image.
        """
        call.require(Permission.IMAGES_WRITE)
        reference = _reference(tag)
        archive = IncomingArchive(body, limit=self._max_import_bytes)
        try:
            made = await self._engine.make(
                archive, repository=reference.name, tag=reference.tag or "latest", changes=changes
            )
        except Fault as fault:
            if archive.fault is None:
                raise
            raise archive.fault from fault
        await self._view.compare()
        await self._note(call, "image.import", made, tag=str(reference))
        return await self.get(call, made)

    async def load(self, call: Call, body: AsyncIterator[bytes]) -> Sequence[InspectedImage]:
        """Load the images of an archive of `docker save`; raises as `make`."""
        call.require(Permission.IMAGES_WRITE)
        archive = IncomingArchive(body, limit=self._max_import_bytes)
        try:
            loaded = await self._engine.load(archive)
        except Fault as fault:
            if archive.fault is None:
                raise
            raise archive.fault from fault
        await self._view.compare()
        images = {image.id: image for image in [await self.get(call, name) for name in loaded]}
        for image in images.values():
            await self._note(call, "image.import", image.id, tags=list(image.tags))
        return list(images.values())

    async def _check_unused(self, image: InspectedImage, name: str, cause: Fault) -> None:
        """Raise `image-in-use` when containers are what needs the image."""
        users = [c.name for c in await self._containers.list() if c.image_id == image.id][:MAX_NAMED]
        if users:
            details = {"image": name, "resource_type": "image", "containers": users}
            raise IMAGE_IN_USE(image=name, containers=", ".join(users), details=details) from cause

    async def _removed(self, names: Sequence[str]) -> bool:
        for name in names:
            try:
                await self._engine.remove(name, force=False)
            except Fault as fault:
                if fault.entry not in (IMAGE_NEEDED, IMAGE_NOT_FOUND):
                    raise
                return False
        return True

    async def _note(self, call: Call, action: str, identifier: str, **details: Any) -> None:
        await self._audit.record(call, action, resource_type="image", resource_id=identifier, **details)


def _reference(text: str) -> ImageReference:
    """The reference; raises `image-not-found` for what can be none."""
    found = ImageReference.parse(text)
    if found is None:
        raise _missing(text)
    return found


def _again(fault: Fault) -> Fault:
    return Fault(fault.entry, fault.facts, fault.details, fault.retry_after)


def _missing(image: str) -> Fault:
    return IMAGE_NOT_FOUND(image=image, details={"image": image, "resource_type": "image"})
