"""A small build service on loopback that misbehaves when told to, over real sockets."""

import hashlib
import json
import re
import sys
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

CREATED_AT = "2026-11-20T10:00:00Z"


@dataclass
class Received:
    """A request as it came in."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class StoredBuild:
    id: str
    request: dict[str, Any]
    status: str = "pending"
    ends: str = "success"
    uploads: dict[str, bytes] = field(default_factory=dict)

    def detail(self) -> dict[str, Any]:
        failed = self.status in {"failed", "timeout"}
        return {
            "id": self.id,
            "name": self.request.get("name", "thing"),
            "status": self.status,
            "created_at": CREATED_AT,
            "duration": 1.5 if self.status == "success" else None,
            "image": None,
            "artifacts": [],
            "error": {"code": "step-failed", "message": "make: *** [all] Error 2"} if failed else None,
            "steps": {"total": 2, "cached": 0, "done": 2},
            "told_by_a_newer_server": True,
        }


class Server:
    """The service's state, and the misbehaviours that wait for their request."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.builds: dict[str, StoredBuild] = {}
        self.ends = "success"
        self.log: list[dict[str, Any]] = [
            {"seq": 1, "data": "Step 1/2 : FROM busybox", "step": 1, "steps": 2, "kind": "step"},
            {"seq": 2, "data": " ---> ready \u2028 [bold]", "step": 1, "steps": 2, "kind": "output"},
            {"seq": 4, "data": "Step 2/2 : RUN make", "step": 2, "steps": 2, "kind": "step"},
        ]
        self.files = {"hello-2.10-1.x86_64.rpm": bytes(range(256)) * 4096}
        self.access = {"access-0"}
        self.expired: set[str] = set()
        self.refresh = "refresh-0"
        self.refreshes = 0
        self.revoked = False
        self.unhealthy = False
        self.running = threading.Event()
        self.release = threading.Event()
        self.lock = threading.Lock()
        self._waiting: dict[str, deque[Misbehaviour]] = defaultdict(deque)

    def misbehave(self, route: str, *misbehaviours: "Misbehaviour") -> None:
        """The next requests of `METHOD /path` are answered so, one after another; then well again."""
        self._waiting[route].extend(misbehaviours)

    def due(self, route: str) -> "Misbehaviour | None":
        waiting = self._waiting[route]
        return waiting.popleft() if waiting else None

    def requests(self, route: str) -> list[Received]:
        return [each for each in self.received if f"{each.method} {each.path}" == route]

    def stored(self, build_id: str = "build_1", **fields: Any) -> StoredBuild:
        self.builds[build_id] = StoredBuild(build_id, {"name": "thing"}, **fields)
        return self.builds[build_id]

    def expire(self) -> None:
        """Every access token given out so far has now expired."""
        self.expired |= self.access

    def frames(self, since: int) -> list[bytes]:
        logs = [{"type": "log", "timestamp": CREATED_AT, "stage": None, **each} for each in self.log]
        frames = [each for each in logs if each["seq"] > since]
        end = {"type": "end", "status": self.ends, "seq": 5}
        return [json.dumps(each, ensure_ascii=False).encode() + b"\n" for each in (*frames, end)]


