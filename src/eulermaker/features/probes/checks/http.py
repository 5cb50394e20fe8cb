"""HTTP checks: one request over a new connection, and what its answer has to be.

A bare protocol rather than a client library: a tenth of the CPU time for each check.
"""

import asyncio
import base64
import zlib
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urljoin, urlsplit

import httptools
from pydantic import TypeAdapter
from pydantic_core import from_json

from eulermaker.features.probes.checks import connect, tls
from eulermaker.features.probes.checks.connect import connected, drop, secured
from eulermaker.features.probes.checks.pattern import MAX_SEARCHED, Pattern
from eulermaker.features.probes.checks.run import Run, attempt
from eulermaker.features.probes.checks.target import Aim, Reaching, Target
from eulermaker.features.probes.checks.verdict import Trouble, Verdict, failed, shown, storable
from eulermaker.features.probes.config import (
    BasicAuth,
    BearerAuth,
    Http,
    JsonScalar,
    Url,
    host_of,
    is_secret_name,
    status_range,
)
from eulermaker.kernel.clock import Clock
from eulermaker.kernel.web import origin

USER_AGENT = "EulerMaker-Probe/1"
MAX_HEADERS = 64 * 1024
MAX_READ = MAX_SEARCHED
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_KEEP_METHOD = frozenset({307, 308})
_ENCODINGS = frozenset({"gzip", "x-gzip", "deflate"})
_CHARSETS = frozenset(
    {
        "gbk", "gb2312", "gb18030", "big5", "big5-hkscs", "shift_jis", "euc-jp", "euc-kr", "iso-8859-1",
        "iso-8859-2", "iso-8859-15", "windows-1250", "windows-1251", "windows-1252", "koi8-r", "utf-16",
    }
)  # fmt: skip
_KEPT_IN_URL = "%/:=&?~#+!$,;'@()*[]"
_URL: TypeAdapter[str] = TypeAdapter(Url)


