"""Speak to a Docker Engine with the standard library alone, before anything is installed.

Used by the set-up scripts; `DOCKER_HOST` names the engine (unix:// or tcp://).
"""

import argparse
import http.client
import io
import json
import os
import socket
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple
from urllib.parse import quote, urlencode, urlsplit


class EngineError(Exception):
    """The engine refused; `status` is its HTTP status, where it gave one."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self) -> None:
        """Connect to the socket's path instead of a host."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Exchange(NamedTuple):
    """An answer that is being read; it ends with its connection."""

    connection: http.client.HTTPConnection
    response: http.client.HTTPResponse


def connect(host: str, timeout: float) -> http.client.HTTPConnection:
    """Open a connection to `host`, a DOCKER_HOST address."""
    address = urlsplit(host)
    if address.scheme == "unix":
        return UnixConnection(address.path, timeout)
    if address.scheme == "tcp" and address.hostname and not os.environ.get("DOCKER_TLS_VERIFY"):
        return http.client.HTTPConnection(address.hostname, address.port or 2375, timeout=timeout)
    raise EngineError(f"DOCKER_HOST={host} is not supported: use unix:// or plain tcp://")


@contextmanager
def exchange(
    host: str,
    method: str,
    path: str,
    body: IO[bytes] | bytes | None = None,
    *,
    content_type: str = "application/x-tar",
    timeout: float = 60,
) -> Iterator[Exchange]:
    """Send one request and yield its answer; a file goes out chunked. Raises EngineError if refused."""
    connection = connect(host, timeout)
    try:
        headers = {"Content-Type": content_type} if body else {}
        connection.request(method, path, body, headers, encode_chunked=hasattr(body, "read"))
        with connection.getresponse() as response:
            if response.status >= 400:
                message = json.loads(response.read()).get("message", response.reason)
                raise EngineError(message, response.status)
            yield Exchange(connection, response)
    finally:
        connection.close()


def frames(response: http.client.HTTPResponse) -> Iterator[dict[str, object]]:
    """The progress objects of a pull, import or build. Raises EngineError at an error frame."""
    for line in response:
        if not line.strip():
            continue
        frame = json.loads(line)
        if "error" in frame:
            raise EngineError(str(frame["error"]))
        yield frame


def show(frame: dict[str, object]) -> None:
    """Print one progress object on stderr; byte counters are left out."""
    if "stream" in frame:
        sys.stderr.write(str(frame["stream"]))
    elif "status" in frame and not frame.get("progressDetail"):
        sys.stderr.write(f"{frame.get('id', '')} {frame['status']}\n".lstrip())


def ping(host: str) -> None:
    """Return when the engine answers within 5 s."""
    with exchange(host, "GET", "/_ping", timeout=5):
        pass


def has_image(host: str, image: str) -> bool:
    """Tell whether the engine holds `image`."""
    try:
        with exchange(host, "GET", f"/images/{quote(image, safe='/:')}/json"):
            return True
    except EngineError as error:
        if error.status == 404:
            return False
        raise


def pull(host: str, image: str, first_byte: float, silence: float) -> None:
    """Pull `image`; wait `first_byte` seconds for progress to begin, `silence` seconds between its parts."""
    name, _, tag = image.rpartition(":")
    query = urlencode({"fromImage": name, "tag": tag})
    with exchange(host, "POST", f"/images/create?{query}", timeout=first_byte) as answer:
        for frame in frames(answer.response):
            answer.connection.sock.settimeout(silence)
            show(frame)


def import_image(host: str, image: str, archive: IO[bytes], changes: list[str]) -> None:
    """Make `image` from a root file system's tar archive, applying Dockerfile `changes`."""
    name, _, tag = image.rpartition(":")
    query = urlencode({"fromSrc": "-", "repo": name, "tag": tag, "changes": changes}, doseq=True)
    with exchange(host, "POST", f"/images/create?{query}", archive, timeout=600) as answer:
        for _ in frames(answer.response):
            pass


def build(host: str, image: str, directory: Path, target: str) -> None:
    """Build `image` from the Dockerfile in `directory`, on the host's network."""
    query = urlencode({"t": image, "target": target, "networkmode": "host", "rm": "1", "forcerm": "1"})
    with exchange(host, "POST", f"/build?{query}", packed(directory, "."), timeout=1200) as answer:
        for frame in frames(answer.response):
            show(frame)


def packed(path: Path, name: str) -> IO[bytes]:
    """A tar archive in memory with `path` in it as `name`."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        archive.add(path, arcname=name)
    content.seek(0)
    return content


def post_json(host: str, path: str, body: object, timeout: float = 60) -> dict[str, object]:
    """POST a JSON body and return the JSON answer, empty where there is none."""
    content = json.dumps(body).encode()
    with exchange(host, "POST", path, content, content_type="application/json", timeout=timeout) as answer:
        parsed: dict[str, object] = json.loads(answer.response.read() or b"{}")
        return parsed


def run(
    host: str, image: str, command: list[str], file: Path, timeout: float, *, network: str = "default"
) -> tuple[int, str]:
    """Run `command` in a new container that has `file` under /tmp; return its exit code and output.

    The container is removed in any case. `timeout` is in seconds; the `network` may be `host`.
    """
    order = {"Image": image, "Cmd": command, "HostConfig": {"NetworkMode": network}}
    container = f"/containers/{post_json(host, '/containers/create', order)['Id']}"
    try:
        with exchange(host, "PUT", f"{container}/archive?path=/tmp", packed(file, file.name)):
            pass
        post_json(host, f"{container}/start", {})
        code = post_json(host, f"{container}/wait", {}, timeout)["StatusCode"]
        with exchange(host, "GET", f"{container}/logs?stdout=1&stderr=1") as answer:
            output = unframed(answer.response.read())
        return int(str(code)), output.decode(errors="replace")
    finally:
        with exchange(host, "DELETE", f"{container}?force=1&v=1"):
            pass


def unframed(content: bytes) -> bytes:
    """The output of a container without the engine's frames: a stream's number, zeros, a length."""
    parts = []
    while content:
        length = int.from_bytes(content[4:8], "big")
        parts.append(content[8 : 8 + length])
        content = content[8 + length :]
    return b"".join(parts)


def argument_parser() -> argparse.ArgumentParser:
    """The command line: one verb each for the functions above."""
    parser = argparse.ArgumentParser(description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("ping")
    verbs.add_parser("has").add_argument("image")
    pulling = verbs.add_parser("pull")
    pulling.add_argument("image")
    pulling.add_argument("--first-byte", type=float, default=20)
    pulling.add_argument("--silence", type=float, default=120)
    importing = verbs.add_parser("import")
    importing.add_argument("image")
    importing.add_argument("--change", action="append", default=[])
    building = verbs.add_parser("build")
    building.add_argument("image")
    building.add_argument("directory", type=Path)
    building.add_argument("--target", default="")
    return parser


def main() -> int:
    """Run one verb. Exit codes: 0 done, 1 no (the verb `has`), 2 failed."""
    options = argument_parser().parse_args()
    host = os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
    try:
        match options.verb:
            case "ping":
                ping(host)
            case "has":
                return 0 if has_image(host, options.image) else 1
            case "pull":
                pull(host, options.image, options.first_byte, options.silence)
            case "import":
                import_image(host, options.image, sys.stdin.buffer, options.change)
            case "build":
                build(host, options.image, options.directory, options.target)
    except (EngineError, OSError, http.client.HTTPException) as error:
        print(f"engine at {host}: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
