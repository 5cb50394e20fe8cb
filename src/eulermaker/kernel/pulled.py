"""A stream of the event loop's, read as a file by a worker thread."""

import io
from collections.abc import AsyncIterator

from anyio import from_thread


class Pulled(io.RawIOBase):
    """Fetches each chunk from the event loop when the thread asks for it."""

    def __init__(self, stream: AsyncIterator[bytes]) -> None:
        self._stream = stream
        self._rest = b""

    def read(self, size: int = -1) -> bytes:
        """The next bytes: exactly so many, until the stream ends; ends with whom the thread works for."""
        from_thread.check_cancelled()
        pieces, missing = [self._rest], size - len(self._rest)
        while missing > 0 and (piece := from_thread.run(anext, self._stream, None)) is not None:
            pieces.append(piece)
            missing -= len(piece)
        data = b"".join(pieces)
        self._rest = data[size:]
        return data[:size]
