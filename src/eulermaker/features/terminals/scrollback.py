"""The newest bytes of a terminal's output, found again by where they are in the whole of it."""


class Scrollback:
    """Keeps the last `capacity` bytes; `start` and `end` count from the first byte ever printed."""

    __slots__ = ("_bytes", "_capacity", "start")

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._bytes = bytearray()
        self.start = 0

    @property
    def end(self) -> int:
        """Where the next byte will be."""
        return self.start + len(self._bytes)

    def add(self, data: bytes) -> None:
        """Add bytes; the oldest give way."""
        self._bytes += data
        excess = len(self._bytes) - self._capacity
        if excess > 0:
            # Cutting a bytearray's front moves a pointer, not the bytes.
            del self._bytes[:excess]
            self.start += excess

    def read(self, position: int, size: int) -> bytes:
        """At most `size` bytes from a position on that lies between `start` and `end`."""
        first = position - self.start
        return bytes(memoryview(self._bytes)[first : first + size])
