"""Connections for checks: made to judged places, their troubles in words, ended without a trace."""

import asyncio
import errno
import os
import socket
import ssl
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from eulermaker.features.probes.checks.run import Run
from eulermaker.features.probes.checks.target import Place
from eulermaker.features.probes.checks.verdict import Trouble, failed, unknown

ProtocolT = TypeVar("ProtocolT", bound=asyncio.BaseProtocol)

#: Close with a reset: a check every few microseconds must leave no port in TIME_WAIT, here or there.
_AT_ONCE = struct.pack("ii", 1, 0)
_FAILURES: Mapping[int, str] = {
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: "connection reset",
    errno.EPIPE: "connection reset",
    errno.ECONNABORTED: "connection reset",
    errno.EHOSTUNREACH: "host unreachable",
    errno.EHOSTDOWN: "host unreachable",
    errno.ETIMEDOUT: "timeout",
}
#: OpenSSL's reasons (x509_vfy.h) in the words of the verdict.
_CERTIFICATES: Mapping[int, str] = {
    9: "certificate not yet valid",
    10: "certificate expired",
    18: "certificate self-signed",
    19: "certificate self-signed",
    20: "certificate not trusted",
    21: "certificate not trusted",
    62: "certificate for another name",
    64: "certificate for another name",
}
_OURS: Mapping[int, str] = {
    errno.EMFILE: "no sockets left",
    errno.ENFILE: "no sockets left",
    errno.ENOBUFS: "no sockets left",
    errno.ENOMEM: "no sockets left",
    errno.EADDRNOTAVAIL: "no ports left",
    errno.EADDRINUSE: "no ports left",
    errno.EAGAIN: "no ports left",
    errno.ENETUNREACH: "no route",
    errno.ENETDOWN: "no route",
    errno.EACCES: "not permitted",
    errno.EPERM: "not permitted",
    errno.EAFNOSUPPORT: "no route",
}


async def connected(
    where: Sequence[Place], protocol: Callable[[], ProtocolT], run: Run
) -> tuple[asyncio.Transport, ProtocolT]:
    """A connection to the first place that takes one; raises Trouble with the reason of the last."""
    run.phase = "connect"
    loop = asyncio.get_running_loop()
    for left, (address, port) in enumerate(where, start=1 - len(where)):
        try:
            made = await loop.create_connection(protocol, address, port)
            # At once: a loop closes by itself what the other side has closed.
            made[0].get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
            return made
        except OSError as error:
            if not left or error.errno not in _FAILURES:
                raise trouble(error, run) from error
    raise AssertionError("there is at least one place")


async def reached(where: Sequence[Place], run: Run) -> None:
    """Return when a place took a connection, of which nothing is left; raises Trouble as `connected` does.

    Costs half as much as a connection that something is said over.
    """
    run.phase = "connect"
    for left, place in enumerate(where, start=1 - len(where)):
        try:
            with socket.socket(socket.AF_INET6 if ":" in place.address else socket.AF_INET) as channel:
                channel.setblocking(False)
                channel.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
                number = await _connect(channel, place)
        except OSError as error:
            raise trouble(error, run) from error
        if number in (0, errno.EISCONN):
            return
        if not left or number not in _FAILURES:
            raise trouble(OSError(number, os.strerror(number)), run)


async def _connect(channel: socket.socket, place: Place) -> int:
    """The error number of a connection attempt."""
    number = channel.connect_ex(place)
    if number == errno.EINPROGRESS:
        # To a place on this host the connection stands by now: asking is cheaper than waiting.
        number = channel.connect_ex(place)
    if number not in (errno.EINPROGRESS, errno.EALREADY):
        return number
    loop = asyncio.get_running_loop()
    writable = loop.create_future()
    loop.add_writer(channel, _set, writable)
    try:
        await writable
    finally:
        loop.remove_writer(channel)
    return channel.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)


def _set(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


async def secured(
    transport: asyncio.Transport,
    protocol: asyncio.Protocol,
    context: ssl.SSLContext,
    server_name: str,
    run: Run,
) -> asyncio.Transport:
    """TLS over a connection that stands; raises Trouble. The protocol is not told that it is made."""
    run.phase = "tls"
    loop = asyncio.get_running_loop()
    try:
        made = await loop.start_tls(transport, protocol, context, server_hostname=server_name)
    except OSError as error:
        raise trouble(error, run) from error
    if made is None:
        raise failed("connection closed", phase=run.phase)
    return made


def drop(transport: asyncio.Transport) -> None:
    """Close a connection at once."""
    transport.abort()


def trouble(error: OSError, run: Run) -> Trouble:
    """What an error of the network says: the other side's failure, or our own trouble."""
    if isinstance(error, ssl.SSLCertVerificationError):
        told = _CERTIFICATES.get(error.verify_code, "certificate not trusted")
        return failed(told, phase=run.phase, reason=error.verify_message)
    if isinstance(error, ssl.SSLError):
        reason = (error.reason or "unknown").replace("_", " ").lower()
        return failed("tls handshake failed", phase=run.phase, reason=reason)
    number = error.errno or 0
    if number in _OURS:
        return unknown(_OURS[number], phase=run.phase)
    if number in _FAILURES or isinstance(error, ConnectionError):
        return failed(_FAILURES.get(number, "connection reset"), phase=run.phase)
    return unknown("network error", phase=run.phase, reason=errno.errorcode.get(number, type(error).__name__))
