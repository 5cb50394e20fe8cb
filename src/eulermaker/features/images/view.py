"""The live view of the images.

Engines tell nothing of the images that BuildKit makes, and not from whom a name was taken, but their
list is one question that tells all: it is asked when an event says so, and before an answer that
would be older than people notice.
"""

from collections.abc import Sequence

import anyio

from eulermaker.engines.containers import EngineEvent
from eulermaker.engines.images import HistoryStep, Images, InspectedImage, ListedImage
from eulermaker.features.live.changes import Change, Kind
from eulermaker.features.live.mirror import Mirror, Publish
from eulermaker.formats.image_reference import ImageReference, is_identifier
from eulermaker.kernel.clock import Clock

#: How old what is answered may be where no event came.
FRESH_SECONDS = 0.2
EXPLAINED_SECONDS = 5.0
SHA = "sha256:"

Described = tuple[InspectedImage, Sequence[HistoryStep]]


class ImageView(Mirror[ListedImage]):
    """The images of one engine, answered from memory; what is asked of one is kept while it stays."""

    kind: Kind = "image"

    def __init__(self, engine: Images, publish: Publish, *, clock: Clock) -> None:
        super().__init__(publish, clock=clock)
        self._engine = engine
        self._comparing = anyio.Lock()
        self._newest_first: Sequence[ListedImage] | None = None
        self._compared_at = float("-inf")
        #: Of which images an event has just told, and when: what a list then shows of them is known.
        self._told: dict[str, float] = {}
        self._described: dict[str, tuple[ListedImage, Described]] = {}

    async def newest_first(self) -> Sequence[ListedImage]:
        """All images that are no mere parts of others."""
        await self._freshen()
        if self._newest_first is None:
            newest = sorted(self._things.values(), key=lambda image: (image.created_at, image.id))
            self._newest_first = tuple(reversed(newest))
        return self._newest_first

    async def describe(self, reference: str) -> Described | None:
        """Everything about an image, by name, id or unambiguous id prefix; None when there is none."""
        await self._freshen()
        listed = self._find(reference)
        if listed is None:
            # It may be younger than the list, or a mere part of others, which lists leave out.
            return await self._ask_for(reference)
        kept = self._described.get(listed.id)
        if kept is not None and kept[0] == listed:
            return kept[1]
        described = await self._ask_for(listed.id)
        if described is not None and self._things.get(listed.id) == listed:
            self._described[listed.id] = listed, described
        return described

    def note(self, event: EngineEvent) -> None:
        """Take an event about an image."""
        if event.kind == "image":
            self._told[event.id] = anyio.current_time()
            self._tell(event, event.id, name=event.attributes.get("name", ""))
            self._look_at(event.id)

    async def inspect(self) -> None:
        """Compare when events say so, for as long as the engine is followed."""
        while True:
            work = self._work
            if self._dirty:
                self._dirty.clear()
                await self.compare()
            else:
                await work.wait()

    async def compare(self) -> None:
        """Take over the engine's list."""
        async with self._comparing:
            await self._take_over()

    async def _freshen(self) -> None:
        asked = anyio.current_time()
        self.require_connected()
        if asked - self._compared_at < FRESH_SECONDS:
            return
        async with self._comparing:
            # Somebody else may have asked while this one waited.
            if self._compared_at < asked:
                await self._take_over()

    async def _take_over(self) -> None:
        began = anyio.current_time()
        listed = {image.id: image for image in await self._engine.list()}
        found: dict[str, Change] = {}
        for gone in list(self._things.keys() - listed.keys()):
            found[gone] = self._found_out("delete", self._things[gone])
            self._drop(gone)
        for image in listed.values():
            known = self._things.get(image.id)
            if known != image:
                found[image.id] = self._found_out("create" if known is None else "tag", image)
                self._put(image)
        self._told = {one: at for one, at in self._told.items() if began - at < EXPLAINED_SECONDS}
        self._compared_with({one: change for one, change in found.items() if one not in self._told})
        self._compared_at = began

    async def _ask_for(self, reference: str) -> Described | None:
        inspected = await self._engine.get(reference)
        return None if inspected is None else (inspected, await self._engine.history(inspected.id))

    def _find(self, reference: str) -> ListedImage | None:
        if (found := self._things.get(reference)) is not None:
            return found
        name = ImageReference.parse(reference)
        if name is not None:
            for image in self._things.values():
                if str(name) in image.tags or str(name) in image.digests:
                    return image
        if not is_identifier(reference):
            return None
        start = reference if reference.startswith(SHA) else f"{SHA}{reference}"
        matches = [image for image in self._things.values() if image.id.startswith(start)]
        return matches[0] if len(matches) == 1 else None

    def _title(self, thing: ListedImage) -> tuple[str, str]:
        return (thing.tags or (thing.id,))[0], ""

    def _is_true(self, change: Change) -> bool:
        return (change.subject in self._things) == (change.action != "delete")

    def _changed(self, identifier: str) -> None:
        self._newest_first = None

    def _removed(self, known: ListedImage) -> None:
        self._described.pop(known.id, None)