class Conversation(BaseHTTPRequestHandler):
    """One connection of a client."""

    protocol_version = "HTTP/1.1"
    server_version = "test"
    disable_nagle_algorithm = True
    state: Server
    request_body: bytes
    query: dict[str, str]

    def log_message(self, format: str, *args: Any) -> None:
        """Keeps the test's output clean."""

    def handle_any(self) -> None:
        split = urlsplit(self.path)
        path = split.path.removeprefix("/api/v1")
        self.query = {key: values[0] for key, values in parse_qs(split.query).items()}
        self.request_body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        received = Received(self.command, path, self.query, dict(self.headers), self.request_body)
        with self.state.lock:
            self.state.received.append(received)
            misbehaviour = self.state.due(f"{self.command} {path}")
        if misbehaviour:
            misbehaviour(self)
        else:
            self.behave(path)

    do_GET = do_POST = do_PUT = do_DELETE = handle_any

    def behave(self, path: str) -> None:
        open_to_all = {
            "/auth/login": self.login,
            "/auth/refresh": self.refresh,
            "/system/health": self.health,
        }
        if path in open_to_all:
            open_to_all[path]()
        elif self.signed_in():
            self.route(path)

    def signed_in(self) -> bool:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if token in self.state.expired:
            self.problem(401, "token-expired")
        elif token not in self.state.access:
            self.problem(401, "token-invalid" if token else "token-missing")
        else:
            return True
        return False

    def login(self) -> None:
        body = json.loads(self.request_body)
        if body == {"username": "admin", "password": "correct horse"}:
            self.hand_out()
        else:
            self.problem(401, "wrong-credentials")

    def refresh(self) -> None:
        with self.state.lock:
            self.state.refreshes += 1
            used = json.loads(self.request_body)["refresh_token"] if self.request_body else self.state.refresh
            self.state.revoked |= used != self.state.refresh
        if self.state.revoked:
            self.problem(401, "session-ended")
        else:
            self.hand_out()

    def hand_out(self) -> None:
        with self.state.lock:
            number = len(self.state.access)
            self.state.access.add(f"access-{number}")
            self.state.refresh = f"refresh-{number}"
        self.data(
            {
                "token": f"access-{number}",
                "expires_in": 3600,
                "token_type": "Bearer",
                "refresh_token": f"refresh-{number}",
            }
        )

    def health(self) -> None:
        status = "unhealthy" if self.state.unhealthy else "healthy"
        checks = {"docker": {"status": status, "message": "Docker daemon is running"}}
        told = {"status": status, "checks": checks, "timestamp": CREATED_AT}
        self.data(told, status=503 if self.state.unhealthy else 200)

    def route(self, path: str) -> None:
        if path == "/builds":
            self.create() if self.command == "POST" else self.page()
            return
        found = re.fullmatch(r"/builds/([^/]+)(/.*)?", path)
        build = self.state.builds.get(found[1]) if found else None
        if found is None or build is None:
            self.problem(404, "build-not-found")
        else:
            self.build(build, found[2] or "")

    def create(self) -> None:
        request = json.loads(self.request_body)
        build = StoredBuild(f"build_{len(self.state.builds) + 1}", request)
        self.state.builds[build.id] = build
        self.data(build.detail(), status=201)

    def page(self) -> None:
        limit, offset = int(self.query["limit"]), int(self.query["offset"])
        builds = [each.detail() for each in self.state.builds.values()]
        wanted = [each for each in builds if self.query.get("status") in {None, each["status"]}]
        page = wanted[offset : offset + limit]
        self.data({"builds": page, "total": len(wanted), "limit": limit, "offset": offset})

    def build(self, build: StoredBuild, rest: str) -> None:
        match self.command, rest.split("/")[1:]:
            case "GET", []:
                self.data(build.detail())
            case "DELETE", []:
                del self.state.builds[build.id]
                self.data(None)
            case "POST", ["execute"]:
                build.status = "running"
                self.data(
                    {"id": build.id, "status": "pending", "queue": {"position": 2, "reason": "slots taken"}}
                )
            case "POST", ["cancel"]:
                build.status = "cancelled"
                self.data({"id": build.id, "status": "cancelled", "cancelled_at": CREATED_AT})
            case "PUT", ["context", *parts]:
                build.uploads[unquote("/".join(parts))] = self.request_body
                self.data(None)
            case "GET", ["logs"]:
                self.logs(build)
            case "GET", ["artifacts"]:
                self.data({"artifacts": [artifact(*each) for each in self.state.files.items()]})
            case "GET", ["artifacts", *parts]:
                self.file(unquote("/".join(parts)))
            case _:
                self.problem(404, "route-not-found")

    def logs(self, build: StoredBuild) -> None:
        if self.query.get("follow") == "true":
            build.status = self.state.ends
            self.stream(self.state.frames(int(self.query["since_seq"])))
        else:
            tail = int(self.query.get("tail", 100))
            self.data({"logs": [each["data"] for each in self.state.log[-tail:]], "next_seq": 4})

    def file(self, name: str, *, cut_after: int | None = None) -> None:
        content = self.state.files[name]
        etag = f'"{hashlib.sha256(content).hexdigest()}"'
        ranged = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        start = int(ranged[1]) if ranged and self.headers.get("If-Range") == etag else 0
        self.head(206 if start else 200, {"ETag": etag, "Content-Length": str(len(content) - start)})
        self.wfile.write(content[start:][:cut_after])
        if cut_after is not None:
            self.close_connection = True

    def stream(self, frames: list[bytes], *, complete: bool = True) -> None:
        self.head(200, {"Content-Type": "application/x-ndjson", "Transfer-Encoding": "chunked"})
        for frame in frames:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(frame), frame))
        if complete:
            self.wfile.write(b"0\r\n\r\n")
        else:
            self.close_connection = True

    def data(self, data: Any, *, status: int = 200) -> None:
        self.json({"success": True, "data": data, "timestamp": CREATED_AT}, status=status)

    def problem(self, status: int, code: str, **more: Any) -> None:
        title = code.replace("-", " ").capitalize()
        body = {
            "type": f"/errors/{code}",
            "title": title,
            "status": status,
            "code": code,
            "detail": f"{title}!",
        }
        told: dict[str, Any] = {"retryable": False, "retry_after": None, "request_id": "req-7", "details": {}}
        self.json({**body, **told, **more}, status=status, type="application/problem+json")

    def json(
        self, body: Any, *, status: int, type: str = "application/json", headers: dict[str, str] | None = None
    ) -> None:
        content = json.dumps(body).encode()
        self.head(status, {"Content-Type": type, "Content-Length": str(len(content)), **(headers or {})})
        self.wfile.write(content)

    def head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()


