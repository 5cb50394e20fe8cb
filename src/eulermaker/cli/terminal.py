"""The user's own terminal, lent to one in a container."""

import os
import select
import signal
import sys
import termios
import threading
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from eulermaker.client import TerminalSession

_READ = 64 * 1024
_DETACH = b"\x10\x11"  # ctrl-p ctrl-q


class DetachKeys:
    """Finds the keys that leave a terminal among those that go into it."""

    def __init__(self) -> None:
        self._held = b""

    def take(self, typed: bytes) -> tuple[bytes, bool]:
        """What goes into the terminal, and whether the keys came behind it.

        Their beginning is held back until it is known what follows.
        """
        typed = self._held + typed
        before, found, _ = typed.partition(_DETACH)
        if found:
            return before, True
        self._held = typed[-1:] if typed.endswith(_DETACH[:1]) else b""
        return typed[: len(typed) - len(self._held)], False


class Terminal:
    """Keys and sizes go in, output comes out; the terminal is as it was at the end, however that comes."""

    def __init__(self, session: TerminalSession) -> None:
        self._session = session
        self._stdin = sys.stdin.fileno()
        self._stdout = sys.stdout.fileno()

    def run(self) -> None:
        """Until the session ends or the user detaches."""
        with _raw(self._stdin), _wakeups() as (awake, wake):
            keyboard = threading.Thread(target=self._listen, args=(awake,), daemon=True)
            keyboard.start()
            try:
                for output in self._session:
                    self._write(output)
            finally:
                self._session.detach()
                os.write(wake, b"\0")
                keyboard.join()

    def _listen(self, awake: int) -> None:
        keys = DetachKeys()
        while not self._session.detached:
            ready, _, _ = select.select([self._stdin, awake], [], [])
            if awake in ready:
                os.read(awake, _READ)
                size = os.get_terminal_size(self._stdout)
                self._session.resize(size.columns, size.lines)
            if self._stdin in ready:
                self._type(keys)

    def _type(self, keys: DetachKeys) -> None:
        typed = os.read(self._stdin, _READ)
        passed, leaves = keys.take(typed)
        if passed:
            self._session.send(passed)
        # Without a keyboard nothing can be typed any more: the user has hung up.
        if leaves or not typed:
            self._session.detach()

    def _write(self, output: bytes) -> None:
        view = memoryview(output)
        while view:
            view = view[os.write(self._stdout, view) :]


@contextmanager
def _raw(terminal: int) -> Iterator[None]:
    before = termios.tcgetattr(terminal)
    try:
        # Draining, not flushing: what is typed ahead counts.
        tty.setraw(terminal, termios.TCSADRAIN)
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)


@contextmanager
def _wakeups() -> Iterator[tuple[int, int]]:
    """A pipe that can be read whenever the window has another size, and that ends what waits for it."""
    awake, wake = os.pipe()
    os.set_blocking(wake, False)

    def resized(number: int, frame: FrameType | None) -> None:
        os.write(wake, b"\0")

    def ended(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    handlers = {signal.SIGWINCH: resized, signal.SIGTERM: ended, signal.SIGHUP: ended}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield awake, wake
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(awake)
        os.close(wake)
