"""What checks are made with, and the loop that the server runs them on."""

import ssl

import pytest
import trustme

from eulermaker.features.probes.checks.names import Names
from eulermaker.features.probes.checks.target import Reaching, Target
from tests.features.probes.checks.seen import Listed

#: An administrator's probe of the network: this host's loopback is open to it.
HERE = Target(container=None, unconfined=True)


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """The event loop of the server."""
    return "asyncio", {"use_uvloop": True}


@pytest.fixture
def reaching() -> Reaching:
    """The way to what needs no container."""
    return Reaching(Listed(), Names())


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """Signs the certificates of the servers under test."""
    return trustme.CA()


@pytest.fixture(scope="session")
def authority_pem(authority: trustme.CA) -> str:
    """The authority's own certificate."""
    return authority.cert_pem.bytes().decode()


@pytest.fixture(scope="session")
def server_tls(authority: trustme.CA) -> ssl.SSLContext:
    """A server's context with a good certificate for localhost and 127.0.0.1."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    return context
