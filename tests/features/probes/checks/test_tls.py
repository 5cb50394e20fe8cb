"""TLS, alone and below HTTP: good certificates and all kinds of bad ones."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from eulermaker.features.probes.checks.target import Reaching
from eulermaker.features.probes.checks.verdict import Verdict
from eulermaker.kernel.clock import Clock, utc_now
from tests.features.probes.checks.asking import SHORT, failure, http, success, tls
from tests.features.probes.checks.conftest import HERE
from tests.features.probes.checks.servers import ok, saying, serving, silent, unused_port

pytestmark = pytest.mark.anyio

NOW = datetime.now(UTC)


def context_of(certificate: trustme.LeafCert) -> ssl.SSLContext:
    """A server's context that shows the certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def self_signed(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """A server's context with a certificate that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "own.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


@asynccontextmanager
async def https(context: ssl.SSLContext) -> AsyncIterator[int]:
    """A server over TLS that answers 200."""
    async with serving(saying(ok(b"OK")), tls=context) as port:
        yield port


async def both(
    reaching: Reaching, port: int, *, clock: Clock = utc_now, min_days: float = 1, **config: Any
) -> list[Verdict]:
    """What a TLS check and an HTTPS check say of the same server."""
    shared: dict[str, Any] = {"min_certificate_days": min_days, "clock": clock, **config}
    return [
        await tls(reaching, HERE, host="localhost", port=port, **shared),
        await http(reaching, HERE, url=f"https://localhost:{port}/", **shared),
    ]


async def test_a_good_certificate(reaching: Reaching, authority_pem: str, server_tls: ssl.SSLContext) -> None:
    async with https(server_tls) as port:
        for verdict in await both(reaching, port, ca_certificates=authority_pem):
            details = success(verdict)
            assert details["tls_version"] == "TLSv1.3"
            assert datetime.fromisoformat(details["certificate_expires_at"]) > NOW


async def test_a_certificate_that_ends_soon(
    reaching: Reaching, authority: trustme.CA, authority_pem: str
) -> None:
    certificate = authority.issue_cert("localhost", not_after=NOW + timedelta(days=5))
    async with https(context_of(certificate)) as port:
        for verdict in await both(reaching, port, ca_certificates=authority_pem, min_days=3):
            success(verdict)
        for verdict in await both(reaching, port, ca_certificates=authority_pem, min_days=14):
            assert failure(verdict) == "certificate expires soon"
            assert 4.9 < verdict.details["certificate_days_left"] <= 5


async def test_bad_certificates(
    reaching: Reaching,
    authority: trustme.CA,
    authority_pem: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    past, future = NOW - timedelta(days=1), NOW + timedelta(days=1)
    cases = {
        "certificate expired": context_of(
            authority.issue_cert("localhost", not_before=NOW - timedelta(days=9), not_after=past)
        ),
        "certificate not yet valid": context_of(authority.issue_cert("localhost", not_before=future)),
        "certificate for another name": context_of(authority.issue_cert("elsewhere.example")),
        "certificate not trusted": context_of(trustme.CA().issue_cert("localhost")),
        "certificate self-signed": self_signed(tmp_path_factory),
    }
    for error, context in cases.items():
        async with https(context) as port:
            for verdict in await both(reaching, port, ca_certificates=authority_pem):
                assert failure(verdict) == error, (error, verdict)
                assert verdict.details["phase"] == "tls"


async def test_an_unverified_certificate_is_judged_by_its_end_alone(
    reaching: Reaching, authority: trustme.CA
) -> None:
    expired = authority.issue_cert("x.example", not_before=NOW - timedelta(9), not_after=NOW - timedelta(1))
    async with https(context_of(expired)) as port:
        for verdict in await both(reaching, port, verify_tls=False):
            assert failure(verdict) == "certificate expired"
        success(await http(reaching, HERE, url=f"https://localhost:{port}/", verify_tls=False))


async def test_another_name_may_be_asked_for(
    reaching: Reaching, authority: trustme.CA, authority_pem: str
) -> None:
    async with https(context_of(authority.issue_cert("inner.example"))) as port:
        for verdict in await both(reaching, port, ca_certificates=authority_pem, server_name="inner.example"):
            success(verdict)


async def test_no_tls_at_all(reaching: Reaching) -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(ok(b"no TLS here"))
        await writer.drain()

    async with serving(plain) as port:
        for verdict in await both(reaching, port):
            assert failure(verdict) == "tls handshake failed"


async def test_a_handshake_that_is_never_answered(reaching: Reaching) -> None:
    async with serving(silent) as port:
        for verdict in await both(reaching, port, seconds=SHORT):
            assert failure(verdict) == "timeout"
            assert verdict.details["phase"] == "tls"


async def test_a_handshake_that_is_cut_off(reaching: Reaching) -> None:
    async def hanging_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)

    async with serving(hanging_up) as port:
        for verdict in await both(reaching, port):
            assert failure(verdict) in ("connection reset", "connection closed")


async def test_nobody_listens(reaching: Reaching) -> None:
    for verdict in await both(reaching, unused_port()):
        assert failure(verdict) == "connection refused"
