"""What probes of the tests watch: real HTTP servers that are well or not, as they are told."""

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple


class Asked(NamedTuple):
    """One request: when it came by the monotonic clock, its headers and its query."""

    at: float
    headers: dict[str, str]
    query: str


@dataclass
class Watched:
    """A server that answers with `status`, and with 503 at the paths that are ill; it remembers who asked."""

    port: int
    status: int = 200
    ill: set[str] = field(default_factory=set)
    asked: dict[str, list[Asked]] = field(default_factory=lambda: defaultdict(list))

    @property
    def base(self) -> str:
        """Where it is, without a path."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """One of its paths, for whoever needs only one."""
        return f"{self.base}/health"

    @property
    def at_health(self) -> list[Asked]:
        """The requests for that path."""
        return self.asked["/health"]

    def times(self, path: str) -> list[float]:
        """When a path was asked for."""
        return [one.at for one in self.asked[path]]


class _Many(ThreadingHTTPServer):
    request_queue_size = 1024
    daemon_threads = True


@contextmanager
def watched() -> Iterator[Watched]:
    """A server while it runs."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            running.asked[path].append(Asked(time.monotonic(), dict(self.headers), query))
            self.send_response(503 if path in running.ill else running.status)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"OK")

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = _Many(("127.0.0.1", 0), Answer)
    running = Watched(server.server_port)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield running
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
