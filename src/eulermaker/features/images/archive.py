"""An archive on its way from a client to the engine."""

from collections.abc import AsyncIterator

import anyio

from eulermaker.engines.images import ARCHIVE_REFUSED
from eulermaker.features.images.faults import IMPORT_INTERRUPTED, IMPORT_TOO_LARGE
from eulermaker.kernel.faults import Fault

#: A client that sends nothing for so long has given up.
SILENCE_SECONDS = 120.0


class IncomingArchive:
    """The chunks of a body; `fault` tells why they ended before their end.

    Whoever sends them on only sees a body that broke off, which the engine takes for no archive.
    """

    def __init__(self, body: AsyncIterator[bytes], *, limit: int) -> None:
        self._body = body
        self._limit = limit
        self.fault: Fault | None = None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The chunks; raises `fault`."""
        size = 0
        while (chunk := await self._next()) is not None:
            size += len(chunk)
            if size > self._limit:
                self._refuse(IMPORT_TOO_LARGE(limit=self._limit))
            yield chunk
        if size == 0:
            self._refuse(ARCHIVE_REFUSED())

    async def _next(self) -> bytes | None:
        try:
            with anyio.fail_after(SILENCE_SECONDS):
                return await anext(self._body, None)
        except TimeoutError:
            self._refuse(IMPORT_INTERRUPTED())
        except Fault as fault:
            self._refuse(fault)
        return None

    def _refuse(self, fault: Fault) -> None:
        self.fault = fault
        raise fault
