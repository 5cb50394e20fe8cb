"""TCP checks: a connection, and where configured a few words over it."""

import asyncio
from collections.abc import Mapping
from typing import Any

from eulermaker.features.probes.checks import connect
from eulermaker.features.probes.checks.connect import connected, drop, reached
from eulermaker.features.probes.checks.pattern import MAX_SEARCHED, Pattern
from eulermaker.features.probes.checks.run import Run, attempt
from eulermaker.features.probes.checks.target import Aim, Reaching, Target
from eulermaker.features.probes.checks.verdict import Trouble, Verdict, failed, shown
from eulermaker.features.probes.config import Tcp

SEARCHES_AT_ONCE = 8
SEARCH_SECONDS = 0.02


class TcpCheck:
    """One configuration, ready to be asked again and again."""

    def __init__(self, config: Tcp, target: Target, reaching: Reaching) -> None:
        self._reaching = reaching
        self._aim = Aim(
            reaching,
            target,
            host=config.host,
            port=config.port,
            reach=config.reach,
            ip_version=config.ip_version,
        )
        self._send = config.send.encode() if config.send is not None else b""
        self._expect = Pattern(config.expect) if config.expect is not None else None

    async def __call__(self, deadline: float) -> Verdict:
        """Connect, say what is to be said, and wait for what is expected."""
        verdict = await attempt(self._look, deadline, self._reaching.alarms)
        # Connections on this host are made without waiting; others shall have their turn all the same.
        await asyncio.sleep(0)
        return verdict

    async def _look(self, run: Run) -> Mapping[str, Any]:
        where = self._aim.now(run.started)
        if where is None:
            where = await self._aim.places()
        if not self._send and self._expect is None:
            await reached(where, run)
            return run.facts
        transport, talk = await connected(where, lambda: _Talk(run), run)
        try:
            await self._converse(transport, talk, run)
        finally:
            drop(transport)
        return run.facts

    async def _converse(self, transport: asyncio.Transport, talk: "_Talk", run: Run) -> None:
        run.phase = "send"
        transport.write(self._send)
        run.phase = "receive"
        searches = 0
        while self._expect is not None:
            more = talk.more
            searches += 1
            if searches > SEARCHES_AT_ONCE:
                # Whoever trickles bytes must not make us search for each of them.
                await asyncio.sleep(SEARCH_SECONDS)
            said = bytes(talk.said)
            if said:
                run.facts["response"] = shown(said)
                if await self._expect.found_in(said):
                    return
            if len(said) >= MAX_SEARCHED:
                raise failed("unexpected response")
            if talk.ended is not None:
                raise talk.ended
            if len(talk.said) == len(said):
                await more.wait()


class _Talk(asyncio.Protocol):
    """What the other side says."""

    def __init__(self, run: Run) -> None:
        self.said = bytearray()
        self.ended: Trouble | None = None
        self.more = asyncio.Event()
        self._run = run

    def data_received(self, data: bytes) -> None:
        """Keep it, up to a bound."""
        self.said += data[: MAX_SEARCHED - len(self.said)]
        self._ring()

    def eof_received(self) -> None:
        """Nothing more comes."""
        self._end(failed("unexpected response" if self.said else "connection closed", phase=self._run.phase))

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing more comes."""
        if isinstance(exc, OSError):
            self._end(connect.trouble(exc, self._run))
        else:
            self.eof_received()

    def _end(self, trouble: Trouble) -> None:
        self.ended = self.ended or trouble
        self._ring()

    def _ring(self) -> None:
        more, self.more = self.more, asyncio.Event()
        more.set()
