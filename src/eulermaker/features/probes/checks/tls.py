"""TLS checks, and what HTTP's share with them: contexts, handshakes, certificates."""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from cryptography import x509

from eulermaker.features.probes.checks.connect import connected, drop, secured
from eulermaker.features.probes.checks.run import Run, attempt
from eulermaker.features.probes.checks.target import Aim, Reaching, Target
from eulermaker.features.probes.checks.verdict import Trouble, Verdict, failed
from eulermaker.features.probes.config import Tls
from eulermaker.kernel.clock import Clock, rfc3339

_DAY = 86_400.0


@lru_cache(maxsize=512)
def context(*, verify: bool, ca_certificates: str | None) -> ssl.SSLContext:
    """A client's context; loading the trusted certificates takes 20 ms, so it is kept."""
    made = ssl.create_default_context(cadata=ca_certificates)
    made.set_alpn_protocols(["http/1.1"])
    if not verify:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    return made


@dataclass(frozen=True, slots=True)
class Handshake:
    """A TLS connection that stands, and the certificate that was shown."""

    version: str
    subject: str
    issuer: str
    ends: datetime

    def shown(self) -> dict[str, Any]:
        """As the details tell it: nothing that changes from check to check."""
        return {
            "tls_version": self.version,
            "certificate_subject": self.subject,
            "certificate_issuer": self.issuer,
            "certificate_expires_at": rfc3339(self.ends),
        }

    def trouble(self, now: datetime, *, min_days: float) -> Trouble | None:
        """That the certificate ends in fewer days; None when it does not."""
        left = (self.ends - now).total_seconds() / _DAY
        if left >= min_days:
            return None
        error = "certificate expired" if left < 0 else "certificate expires soon"
        return failed(error, certificate_days_left=round(left, 2))


def handshake(transport: asyncio.BaseTransport) -> Handshake:
    """What is known of a secured connection."""
    channel: ssl.SSLObject = transport.get_extra_info("ssl_object")
    der = channel.getpeercert(binary_form=True)
    assert der is not None, "a server always shows a certificate"
    subject, issuer, ends = _read(der)
    return Handshake(channel.version() or "", subject, issuer, ends)


@lru_cache(maxsize=4096)
def _read(der: bytes) -> tuple[str, str, datetime]:
    parsed = x509.load_der_x509_certificate(der)
    subject, issuer = (name.rfc4514_string()[:200] for name in (parsed.subject, parsed.issuer))
    return subject, issuer, parsed.not_valid_after_utc


class TlsCheck:
    """One configuration, ready to be asked again and again."""

    def __init__(self, config: Tls, target: Target, reaching: Reaching, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self._reaching = reaching
        self._aim = Aim(
            reaching,
            target,
            host=config.host,
            port=config.port,
            reach=config.reach,
            ip_version=config.ip_version,
        )
        self._context = context(verify=config.verify_tls, ca_certificates=config.ca_certificates)

    async def __call__(self, deadline: float) -> Verdict:
        """Shake hands, and look at the certificate."""
        return await attempt(self._look, deadline, self._reaching.alarms)

    async def _look(self, run: Run) -> Mapping[str, Any]:
        where = self._aim.now(run.started)
        if where is None:
            where = await self._aim.places()
        transport, _ = await connected(where, asyncio.Protocol, run)
        try:
            name = self._config.server_name or self._config.host
            transport = await secured(transport, asyncio.Protocol(), self._context, name, run)
            found = handshake(transport)
        finally:
            drop(transport)
        run.facts |= found.shown()
        trouble = found.trouble(self._clock(), min_days=self._config.min_certificate_days)
        if trouble is not None:
            raise trouble
        return run.facts