class HttpCheck:
    """One configuration, ready to be asked again and again."""

    def __init__(self, config: Http, target: Target, reaching: Reaching, clock: Clock) -> None:
        self._config = config
        self._target = target
        self._reaching = reaching
        self._clock = clock
        self._ranges = _ranges(config)
        self._body = (config.body or "").encode()
        self._first = self._hop(config.url, config.method)
        self._pattern = Pattern(config.expected_body_regex) if config.expected_body_regex else None
        self._expected = config.expected_body.encode() if config.expected_body else b""
        self._unexpected = config.unexpected_body.encode() if config.unexpected_body else b""
        self._looks_at_body = bool(
            self._pattern or self._expected or self._unexpected or config.expected_json
        )

    async def __call__(self, deadline: float) -> Verdict:
        """Send the request, follow its redirects, and judge the last answer."""
        return await attempt(self._look, deadline, self._reaching.alarms)

    async def _look(self, run: Run) -> Mapping[str, Any]:
        hop = self._first
        for redirects in range(self._config.max_redirects + 1):
            answer = await self._exchange(hop, run)
            run.facts["status_code"] = answer.status
            if not self._leads_on(answer):
                return await self._judged(answer, run)
            run.facts["redirects"] = redirects + 1
            hop = self._next(hop, answer)
        raise failed("too many redirects")

    def _leads_on(self, answer: "_Exchange") -> bool:
        """Whether a redirect is to be followed: one whose status is asked for is what was asked for."""
        return (
            self._config.follow_redirects
            and answer.status in _REDIRECTS
            and bool(answer.location)
            and (self._config.expected_status is None or not self._is_expected(answer.status))
        )

    async def _exchange(self, hop: "_Hop", run: Run) -> "_Exchange":
        run.phase = "resolve"
        where = hop.aim.now(run.started)
        if where is None:
            where = await hop.aim.places()
        exchange = _Exchange(hop, run)
        transport, _ = await connected(where, lambda: exchange, run)
        try:
            if hop.tls:
                transport = await self._secure(hop, transport, exchange, run)
                transport.write(hop.request)
            run.phase = "receive"
            trouble = await exchange.done
            if trouble is not None:
                raise trouble
        finally:
            exchange.end()
            drop(transport)
        return exchange

    async def _secure(
        self, hop: "_Hop", transport: asyncio.Transport, exchange: "_Exchange", run: Run
    ) -> asyncio.Transport:
        config = self._config
        context = tls.context(verify=config.verify_tls, ca_certificates=config.ca_certificates)
        made = await secured(transport, exchange, context, config.server_name or hop.host, run)
        try:
            found = tls.handshake(made)
            run.facts |= found.shown()
            if config.min_certificate_days is not None:
                trouble = found.trouble(self._clock(), min_days=config.min_certificate_days)
                if trouble is not None:
                    raise trouble
        except BaseException:
            drop(made)
            raise
        return made

    async def _judged(self, answer: "_Exchange", run: Run) -> Mapping[str, Any]:
        run.phase = "judge"
        body = answer.body()
        if body:
            run.facts["response_body"] = shown(body)
        if answer.truncated:
            run.facts["truncated"] = True
        if not self._is_expected(answer.status):
            raise failed("unexpected status")
        if self._looks_at_body:
            await self._judge_body(body)
        return run.facts

    def _is_expected(self, status: int) -> bool:
        return any(first <= status <= last for first, last in self._ranges)

    async def _judge_body(self, body: bytes) -> None:
        if self._expected and self._expected not in body:
            raise failed("unexpected body", reason="expected_body is missing")
        if self._unexpected and self._unexpected in body:
            raise failed("unexpected body", reason="unexpected_body is there")
        if self._pattern is not None and not await self._pattern.found_in(body):
            raise failed("unexpected body", reason="expected_body_regex does not match")
        if self._config.expected_json:
            judge_json(body, self._config.expected_json)

    def _next(self, hop: "_Hop", answer: "_Exchange") -> "_Hop":
        method = hop.method
        if answer.status not in _KEEP_METHOD and (method == "POST" or answer.status == 303):
            method = "HEAD" if method == "HEAD" else "GET"
        try:
            url = urljoin(hop.url, answer.location)
            # Nothing but http and https, and no way to smuggle anything into the next request.
            url = _URL.validate_python(url.partition("#")[0])
        except ValueError as error:
            raise failed("bad redirect", location=storable(answer.location[:200])) from error
        return self._hop(url, method, same_origin=hop.same_origin and origin(url) == origin(hop.url))

    def _hop(self, url: str, method: str, *, same_origin: bool = True) -> "_Hop":
        parts = urlsplit(url)
        secure = parts.scheme == "https"
        host = host_of(parts.hostname or "")
        port = parts.port or (443 if secure else 80)
        body = self._body if method == self._config.method else b""
        lines = [f"{method} {_path(parts.path, parts.query)} HTTP/1.1"]
        named = f"[{host}]" if ":" in host else host
        netloc = named if parts.port is None else f"{named}:{port}"
        lines += [f"{name}: {value}" for name, value in self._headers(netloc, body, same_origin)]
        aim = Aim(
            self._reaching,
            self._target,
            host=host,
            port=port,
            reach=self._config.reach,
            ip_version=self._config.ip_version,
        )
        request = "\r\n".join((*lines, "", "")).encode() + body
        return _Hop(url, method, host, secure, request, aim, same_origin)

    def _headers(self, netloc: str, body: bytes, same_origin: bool) -> list[tuple[str, str]]:
        headers = {
            "host": ("Host", netloc),
            "user-agent": ("User-Agent", USER_AGENT),
            "accept": ("Accept", "*/*"),
            "accept-encoding": ("Accept-Encoding", "identity"),
        }
        if body or self._config.method in ("POST", "PUT", "PATCH"):
            headers["content-length"] = ("Content-Length", str(len(body)))
        if body:
            kind = "application/json" if body[:1] in (b"{", b"[") else "text/plain; charset=utf-8"
            headers["content-type"] = ("Content-Type", kind)
        for name, value in self._config.headers.items():
            # What was meant for one server is not told to another one.
            if same_origin or not (is_secret_name(name) or name.lower() == "host"):
                headers[name.lower()] = (name, value)
        if self._config.auth is not None and same_origin:
            headers["authorization"] = ("Authorization", _credentials(self._config.auth))
        headers["connection"] = ("Connection", "close")
        return list(headers.values())


class _Hop(NamedTuple):
    """One request, written once."""

    url: str
    method: str
    host: str
    tls: bool
    request: bytes
    aim: Aim
    same_origin: bool


