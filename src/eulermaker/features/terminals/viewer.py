"""A socket that looks at a terminal: how far it has come in the output."""

import anyio

from eulermaker.features.terminals.rules import HIGH_WATER


class Viewer:
    """Where one socket stands; `sent` and `acked` count bytes of the terminal's whole output."""

    __slots__ = ("_wake", "acked", "interactive", "sent", "typing")

    def __init__(self, *, position: int, interactive: bool, acknowledges: bool) -> None:
        self.sent = position
        #: How far the client says it has parsed; None for one that never says.
        self.acked = position if acknowledges else None
        self.interactive = interactive
        #: Whether its input waits for the terminal, and its acknowledgements behind the input.
        self.typing = False
        self._wake = anyio.Event()

    @property
    def reached(self) -> int:
        """How far it has come, as far as can be known now."""
        return self.sent if self.acked is None or self.typing else self.acked

    @property
    def surely_reached(self) -> int:
        """How far it has come when its socket is lost."""
        return self.sent if self.acked is None else self.acked

    @property
    def room(self) -> int:
        """How many more bytes may be on their way to it; TCP alone holds back those that never say."""
        return self.reached + HIGH_WATER - self.sent

    def acknowledge(self, seq: int) -> None:
        """Note what the client has parsed; what it was never sent does not count."""
        self.acked = max(self.acked or 0, min(seq, self.sent))
        self.wake()

    def skip_to(self, position: int) -> None:
        """Go on from a later position: what lies between is lost to it."""
        self.sent = position
        if self.acked is not None:
            self.acked = position

    @property
    def news(self) -> anyio.Event:
        """Set when something has changed after this was asked for."""
        return self._wake

    def wake(self) -> None:
        """Tell whoever sends to it to look again."""
        wake, self._wake = self._wake, anyio.Event()
        wake.set()
