"""ICMP checks: echo requests over an unprivileged socket where the system allows it, else a raw one."""

import asyncio
import os
import socket
import struct
import time
from collections.abc import Mapping
from typing import Any

from eulermaker.features.probes.checks import connect
from eulermaker.features.probes.checks.run import Run, attempt
from eulermaker.features.probes.checks.target import Aim, Reaching, Target
from eulermaker.features.probes.checks.verdict import Verdict, failed, unknown
from eulermaker.features.probes.config import Icmp

_HEADER = struct.Struct("!BBHHH")
_TOKEN = 8
_ECHO = {socket.AF_INET: (8, 0), socket.AF_INET6: (128, 129)}
_PROTOCOLS = {socket.AF_INET: socket.IPPROTO_ICMP, socket.AF_INET6: socket.IPPROTO_ICMPV6}
#: linux/in.h and in6.h: errors that come back (host unreachable) are told by the next receive.
_RECEIVE_ERRORS = {socket.AF_INET: (socket.IPPROTO_IP, 11), socket.AF_INET6: (socket.IPPROTO_IPV6, 25)}
MAX_PACKET = 2048


class IcmpCheck:
    """One configuration, ready to be asked again and again."""

    def __init__(self, config: Icmp, target: Target, reaching: Reaching) -> None:
        self._config = config
        self._reaching = reaching
        self._aim = Aim(
            reaching, target, host=config.host, port=0, reach="address", ip_version=config.ip_version
        )

    async def __call__(self, deadline: float) -> Verdict:
        """Send the echo requests one after the other, and count the answers."""

        async def look(run: Run) -> Mapping[str, Any]:
            return await self._look(run, deadline)

        # The last request is given up a moment earlier, so that the losses are counted.
        return await attempt(look, deadline + 0.5, self._reaching.alarms)

    async def _look(self, run: Run, deadline: float) -> Mapping[str, Any]:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout_at(deadline):
            where = self._aim.now(run.started)
            if where is None:
                where = await self._aim.places()
        run.phase = "receive"
        echo = _Echo(where[0].address, self._config.size)
        times: list[float] = []
        try:
            for number in range(1, self._config.count + 1):
                left = max(0.0, deadline - loop.time()) / (self._config.count - number + 1)
                sent = time.perf_counter()
                try:
                    async with asyncio.timeout(left):
                        await echo.exchange(number)
                except TimeoutError:
                    continue
                times.append((time.perf_counter() - sent) * 1000)
        except OSError as error:
            raise connect.trouble(error, run) from error
        finally:
            echo.close()
        return self._judged(times, run)

    def _judged(self, times: list[float], run: Run) -> Mapping[str, Any]:
        count = self._config.count
        loss = 100.0 * (count - len(times)) / count
        run.facts |= {"sent": count, "received": len(times), "loss": round(loss, 1)}
        if times:
            run.facts["rtt_ms"] = round(sum(times) / len(times), 3)
        if not times:
            raise failed("timeout", phase=run.phase)
        if loss > self._config.max_loss:
            raise failed("packets lost")
        return run.facts


class _Echo:
    """A socket for echo requests to one address."""

    def __init__(self, address: str, size: int) -> None:
        self._family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._socket, self._is_raw = _open(self._family)
        self._socket.setblocking(False)
        self._number = os.getpid() & 0xFFFF
        self._token = os.urandom(_TOKEN)
        self._padding = bytes(size - _TOKEN)
        try:
            self._socket.setsockopt(*_RECEIVE_ERRORS[self._family], 1)
            self._socket.connect((address, 0))
        except OSError:
            self._socket.close()
            raise

    async def exchange(self, sequence: int) -> None:
        """Send a request and wait for its answer."""
        loop = asyncio.get_running_loop()
        request, reply = _ECHO[self._family]
        payload = self._token + self._padding
        bare = _HEADER.pack(request, 0, 0, self._number, sequence) + payload
        packet = _HEADER.pack(request, 0, _checksum(bare), self._number, sequence) + payload
        await loop.sock_sendall(self._socket, packet)
        while True:
            data = await loop.sock_recv(self._socket, MAX_PACKET)
            if self._is_raw and self._family == socket.AF_INET:
                data = data[(data[0] & 0x0F) * 4 :]
            # A raw socket sees the answers to others too, and an unprivileged one has a number of its own.
            if len(data) < _HEADER.size + _TOKEN:
                continue
            kind, _, _, _, number = _HEADER.unpack_from(data)
            if kind == reply and number == sequence and data[_HEADER.size :].startswith(self._token):
                return

    def close(self) -> None:
        """Close it."""
        self._socket.close()


def _open(family: socket.AddressFamily) -> tuple[socket.socket, bool]:
    protocol = _PROTOCOLS[family]
    try:
        return socket.socket(family, socket.SOCK_DGRAM, protocol), False
    except PermissionError:
        pass
    try:
        return socket.socket(family, socket.SOCK_RAW, protocol), True
    except PermissionError as error:
        raise unknown(
            "not permitted", reason="net.ipv4.ping_group_range and CAP_NET_RAW both forbid it"
        ) from error


def _checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    padded = data + b"\0" * (len(data) % 2)
    total: int = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF
