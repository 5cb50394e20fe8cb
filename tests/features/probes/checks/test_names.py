"""Names: looked up at a real name server, kept, changed, and never a way around the policy."""

import asyncio
from dataclasses import replace
from pathlib import Path

import dns.rcode
import pytest

from eulermaker.features.probes.checks import names
from eulermaker.features.probes.checks.names import Names
from eulermaker.features.probes.checks.target import Reaching
from tests.features.probes.checks.asking import SHORT, failure, http, success, tcp, unknown
from tests.features.probes.checks.conftest import HERE
from tests.features.probes.checks.name_server import NameServer, name_server
from tests.features.probes.checks.seen import Listed
from tests.features.probes.checks.servers import ok, saying, serving

pytestmark = pytest.mark.anyio


def asking(server: NameServer, hosts: Path = Path("/nonexistent")) -> Reaching:
    """The way to what that server knows the name of."""
    return Reaching(Listed(), Names(servers=[("127.0.0.1", server.port)], hosts=hosts))


async def test_a_name_is_asked_for_once_while_its_answer_lives() -> None:
    async with name_server() as server, serving(saying(ok(b"OK"))) as port:
        server.zone["app.example", "A"] = ["127.0.0.1"]
        reaching = asking(server)
        url = f"http://App.Example:{port}/"
        verdicts = await asyncio.gather(*(http(reaching, HERE, url=url) for _ in range(20)))
        for verdict in verdicts:
            success(verdict)
        assert server.questions == 1


async def test_a_name_that_changes_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "SHORTEST", 0.0)
    async with name_server() as server, serving(saying(ok(b"OK"))) as port:
        server.ttl = 0
        server.zone["app.example", "A"] = ["127.0.0.1"]
        reaching = asking(server)
        url = f"http://app.example:{port}/"
        success(await http(reaching, HERE, url=url))
        # The name now leads to where the policy lets nobody go: what is connected to is what was judged.
        server.zone["app.example", "A"] = ["169.254.169.254"]
        verdict = await http(reaching, HERE, url=url)
        assert failure(verdict) == "address refused"
        assert verdict.details["address"] == "169.254.169.254"
        server.zone["app.example", "A"] = ["127.0.0.1", "169.254.169.254"]
        assert failure(await http(reaching, HERE, url=url)) == "address refused"
        del server.zone["app.example", "A"]
        assert failure(await http(reaching, HERE, url=url)) == "name not found"
        server.zone["app.example", "A"] = ["127.0.0.1"]
        success(await http(reaching, HERE, url=url))


async def test_a_name_for_loopback_is_no_way_to_loopback() -> None:
    async with name_server() as server:
        server.zone["sneaky.example", "A"] = ["127.0.0.1"]
        verdict = await http(asking(server), replace(HERE, unconfined=False), url="http://sneaky.example/")
    assert failure(verdict) == "address refused"
    assert verdict.details["reason"] == "loopback"


async def test_the_next_address_is_tried() -> None:
    async with name_server() as server, serving(saying(ok(b"OK"))) as port:
        server.zone["app.example", "A"] = ["127.0.0.2", "127.0.0.1"]
        success(await tcp(asking(server), HERE, host="app.example", port=port))


async def test_families() -> None:
    async with name_server() as server, serving(saying(ok(b"OK"))) as port:
        server.zone["six.example", "AAAA"] = ["::1"]
        server.zone["four.example", "A"] = ["127.0.0.1"]
        reaching = asking(server)
        assert await reaching.names.addresses("six.example", None) == ("::1",)
        assert await reaching.names.addresses("four.example", None) == ("127.0.0.1",)
        verdict = await tcp(reaching, HERE, host="four.example", port=port, ip_version=6)
        assert failure(verdict) == "name has no address"


async def test_the_hosts_file_comes_first(tmp_path: Path) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text("# comment\n127.0.0.1 app.example Other.Example # more\n::1 six.example\n")
    async with name_server() as server, serving(saying(ok(b"OK"))) as port:
        reaching = asking(server, hosts)
        for host in ("app.example", "other.example"):
            success(await tcp(reaching, HERE, host=host, port=port))
        assert await reaching.names.addresses("six.example", None) == ("::1",)
        assert server.questions == 0


async def test_no_such_name_is_a_failure_and_no_name_server_is_not() -> None:
    async with name_server() as server:
        reaching = asking(server)
        assert failure(await tcp(reaching, HERE, host="nobody.example", port=1)) == "name not found"
        server.zone["app.example", "A"] = ["127.0.0.1"]
        server.rcode = dns.rcode.SERVFAIL
        assert unknown(await tcp(reaching, HERE, host="app.example", port=1)) == "name servers fail"
        server.is_silent = True
        verdict = await tcp(reaching, HERE, host="app.example", port=1, seconds=SHORT)
        assert unknown(verdict) == "name servers do not answer"


async def test_no_name_server_is_set(tmp_path: Path) -> None:
    reaching = Reaching(Listed(), Names(hosts=tmp_path / "none", resolv_conf=tmp_path / "none"))
    assert unknown(await tcp(reaching, HERE, host="app.example", port=1)) == "no name servers are set"
