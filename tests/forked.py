"""Servers of the tests, forked from a process that has imported the program.

What runs is what the command `eulermaker` runs, with its own arguments, environment and output; what is
saved is the import, three quarters of the processor's time that a start takes.
"""

import gc
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from multiprocessing.context import ForkServerProcess
from pathlib import Path


class Forked:
    """A server process, with as much of `subprocess.Popen` as the tests use."""

    def __init__(self, process: ForkServerProcess) -> None:
        self._process = process
        assert process.pid is not None
        self.pid: int = process.pid

    def poll(self) -> int | None:
        """The exit code of one that has ended."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, once it has ended; raises subprocess.TimeoutExpired."""
        self._process.join(timeout)
        code = self._process.exitcode
        if code is None:
            assert timeout is not None
            raise subprocess.TimeoutExpired("serve", timeout)
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal to one that still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it as `kill -9` does."""
        self.send_signal(signal.SIGKILL)


def launch(arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> Forked:
    """Start the command with these arguments."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.preload", "tests.forked"])
    # A daemon: one that a test forgot ends with the tests, which would wait for it otherwise.
    process = context.Process(target=_run, args=(list(arguments), dict(environment), log), daemon=True)
    process.start()
    return Forked(process)


def _run(arguments: list[str], environment: dict[str, str], log: Path) -> None:
    """Be that command; called in the forked process."""
    _redirect(log)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["eulermaker", *arguments]
    # What was imported belongs to all of them: a collection would touch it, and make copies.
    gc.freeze()
    from eulermaker.__main__ import main

    main()


def _redirect(log: Path) -> None:
    for number, path, flags in (
        (0, os.devnull, os.O_RDONLY),
        (1, log, os.O_WRONLY | os.O_APPEND | os.O_CREAT),
        (2, log, os.O_WRONLY | os.O_APPEND | os.O_CREAT),
    ):
        opened = os.open(path, flags, 0o644)
        os.dup2(opened, number)
        os.close(opened)
