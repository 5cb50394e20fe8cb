"""Echo requests on loopback and into nowhere, over every kind of socket that the system allows."""

import os
import socket
import sys
from typing import Any

import anyio
import pytest

from eulermaker.features.probes.checks import icmp
from eulermaker.features.probes.checks.icmp import IcmpCheck
from eulermaker.features.probes.checks.target import Reaching
from eulermaker.features.probes.checks.verdict import Verdict
from eulermaker.features.probes.config import Icmp
from tests.features.probes.checks.asking import GENEROUS, SHORT, ask, failure, success
from tests.features.probes.checks.conftest import HERE

pytestmark = pytest.mark.anyio


async def ping(reaching: Reaching, *, seconds: float = GENEROUS, **config: Any) -> Verdict:
    """The verdict of an ICMP check."""
    return await ask(IcmpCheck(Icmp(**config), HERE, reaching), seconds=seconds)


@pytest.mark.parametrize(("host", "size"), [("127.0.0.1", 56), ("127.0.0.1", 9), ("::1", 56)])
async def test_loopback_answers(reaching: Reaching, host: str, size: int) -> None:
    details = success(await ping(reaching, host=host, count=3, size=size))
    assert (details["sent"], details["received"], details["loss"]) == (3, 3, 0.0)
    assert details["rtt_ms"] > 0


PING = """
import asyncio
from eulermaker.features.probes.checks.names import Names
from eulermaker.features.probes.checks.target import Reaching
from tests.features.probes.checks.seen import Listed
from tests.features.probes.checks.test_icmp import ping
verdict = asyncio.run(ping(Reaching(Listed(), Names()), host="127.0.0.1"))
print(verdict.status, verdict.details.get("error"))
"""


async def test_without_any_permission_nothing_is_known() -> None:
    # A new network namespace lets no group use unprivileged sockets, and raw ones need the capability.
    command = ["unshare", "--map-root-user", "--net", "setpriv", "--bounding-set", "-net_raw"]
    done = await anyio.run_process(
        [*command, sys.executable, "-c", PING], env={**os.environ, "PYTHONPATH": "."}
    )
    assert done.stdout.decode().split() == ["unknown", "not", "permitted"]


PERMIT = """
import fcntl, os, socket, struct, sys
with open("/proc/sys/net/ipv4/ping_group_range", "w") as setting:
    setting.write("0 0")
with socket.socket() as any_socket:
    # SIOCSIFFLAGS: IFF_UP and IFF_RUNNING.
    fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh14x", b"lo", 0x1 | 0x40))
os.execvp("setpriv", ["setpriv", "--bounding-set", "-net_raw", sys.executable, "-c", sys.argv[1]])
"""


async def test_unprivileged_sockets_are_enough() -> None:
    command = ["unshare", "--map-root-user", "--net", sys.executable, "-c", PERMIT, PING]
    done = await anyio.run_process(command, env={**os.environ, "PYTHONPATH": "."})
    assert done.stdout.decode().split() == ["success", "None"]


async def test_losses_are_counted(reaching: Reaching, monkeypatch: pytest.MonkeyPatch) -> None:
    exchange = icmp._Echo.exchange

    async def losing_every_second(self: Any, sequence: int) -> None:
        if sequence % 2 == 0:
            raise TimeoutError
        await exchange(self, sequence)

    monkeypatch.setattr(icmp._Echo, "exchange", losing_every_second)
    verdict = await ping(reaching, host="127.0.0.1", count=4, max_loss=25)
    assert failure(verdict) == "packets lost"
    assert verdict.details["loss"] == 50.0
    success(await ping(reaching, host="127.0.0.1", count=4, max_loss=50))


async def test_no_answer_at_all(reaching: Reaching, monkeypatch: pytest.MonkeyPatch) -> None:
    # Requests with the answer's own type are nothing that anybody answers.
    monkeypatch.setattr(icmp, "_ECHO", {socket.AF_INET: (13, 0)})
    verdict = await ping(reaching, host="127.0.0.1", count=2, seconds=SHORT)
    assert failure(verdict) == "timeout"
    assert verdict.details["received"] == 0
