"""One POST to a URL of a user's: no redirect, no proxy, no refused address, and little is read."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, Literal

from eulermaker.kernel.addresses import AddressPolicy, AddressRefused, Unresolvable
from eulermaker.kernel.later import later
from eulermaker.kernel.outbox import Outcome

if TYPE_CHECKING:
    import httpx
else:
    httpx = later("httpx")

MAX_ANSWER = 64 * 1024
MAX_SHOWN = 200
TRIED_ADDRESSES = 3
#: An address that does not answer leaves time for the next; what else takes long is the caller's to end.
CONNECT_SECONDS = 4.0
#: Asked-for pauses count up to this, in seconds.
MAX_WAIT = 3600.0


@dataclass(frozen=True, slots=True)
class Reply:
    """What a receiver answered; `text` is the beginning of its body, `wait` the pause it asks for."""

    status: int
    text: str
    wait: float


class Poster:
    """Posts to wherever the policy lets it; the deadline is the caller's."""

    def __init__(self, policy: AddressPolicy) -> None:
        self._policy = policy

    async def post(
        self,
        url: str,
        *,
        body: bytes,
        headers: Mapping[str, str],
        loopback: bool,
        verify_tls: bool = True,
    ) -> Reply | Outcome:
        """The receiver's reply, else why there is none; `loopback` opens this host's own services."""
        target = httpx.URL(url)
        try:
            addresses = await self._policy.resolve(target.host, _port(target), loopback=loopback)
        except AddressRefused as error:
            return Outcome("dead", "address-refused", str(error))
        except Unresolvable as error:
            return Outcome("again", "name-not-resolved", str(error))
        failure: Outcome | None = None
        async with httpx.AsyncClient(
            verify=_trust(verify_tls),
            follow_redirects=False,
            trust_env=False,
            timeout=httpx.Timeout(None, connect=CONNECT_SECONDS),
        ) as client:
            for address in addresses[:TRIED_ADDRESSES]:
                try:
                    return await self._once(client, target, address, body=body, headers=headers)
                except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                    failure = Outcome("again", "connection-failed", _said(error))
                except httpx.HTTPError as error:
                    # What may have been received is not sent to the next address as well.
                    return Outcome("again", "connection-broke", _said(error))
        return failure or Outcome("again", "name-not-resolved", target.host)

    async def _once(
        self,
        client: httpx.AsyncClient,
        target: httpx.URL,
        address: str,
        *,
        body: bytes,
        headers: Mapping[str, str],
    ) -> Reply:
        request = client.build_request(
            "POST",
            target.copy_with(host=address),
            content=body,
            headers={**headers, "Host": target.netloc.decode(), "Accept-Encoding": "identity"},
            extensions=_named(target.host),
        )
        answer = await client.send(request, stream=True)
        try:
            return Reply(
                answer.status_code, await _beginning(answer), _wait(answer.headers.get("retry-after"))
            )
        finally:
            await answer.aclose()


def judged(reply: Reply | Outcome) -> Outcome:
    """What a reply means for the message: only 2xx is arrival, and only 410 is for ever."""
    if isinstance(reply, Outcome):
        return reply
    if 200 <= reply.status < 300:
        return Outcome("sent")
    if 300 <= reply.status < 400:
        return Outcome("again", "redirected", f"{reply.status}: redirects are not followed")
    kind: Literal["dead", "again"] = "dead" if reply.status == httpx.codes.GONE else "again"
    return Outcome(
        kind, f"http-{reply.status}", f"{reply.status} {shown(reply.text)}".strip(), wait=reply.wait
    )


def shown(text: str) -> str:
    """The beginning of what a receiver said, on one line."""
    return "".join(char if char.isprintable() else " " for char in text[:MAX_SHOWN]).strip()


@cache
def _trust(verify: bool) -> ssl.SSLContext:
    # To make one costs more than a request does.
    return httpx.create_ssl_context(verify=verify, trust_env=False)


def _port(url: httpx.URL) -> int:
    return url.port or (443 if url.scheme == "https" else 80)


def _named(host: str) -> dict[str, str]:
    """The connection goes to an address; the certificate has to be that of the name."""
    try:
        ip_address(host)
    except ValueError:
        return {"sni_hostname": host}
    return {}


async def _beginning(answer: httpx.Response) -> str:
    read = bytearray()
    async for chunk in answer.aiter_raw(8192):
        read += chunk
        if len(read) >= MAX_ANSWER:
            break
    return read[:MAX_ANSWER].decode(errors="replace")


def _wait(value: str | None) -> float:
    """Seconds of a Retry-After header (RFC 9110 §10.2.3); 0 where it says nothing."""
    if value is None:
        return 0.0
    if value.strip().isdecimal():
        return min(float(value.strip()), MAX_WAIT)
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    moment = until if until.tzinfo else until.replace(tzinfo=UTC)
    return min(max((moment - datetime.now(UTC)).total_seconds(), 0.0), MAX_WAIT)


def _said(error: Exception) -> str:
    return shown(str(error)) or type(error).__name__
