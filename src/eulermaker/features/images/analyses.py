"""Images taken apart: read from the engine once, and remembered, as an image never changes."""

from collections import OrderedDict

import anyio
from anyio import to_thread

from eulermaker.engines.images import Images, InspectedImage
from eulermaker.engines.port import ENGINE_REFUSED
from eulermaker.features.images.anatomy import Anatomy, dissect
from eulermaker.features.images.faults import ANALYSIS_BUSY, TOO_MANY_FILES
from eulermaker.formats.image_archive import ImageArchiveError, TooManyFilesError, read_image_archive
from eulermaker.kernel.pulled import Pulled
from eulermaker.kernel.singleflight import SingleFlight

#: For waiting for one's turn and for reading the image, each.
SECONDS = 300.0
#: About 150 MB of memory at the most, while one image is read.
MAX_FILES = 500_000
KEPT = 64


class Analyses:
    """What images consist of; one image is read at a time, however many ask."""

    def __init__(self, engine: Images, *, seconds: float = SECONDS, max_files: int = MAX_FILES) -> None:
        self._engine = engine
        self._seconds = seconds
        self._max_files = max_files
        self._turn = anyio.Lock()
        self._under_way = SingleFlight[Anatomy]()
        self._known: OrderedDict[str, Anatomy] = OrderedDict()

    async def of(self, image: InspectedImage) -> Anatomy:
        """What the image consists of; raises `image-too-many-files` and `image-analysis-busy`."""
        known = self._known.get(image.id)
        return known or await self._under_way.ask(image.id, lambda: self._read(image))

    async def _read(self, image: InspectedImage) -> Anatomy:
        name = image.tags[0] if image.tags else image.id
        try:
            with anyio.fail_after(self._seconds):
                await self._turn.acquire()
            try:
                with anyio.fail_after(self._seconds):
                    anatomy = await self._dissect(image, name)
            finally:
                self._turn.release()
        except TimeoutError as error:
            raise ANALYSIS_BUSY(image=name, seconds=round(self._seconds)) from error
        self._known[image.id] = anatomy
        if len(self._known) > KEPT:
            self._known.popitem(last=False)
        return anatomy

    async def _dissect(self, image: InspectedImage, name: str) -> Anatomy:
        async with self._engine.save(image.id) as stream:
            try:
                return await to_thread.run_sync(_anatomy, Pulled(stream), self._max_files)
            except TooManyFilesError as error:
                raise TOO_MANY_FILES(image=name, limit=self._max_files) from error
            except ImageArchiveError as error:
                raise ENGINE_REFUSED() from error


def _anatomy(archive: Pulled, max_files: int) -> Anatomy:
    return dissect(read_image_archive(archive, max_files=max_files))