class Listener(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client may hang up when it likes; anything else is a fault of the test."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


Misbehaviour = Callable[[Conversation], None]


def refuses(status: int, code: str, **more: Any) -> Misbehaviour:
    """Answers with a problem."""
    return lambda conversation: conversation.problem(status, code, **more)


def speaks_family_000(status: int, code: str, **headers: str) -> Misbehaviour:
    """Answers with family 000's own error body, as if it had never heard of RFC 9457."""
    error = {"code": code, "message": "请求频率超过限制", "details": {"limit": 20}}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda conversation: conversation.json(
        {"success": False, "error": error}, status=status, headers=named
    )


def answers(body: bytes, *, status: int = 200, **headers: str) -> Misbehaviour:
    """Answers with just these bytes, as a proxy or another server would."""

    def answer(conversation: Conversation) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        conversation.head(status, {"Content-Length": str(len(body)), **named})
        conversation.wfile.write(body)

    return answer


def hangs_up(conversation: Conversation) -> None:
    """Closes the connection without an answer."""
    conversation.close_connection = True


def hangs(conversation: Conversation) -> None:
    """Says nothing until the test is over."""
    conversation.state.release.wait(30)
    conversation.close_connection = True


def cuts_the_log(after: int, torn: bytes = b"") -> Misbehaviour:
    """Breaks the log stream off behind that many frames and the beginning of another."""

    def cut(conversation: Conversation) -> None:
        frames = conversation.state.frames(int(conversation.query["since_seq"]))[:after]
        conversation.stream([*frames, *([torn] if torn else [])], complete=False)

    return cut


def ends_the_log_early(conversation: Conversation) -> None:
    """Ends the log stream in good order, but before the build's end."""
    conversation.stream(conversation.state.frames(int(conversation.query["since_seq"]))[:1])


def repeats_the_log(conversation: Conversation) -> None:
    """Sends everything from the start, whatever was asked for."""
    conversation.stream(conversation.state.frames(0))


def falls_silent(conversation: Conversation) -> None:
    """Begins the log stream and sends no more."""
    conversation.stream([], complete=False)
    conversation.wfile.flush()
    conversation.state.running.set()
    conversation.state.release.wait(30)


def cuts_the_file(after: int) -> Misbehaviour:
    """Breaks a download off behind that many bytes."""

    def cut(conversation: Conversation) -> None:
        conversation.file(unquote(conversation.path.rsplit("/", 1)[1]), cut_after=after)

    return cut


def artifact(name: str, content: bytes) -> dict[str, Any]:
    """An artifact as the API tells it."""
    rpm = {
        "name": "hello",
        "epoch": None,
        "version": "2.10",
        "release": "1",
        "arch": "x86_64",
        "source": False,
    }
    return {
        "name": name,
        "size": len(content),
        "path": f"/output/{name}",
        "sha256": hashlib.sha256(content).hexdigest(),
        "rpm": {**rpm, "size": 4711, "requires": ["libc.so.6"], "provides": ["hello = 2.10-1"]},
    }


@contextmanager
def serving() -> Iterator[tuple[Server, str]]:
    """The service and its address, until the block ends."""
    state = Server()
    handler = type("BoundConversation", (Conversation,), {"state": state})
    listener = Listener(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield state, f"http://127.0.0.1:{listener.server_port}"
    finally:
        state.release.set()
        listener.shutdown()
        listener.server_close()
        thread.join()
