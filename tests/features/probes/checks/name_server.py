"""A small real name server on loopback, over UDP and TCP, whose answers a test can change."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

#: Name and type to the records' texts.
Zone = Mapping[tuple[str, str], list[str]]


class NameServer(asyncio.DatagramProtocol):
    """Answers from `zone`; `rcode` instead, `ttl` in seconds, and what it misbehaves like."""

    def __init__(self) -> None:
        self.zone: dict[tuple[str, str], list[str]] = {}
        self.rcode = dns.rcode.NOERROR
        self.ttl = 60
        self.truncates = False
        self.is_silent = False
        self.garbles = False
        self.questions = 0
        self.port = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ready to answer."""
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer over UDP."""
        answer = self.answer(data)
        if answer is None:
            return
        if self.truncates:
            short = dns.message.make_response(dns.message.from_wire(data))
            short.flags |= dns.flags.TC
            answer = short.to_wire()
        if self.garbles:
            answer = answer[:7]
        self._transport.sendto(answer, addr)  # type: ignore[attr-defined]  # a datagram transport

    def answer(self, data: bytes) -> bytes | None:
        """The answer to a question; None when there is none."""
        self.questions += 1
        if self.is_silent:
            return None
        question = dns.message.from_wire(data)
        answer = dns.message.make_response(question)
        asked = question.question[0]
        kind = asked.rdtype.name
        name = asked.name.to_text().rstrip(".").lower()
        records = self.zone.get((name, kind))
        if records:
            answer.answer.append(dns.rrset.from_text(asked.name, self.ttl, "IN", kind, *records))
        known = any(known_name == name for known_name, _ in self.zone)
        answer.set_rcode(self.rcode if self.rcode or known else dns.rcode.NXDOMAIN)
        return answer.to_wire()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer over TCP."""
        length = int.from_bytes(await reader.readexactly(2), "big")
        answer = self.answer(await reader.readexactly(length))
        if answer is not None:
            writer.write(len(answer).to_bytes(2, "big") + answer)
            await writer.drain()
        writer.close()


@asynccontextmanager
async def name_server() -> AsyncIterator[NameServer]:
    """A name server that runs."""
    loop = asyncio.get_running_loop()
    made = NameServer()
    over_tcp = await asyncio.start_server(made.talk, "127.0.0.1", 0)
    made.port = over_tcp.sockets[0].getsockname()[1]
    transport, _ = await loop.create_datagram_endpoint(lambda: made, local_addr=("127.0.0.1", made.port))
    try:
        yield made
    finally:
        transport.close()
        over_tcp.close()
