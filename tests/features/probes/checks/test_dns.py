"""DNS checks against a real name server."""

from dataclasses import replace
from typing import Any

import dns.rcode
import pytest

from eulermaker.features.probes.checks.dns import DnsCheck
from eulermaker.features.probes.checks.names import Names
from eulermaker.features.probes.checks.target import Reaching, Target
from eulermaker.features.probes.checks.verdict import Verdict
from eulermaker.features.probes.config import Dns
from tests.features.probes.checks.asking import GENEROUS, SHORT, ask, failure, success
from tests.features.probes.checks.conftest import HERE
from tests.features.probes.checks.name_server import NameServer, name_server
from tests.features.probes.checks.seen import Listed
from tests.features.probes.checks.servers import unused_port

pytestmark = pytest.mark.anyio


async def question(
    server: NameServer | int, *, target: Target = HERE, seconds: float = GENEROUS, **config: Any
) -> Verdict:
    """What a check says that asks that server, or that port."""
    port = server if isinstance(server, int) else server.port
    settings = Dns(**{"name": "app.example", "server": f"127.0.0.1:{port}", **config})
    return await ask(DnsCheck(settings, target, Reaching(Listed(), Names())), seconds=seconds)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_records_are_told(transport: str) -> None:
    async with name_server() as server:
        server.zone["app.example", "A"] = ["192.0.2.2", "192.0.2.1"]
        details = success(await question(server, transport=transport))
    assert details == {"rcode": "NOERROR", "records": ["192.0.2.1", "192.0.2.2"]}


@pytest.mark.parametrize(
    ("kind", "records", "expected"),
    [
        ("A", ["192.0.2.1", "192.0.2.2"], ["192.0.2.2"]),
        ("AAAA", ["2001:db8::1"], ["2001:0db8:0::1"]),
        ("MX", ["10 mail.example."], ["10 MAIL.example"]),
        ("CNAME", ["other.example."], ["other.example."]),
        ("TXT", ['"v=spf1 -all"'], ['"v=spf1 -all"']),
        ("SRV", ["0 5 443 a.example."], ["0 5 443 a.example."]),
    ],
)
async def test_expected_records(kind: str, records: list[str], expected: list[str]) -> None:
    async with name_server() as server:
        server.zone["app.example", kind] = records
        success(await question(server, record_type=kind, expected=expected))
        server.zone["app.example", kind] = {
            "A": ["198.51.100.1"],
            "AAAA": ["2001:db8::2"],
            "MX": ["20 mail.example."],
            "TXT": ['"other"'],
            "SRV": ["0 5 80 a.example."],
        }.get(kind, ["different.example."])
        verdict = await question(server, record_type=kind, expected=expected)
    assert failure(verdict) == "records missing"
    assert len(verdict.details["missing"]) == 1


async def test_rcodes() -> None:
    async with name_server() as server:
        assert failure(await question(server)) == "unexpected rcode"
        success(await question(server, expected_rcode="NXDOMAIN"))
        server.rcode = dns.rcode.SERVFAIL
        assert (await question(server)).details["rcode"] == "SERVFAIL"
        server.rcode = dns.rcode.NOERROR
        server.zone["app.example", "AAAA"] = ["::1"]
        assert failure(await question(server)) == "no records"


async def test_a_cut_answer_is_asked_for_again_over_tcp() -> None:
    async with name_server() as server:
        server.truncates = True
        server.zone["app.example", "A"] = ["192.0.2.1"]
        assert success(await question(server))["records"] == ["192.0.2.1"]


async def test_servers_that_misbehave() -> None:
    async with name_server() as server:
        server.zone["app.example", "A"] = ["192.0.2.1"]
        server.garbles = True
        assert failure(await question(server)) == "invalid response"
        server.is_silent = True
        assert failure(await question(server, seconds=SHORT)) == "timeout"
        assert failure(await question(server, seconds=SHORT, transport="tcp")) == "connection closed"
    assert failure(await question(unused_port(), transport="tcp")) == "connection refused"


async def test_a_server_on_this_host_is_not_for_everybody() -> None:
    async with name_server() as server:
        verdict = await question(server, target=replace(HERE, unconfined=False))
    assert failure(verdict) == "address refused"
    assert server.questions == 0
