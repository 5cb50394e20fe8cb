"""One check of a configuration, as the tests ask for it."""

import asyncio
from typing import Any

from eulermaker.features.probes.checks.http import HttpCheck
from eulermaker.features.probes.checks.target import Reaching, Target
from eulermaker.features.probes.checks.tcp import TcpCheck
from eulermaker.features.probes.checks.tls import TlsCheck
from eulermaker.features.probes.checks.verdict import Check, Status, Verdict
from eulermaker.features.probes.config import Http, Tcp, Tls
from eulermaker.kernel.clock import Clock, utc_now

#: For checks that end by themselves: long enough on a busy machine.
GENEROUS = 30.0
#: For checks that must run out of time.
SHORT = 0.3


async def ask(check: Check, *, seconds: float = GENEROUS) -> Verdict:
    """Its verdict; fails when the check overran its deadline."""
    loop = asyncio.get_running_loop()
    return await asyncio.wait_for(check(loop.time() + seconds), seconds + GENEROUS)


async def http(
    reaching: Reaching,
    target: Target,
    *,
    seconds: float = GENEROUS,
    clock: Clock = utc_now,
    **config: Any,
) -> Verdict:
    """The verdict of an HTTP check."""
    return await ask(HttpCheck(Http(**config), target, reaching, clock), seconds=seconds)


async def tcp(reaching: Reaching, target: Target, *, seconds: float = GENEROUS, **config: Any) -> Verdict:
    """The verdict of a TCP check."""
    return await ask(TcpCheck(Tcp(**config), target, reaching), seconds=seconds)


async def tls(
    reaching: Reaching,
    target: Target,
    *,
    seconds: float = GENEROUS,
    clock: Clock = utc_now,
    **config: Any,
) -> Verdict:
    """The verdict of a TLS check."""
    return await ask(TlsCheck(Tls(**config), target, reaching, clock), seconds=seconds)


def failure(verdict: Verdict) -> Any:
    """The error of a verdict that has to be a failure."""
    assert verdict.status is Status.FAILURE, verdict
    return verdict.details["error"]


def success(verdict: Verdict) -> Any:
    """The details of a verdict that has to be a success."""
    assert verdict.status is Status.SUCCESS, verdict
    assert "error" not in verdict.details
    return verdict.details


def unknown(verdict: Verdict) -> Any:
    """The error of a verdict that tells of our own trouble."""
    assert verdict.status is Status.UNKNOWN, verdict
    return verdict.details["error"]
