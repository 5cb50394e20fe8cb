"""The main job from end to end: serve, build GNU hello into RPMs, install the RPM elsewhere, run it.

Usage: python -m scripts.demo HELLO_TARBALL, with DOCKER_HOST set; `make demo` does all the set-up before.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import httpx
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from eulermaker.client import Artifact, Build, Client, EulerMakerError, LogLine
from scripts import engine_api

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / ".run" / "demo"
SERVER_LOG = DATA / "server.log"
SPEC = ROOT / "examples" / "hello" / "hello.spec"
RUNTIME_IMAGE = "eulermaker/rpm-runtime:latest"
START_SECONDS = 60
STOP_SECONDS = 20
INSTALL_SECONDS = 300

# Every line belongs to somebody else's log: nothing in it is markup.
console = Console(highlight=False, markup=False)


class DemoFailed(Exception):
    """The demonstration can't go on; the text is the one line to show."""


def free_port(preferred: int) -> int:
    """`preferred` when nobody listens there, else any free port of the loopback interface."""
    for port in (preferred, 0):
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(listener.getsockname()[1])
    raise DemoFailed("there is no free port on 127.0.0.1")


def server_environment() -> dict[str, str]:
    """The caller's environment, on SQLite and a data directory of the demonstration's own."""
    ours = {"EULERMAKER_DATA_DIR": str(DATA)}
    foreign = {
        f"EULERMAKER_{name}"
        for name in ("CONFIG", "DATABASE_URL", "REDIS_URL", "ADMIN_USERNAME", "ADMIN_PASSWORD")
    }
    return {key: value for key, value in os.environ.items() if key not in foreign} | ours


@contextmanager
def server() -> Iterator[str]:
    """Serve for as long as the context lasts; yields the address once it is ready."""
    DATA.mkdir(parents=True, exist_ok=True)
    port = free_port(8080)
    command = [str(ROOT / ".venv/bin/eulermaker"), "serve", "--host", "127.0.0.1", "--port", str(port)]
    with SERVER_LOG.open("ab") as log:
        # A session of its own: Ctrl-C reaches the server through us, after what we do with it.
        process = subprocess.Popen(
            command, env=server_environment(), stdout=log, stderr=log, start_new_session=True
        )
    try:
        address = f"http://127.0.0.1:{port}"
        wait_until_ready(process, address)
        yield address
    finally:
        stop(process)


def wait_until_ready(process: subprocess.Popen[bytes], address: str) -> None:
    """Return once the server says that it is ready."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise DemoFailed(f"the server ended at its start: {last_line(SERVER_LOG)} (log: {SERVER_LOG})")
        try:
            if httpx.get(f"{address}/readyz", timeout=5).is_success:
                return
        except httpx.TransportError:
            pass  # not listening yet
        time.sleep(0.1)
    raise DemoFailed(f"the server was not ready after {START_SECONDS} s (log: {SERVER_LOG})")


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ask the server to end, and insist when it does not."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def last_line(file: Path) -> str:
    """The last line of a text file that is not blank."""
    lines = file.read_text(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "no output")


def build_hello(client: Client, tarball: Path) -> Build:
    """Build the example's spec from the tarball, showing steps and log; returns the finished build."""
    build = client.builds.create("hello", spec_content=SPEC.read_text())
    client.builds.upload(build.id, tarball.name, tarball)
    client.builds.execute(build.id)
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total} steps"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    ) as progress:
        task = progress.add_task("building hello", total=None)
        for line in client.builds.follow(build.id):
            console.print(line.data, soft_wrap=True)
            advance(progress, task, line)
    build = client.builds.get(build.id)
    if build.status != "success":
        reason = build.error.message if build.error else "see the log above"
        raise DemoFailed(f"the build ended as {build.status}: {reason}")
    return build


def advance(progress: Progress, task: TaskID, line: LogLine) -> None:
    """Move the bar to the step that a log line belongs to."""
    if line.step is not None and line.steps is not None:
        progress.update(task, completed=line.step, total=line.steps)
    if line.kind == "step":
        progress.update(task, description=line.data)


def download(client: Client, build: Build) -> list[tuple[Artifact, Path]]:
    """Fetch all artifacts of a build into the data directory, with progress."""
    directory = DATA / "artifacts"
    directory.mkdir(exist_ok=True)
    fetched = []
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, console=console) as progress:
        for artifact in client.builds.artifacts(build.id):
            task = progress.add_task(artifact.name, total=artifact.size)

            def moved(done: int, _total: int | None, task: TaskID = task) -> None:
                progress.update(task, completed=done)

            fetched.append(
                (artifact, client.builds.download(build.id, artifact.name, directory, progress=moved))
            )
    return fetched


def pick_rpms(fetched: list[tuple[Artifact, Path]]) -> tuple[Path, Path]:
    """The binary and the source RPM of hello."""
    found = {
        artifact.rpm.source: path
        for artifact, path in fetched
        if artifact.rpm and artifact.rpm.name == "hello"
    }
    if found.keys() != {True, False}:
        raise DemoFailed(
            f"the build left no RPM and SRPM of hello, but: {[path.name for _, path in fetched]}"
        )
    return found[False], found[True]


def install_and_greet(rpm: Path) -> None:
    """Install the RPM with its dependencies in a clean container, and run it there."""
    command = ["sh", "-c", f"dnf install -y /tmp/{rpm.name} && rpm -q hello && hello"]
    code, output = engine_api.run(os.environ["DOCKER_HOST"], RUNTIME_IMAGE, command, rpm, INSTALL_SECONDS)
    console.print(output.rstrip(), soft_wrap=True)
    if code != 0 or not output.endswith("Hello, world!\n"):
        raise DemoFailed("the RPM could not be installed and run in a clean container")


def demonstrate(address: str, tarball: Path) -> None:
    """Do the main job on the server at `address` and say where everything is."""
    password_file = DATA / "initial-admin-password"
    password = password_file.read_text().strip()
    console.rule("Building GNU hello")
    with Client(address, username="admin", password=password, language="en") as client:
        client.auth.login()
        build = build_hello(client, tarball)
        console.rule("Downloading")
        rpm, source_rpm = pick_rpms(download(client, build))
    console.rule("Installing the RPM in a clean container")
    install_and_greet(rpm)
    console.rule("Done")
    for name, value in {
        "RPM": rpm,
        "source RPM": source_rpm,
        "console": address,
        "user": "admin",
        "password": f"{password}  (in {password_file})",
    }.items():
        console.print(f"{name:>10}  {value}", soft_wrap=True)


def serve_until_interrupted() -> None:
    """Wait for Ctrl-C when somebody is watching."""
    if not sys.stdout.isatty():
        return
    console.print("Serving until Ctrl-C.")
    try:
        signal.pause()
    except KeyboardInterrupt:
        console.print("Stopping.")


def end_on_signal(number: int, _frame: FrameType | None) -> None:
    """Leave through the contexts, so that the server is stopped."""
    sys.exit(128 + number)


def main() -> int:
    """Run the demonstration. Exit codes: 0 done, 1 failed, 130 interrupted before its end."""
    signal.signal(signal.SIGTERM, end_on_signal)
    signal.signal(signal.SIGHUP, end_on_signal)
    try:
        with server() as address:
            demonstrate(address, Path(sys.argv[1]))
            serve_until_interrupted()
    except (DemoFailed, EulerMakerError, engine_api.EngineError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
