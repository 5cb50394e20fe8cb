"""Checks from configurations."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import assert_never
from urllib.parse import urlsplit

from eulermaker.engines.containers import Containers
from eulermaker.features.probes.checks.dns import DnsCheck
from eulermaker.features.probes.checks.exec import ExecCheck
from eulermaker.features.probes.checks.http import HttpCheck
from eulermaker.features.probes.checks.icmp import IcmpCheck
from eulermaker.features.probes.checks.log import LogCheck
from eulermaker.features.probes.checks.metrics import MetricsCheck, Samples
from eulermaker.features.probes.checks.run import Attempts
from eulermaker.features.probes.checks.target import Reaching, Target, is_address, is_own
from eulermaker.features.probes.checks.tcp import TcpCheck
from eulermaker.features.probes.checks.tls import TlsCheck
from eulermaker.features.probes.checks.verdict import Check
from eulermaker.features.probes.config import (
    Checked,
    Config,
    Dns,
    Exec,
    Http,
    Icmp,
    Log,
    Metrics,
    Push,
    Tcp,
    Tls,
    host_of,
    name_server,
)
from eulermaker.kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class Means:
    """What checks are made with, one of each for all of them."""

    reaching: Reaching
    engine: Containers
    samples: Samples
    clock: Clock


def check_of(config: Checked, target: Target, means: Means) -> Check:
    """The check of a configuration and its target, with its retries."""
    once = _once(config, target, means)
    return once if config.retries == 0 else Attempts(once, timeout=config.timeout, retries=config.retries)


def _once(config: Checked, target: Target, means: Means) -> Check:
    reaching = means.reaching
    match config:
        case Http():
            return HttpCheck(config, target, reaching, means.clock)
        case Tcp():
            return TcpCheck(config, target, reaching)
        case Tls():
            return TlsCheck(config, target, reaching, means.clock)
        case Exec():
            return ExecCheck(config, target, reaching, means.engine)
        case Metrics():
            return MetricsCheck(config, target, reaching, means.samples)
        case Dns():
            return DnsCheck(config, target, reaching)
        case Icmp():
            return IcmpCheck(config, target, reaching)
        case Log():
            return LogCheck(config, target, reaching, means.engine, means.clock)
        case _:
            assert_never(config)


def refused_address(config: Config, target: Target, reaching: Reaching) -> tuple[str, str] | None:
    """The field whose address the policy refuses, and what kind of address it is; None when all are open.

    Tells of addresses alone: what a name means is known, and judged, when it is checked.
    """
    for field, host in _hosts(config):
        if not is_address(host) or (target.container is not None and is_own(host) and field != "server"):
            continue
        refusal = reaching.policy.refusal(host, unconfined=target.unconfined, sees=target.sees)
        if refusal is not None:
            return field, str(refusal.facts["reason"])
    return None


def _hosts(config: Config) -> Iterator[tuple[str, str]]:
    match config:
        case Http():
            yield "url", host_of(urlsplit(config.url).hostname or "")
        case Tcp() | Tls() | Icmp():
            yield "host", config.host
        case Dns():
            if config.server is not None:
                yield "server", name_server(config.server)[0]
        case Exec() | Metrics() | Log() | Push():
            return
        case _:
            assert_never(config)
