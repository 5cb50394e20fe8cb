"""Real receivers that messages are sent to: good ones, and ones that misbehave on purpose."""

import base64
import hashlib
import hmac
import json
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

SECRET = "a secret that receiver and server share"
#: A receiver that is stricter than this would refuse a slow machine.
TOLERANCE_SECONDS = 300


@dataclass
class Received:
    """One request as it arrived."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float = field(default_factory=time.time)

    @property
    def key(self) -> str:
        """The idempotency key."""
        return self.headers["idempotency-key"]

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)

    def is_signed_with(self, secret: str) -> bool:
        """Whether the signature is that of Standard Webhooks, made just before it arrived."""
        timestamp = self.headers["webhook-timestamp"]
        signed = f"{self.headers['webhook-id']}.{timestamp}.".encode() + self.body
        digest = hmac.new(secret.encode(), signed, hashlib.sha256).digest()
        expected = f"v1,{base64.b64encode(digest).decode()}"
        fresh = abs(self.at - int(timestamp)) < TOLERANCE_SECONDS
        return fresh and hmac.compare_digest(expected, self.headers["webhook-signature"])


@dataclass
class Receiver:
    """An HTTP server that keeps what it gets, and answers as it is told."""

    port: int
    status: int = 200
    answer: bytes = b"ok"
    headers: dict[str, str] = field(default_factory=dict)
    #: `slow`: never answers; `dropping`: closes without an answer; `endless`: a body without end;
    #: `failing`: 500.
    manner: str = "polite"
    received: list[Received] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)
    arrived: threading.Condition = field(default_factory=threading.Condition)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}/hook"

    def keys(self) -> Counter[str]:
        """How often each key has come."""
        with self.arrived:
            return Counter(one.key for one in self.received)

    def wait(self, count: int, *, seconds: float = 30) -> list[Received]:
        """What came, once there are so many."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.received) >= count, seconds), self.received
            return list(self.received)

    def take(self, request: BaseHTTPRequestHandler) -> None:
        """Take a request and answer it."""
        self.behave(request, self.manner)

    def behave(self, request: BaseHTTPRequestHandler, manner: str) -> None:
        """Take a request and answer it in that manner."""
        length = int(request.headers.get("Content-Length", 0))
        body = request.rfile.read(length)
        if len(body) < length:
            return  # The sender died in the middle of it.
        headers = {name.lower(): value for name, value in request.headers.items()}
        with self.arrived:
            self.received.append(Received(request.path, headers, body))
            self.arrived.notify_all()
        match manner:
            case "slow":
                self.ended.wait(60)
            case "dropping":
                request.connection.shutdown(socket.SHUT_RDWR)
            case "endless":
                self._pour(request)
            case "failing":
                self._reply(request, 500)
            case _:
                self._reply(request, self.status)

    def _reply(self, request: BaseHTTPRequestHandler, status: int) -> None:
        request.send_response(status)
        for name, value in {**self.headers, "Content-Length": str(len(self.answer))}.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(self.answer)

    def _pour(self, request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        try:
            while not self.ended.is_set():
                request.wfile.write(b"x" * 65536)
        except OSError:
            return  # It has read enough.


class Busy(ThreadingHTTPServer):
    """Takes many connections at once."""

    request_queue_size = 256


@contextmanager
def receiver(
    *, tls: ssl.SSLContext | None = None, kind: Callable[[int], "Receiver"] | None = None, **manners: Any
) -> Iterator[Receiver]:
    """A receiver that listens on a port of its own; `kind` makes one of another kind for a port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            listening.take(self)

        def do_GET(self) -> None:
            listening.take(self)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = Busy(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    listening = kind(server.server_port) if kind else Receiver(port=server.server_port, **manners)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield listening
    finally:
        listening.ended.set()
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Mailbox:
    """What an SMTP server of ours has got."""

    port: int = 0
    refusal: str | None = None
    #: Addresses that are refused although others are taken.
    unknown: frozenset[str] = frozenset()
    mails: list[Message] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)

    async def handle_RCPT(  # the name is aiosmtpd's
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take a recipient, or refuse as it is told."""
        if self.refusal is not None:
            return self.refusal
        if address in self.unknown:
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Take a mail."""
        content = envelope.content
        assert isinstance(content, bytes)
        self.mails.append(message_from_bytes(content, policy=default))
        self.recipients += envelope.rcpt_tos
        return "250 OK"


@contextmanager
def mail_server(refusal: str | None = None) -> Iterator[Mailbox]:
    """An SMTP server on a port of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    box = Mailbox(port=port, refusal=refusal)
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()
