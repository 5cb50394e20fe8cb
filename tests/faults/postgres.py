"""A PostgreSQL of the tests' own, to be stopped in the middle of everything."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.server import free_port


class OwnPostgres:
    """One PostgreSQL; it keeps its data and its port over restarts."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._port = free_port()
        self.url = f"postgresql+asyncpg://eulermaker@127.0.0.1:{self._port}/postgres"
        self._run("initdb", "-U", "eulermaker", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        self.start()

    @property
    def running(self) -> bool:
        """Whether it has been started and not stopped."""
        return (self._directory / "data" / "postmaster.pid").exists()

    def start(self) -> None:
        """Start it, unless it runs, and wait until it answers."""
        if self.running:
            return
        options = f"-p {self._port} -h 127.0.0.1 -k {self._directory} -c fsync=off"
        self._run("pg_ctl", "-l", str(self._directory / "log"), "-w", "-t", "60", "-o", options, "start")

    def stop(self) -> None:
        """End it at once, as a crash does; every connection is cut."""
        self._run("pg_ctl", "-m", "immediate", "-w", "stop")

    def remove(self) -> None:
        """End it if it runs, and forget its data."""
        if self.running:
            self.stop()
        shutil.rmtree(self._directory, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> None:
        binary = _program(program)
        # PostgreSQL refuses to run as root.
        prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        data = ["-D", str(self._directory / "data")]
        with (self._directory / "out").open("ab") as output:
            subprocess.run(
                [*prefix, binary, *data, *arguments],
                cwd=self._directory,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                check=True,
                timeout=120,
            )


@contextmanager
def own_postgres() -> Iterator[OwnPostgres]:
    """A PostgreSQL of the test's own, for as long as the block."""
    # Not below pytest's directory, which PostgreSQL's user may not enter; also short, for its socket.
    directory = Path(tempfile.mkdtemp(prefix="eulermaker-pg-"))
    if os.geteuid() == 0:
        shutil.chown(directory, "postgres")
    postgres = OwnPostgres(directory)
    try:
        yield postgres
    finally:
        postgres.remove()


def _program(name: str) -> str:
    """The program of the newest installed version; Debian keeps them off the path."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    return str(versions[-1] / name) if versions else name