class _Exchange(asyncio.Protocol):
    """One request and its answer over one connection; `done` is set when there is enough of it."""

    __slots__ = (
        "_chunks", "_encoding", "_has_length", "_headers_read", "_hop", "_parser", "_read", "_run", "_size",
        "_type", "done", "location", "status", "truncated",
    )  # fmt: skip

    def __init__(self, hop: _Hop, run: Run) -> None:
        self.done: asyncio.Future[Trouble | None] = asyncio.get_running_loop().create_future()
        self.status = 0
        self.location = ""
        self.truncated = False
        self._hop = hop
        self._run = run
        self._parser: httptools.HttpResponseParser | None = httptools.HttpResponseParser(self)
        self._read = 0
        self._headers_read = False
        self._has_length = False
        self._encoding = self._type = b""
        self._chunks: list[bytes] = []
        self._size = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask at once, unless TLS comes first."""
        if not self._hop.tls:
            transport.write(self._hop.request)  # type: ignore[attr-defined]  # uvloop's are no subclass

    def data_received(self, data: bytes) -> None:
        """Read on, up to the bounds."""
        if self.done.done() or self._parser is None:
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._finish()
        except httptools.HttpParserError:
            # A server that says more than its answer has answered.
            self._fail(failed("invalid response", phase=self._run.phase))
        if not self._headers_read:
            self._read += len(data)
            if self._read > MAX_HEADERS:
                self._fail(failed("headers too large", phase=self._run.phase))

    def eof_received(self) -> None:
        """The end, or too early for one."""
        self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        """The end, or too early for one."""
        if isinstance(exc, OSError) and not self._ends_with_connection:
            self._fail(connect.trouble(exc, self._run))
        self._end()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep what matters."""
        match name.lower():
            case b"location":
                self.location = value.decode("utf-8", "replace")[:4096]
            case b"content-length" | b"transfer-encoding":
                self._has_length = True
            case b"content-encoding":
                self._encoding = value
            case b"content-type":
                self._type = value

    def on_headers_complete(self) -> None:
        """The status is known, and whether a body comes."""
        assert self._parser is not None, "it is the parser that calls"
        self.status = self._parser.get_status_code()
        self._headers_read = self.status >= 200 or self.status == 101
        if self._headers_read and (self._hop.method == "HEAD" or self.status == 101):
            self._finish()

    def on_body(self, body: bytes) -> None:
        """Keep the beginning."""
        if self.done.done():
            return
        room = MAX_READ - self._size
        self._chunks.append(body[:room])
        self._size += len(body[:room])
        if len(body) > room:
            self.truncated = True
            self._finish()

    def on_message_complete(self) -> None:
        """All is there, unless it was a provisional answer."""
        if self._headers_read:
            self._finish()

    def end(self) -> None:
        """Let go of the parser, which holds on to this, so that no collector has to find the two."""
        self._parser = None

    def body(self) -> bytes:
        """The beginning of the body, as UTF-8 where it says how else it is written."""
        body = b"".join(self._chunks)
        if body and self._encoding.lower().decode("latin-1") in _ENCODINGS:
            body = _inflated(body)
        charset = _charset(self._type)
        return body.decode(charset, "replace").encode() if charset in _CHARSETS else body

    @property
    def _ends_with_connection(self) -> bool:
        return self._headers_read and not self._has_length

    def _end(self) -> None:
        if self._ends_with_connection:
            self._finish()
        else:
            self._fail(failed("connection closed", phase=self._run.phase))

    def _finish(self) -> None:
        if not self.done.done():
            self.done.set_result(None)

    def _fail(self, trouble: Trouble) -> None:
        if not self.done.done():
            self.done.set_result(trouble)


def judge_json(body: bytes, expected: Mapping[str, JsonScalar]) -> None:
    """Raise Trouble unless each path (`checks.0.up`) leads to its value."""
    try:
        told = from_json(body)
    except ValueError as error:
        raise failed("unexpected body", reason="the body is no JSON") from error
    for path, wanted in expected.items():
        found = _at(told, path)
        if not (found == wanted and isinstance(found, bool) == isinstance(wanted, bool)):
            raise failed("unexpected body", reason=f"{path} differs", found=_short(found))


def _at(value: Any, path: str) -> Any:
    for part in path.removeprefix("$.").split("."):
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            return _Missing
    return value


class _Missing:
    """What stands in the place of a value that is not there."""


def _short(value: Any) -> Any:
    if value is _Missing:
        return "(missing)"
    return value if value is None or isinstance(value, int | float) else storable(str(value)[:200])


def _inflated(body: bytes) -> bytes:
    for window in (47, -15):
        try:
            return zlib.decompressobj(window).decompress(body, MAX_READ)
        except zlib.error:
            continue
    return body


def _charset(content_type: bytes) -> str:
    _, _, rest = content_type.decode("latin-1").lower().partition("charset=")
    return rest.partition(";")[0].strip(" \t\"'")


def _ranges(config: Http) -> tuple[tuple[int, int], ...]:
    expected = config.expected_status
    if expected is None:
        return ((200, 399),)
    return tuple(status_range(one) for one in (expected if isinstance(expected, list) else [expected]))


def _credentials(auth: BasicAuth | BearerAuth) -> str:
    match auth:
        case BasicAuth():
            return "Basic " + base64.b64encode(f"{auth.username}:{auth.password}".encode()).decode()
        case BearerAuth():
            return f"Bearer {auth.token}"


def _path(path: str, query: str) -> str:
    written = quote(path or "/", safe=_KEPT_IN_URL)
    return f"{written}?{quote(query, safe=_KEPT_IN_URL)}" if query else written
