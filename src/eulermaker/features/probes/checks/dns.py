"""DNS checks: one question, and what has to be in its answer."""

from collections.abc import Mapping
from typing import Any

import dns.asyncquery
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype

from eulermaker.features.probes.checks import connect
from eulermaker.features.probes.checks.run import Run, attempt
from eulermaker.features.probes.checks.target import Reaching, Target
from eulermaker.features.probes.checks.verdict import Trouble, Verdict, failed, storable
from eulermaker.features.probes.config import Dns, name_server

MAX_RECORDS = 20


class DnsCheck:
    """One configuration, ready to be asked again and again."""

    def __init__(self, config: Dns, target: Target, reaching: Reaching) -> None:
        self._config = config
        self._target = target
        self._reaching = reaching
        self._server = name_server(config.server) if config.server is not None else None
        self._type = dns.rdatatype.from_text(config.record_type)
        self._name = dns.name.from_text(config.name)
        self._expected = frozenset(canonical(text, self._type) for text in config.expected)

    async def __call__(self, deadline: float) -> Verdict:
        """Ask, and judge the answer."""
        return await attempt(self._look, deadline, self._reaching.alarms)

    async def _look(self, run: Run) -> Mapping[str, Any]:
        address, port = self._server or self._reaching.names.server()
        if self._server is not None:
            refusal = self._reaching.policy.refusal(
                address, unconfined=self._target.unconfined, sees=self._target.sees
            )
            if refusal is not None:
                raise refusal
        run.phase = "receive"
        answer = await self._ask(address, port, run)
        rcode = dns.rcode.to_text(answer.rcode())
        records = sorted(
            record.to_text() for rrset in answer.answer if rrset.rdtype == self._type for record in rrset
        )
        run.facts |= {"rcode": rcode, "records": [storable(text[:200]) for text in records[:MAX_RECORDS]]}
        if rcode != self._config.expected_rcode:
            raise failed("unexpected rcode")
        found = {canonical(text, self._type) for text in records}
        if self._expected - found:
            raise failed("records missing", missing=sorted(self._expected - found))
        if not records and rcode == "NOERROR":
            raise failed("no records")
        return run.facts

    async def _ask(self, address: str, port: int, run: Run) -> dns.message.Message:
        question = dns.message.make_query(self._name, self._type)
        try:
            if self._config.transport == "udp":
                answer = await dns.asyncquery.udp(question, address, port=port, ignore_unexpected=True)
                if not answer.flags & dns.flags.TC:
                    return answer
            return await dns.asyncquery.tcp(question, address, port=port)
        except OSError as error:
            raise connect.trouble(error, run) from error
        except EOFError as error:
            raise failed("connection closed", phase=run.phase) from error
        except dns.exception.DNSException as error:
            raise _bad(error) from error


def canonical(text: str, kind: dns.rdatatype.RdataType) -> str:
    """A record's text as it is compared: names in full and in lower case, else as it is."""
    try:
        record = dns.rdata.from_text(dns.rdataclass.IN, kind, text, origin=dns.name.root)
    except (dns.exception.DNSException, ValueError):
        return text
    return record.to_text() if kind == dns.rdatatype.TXT else record.to_text().lower()


def _bad(error: Exception) -> Trouble:
    return failed("invalid response", reason=type(error).__name__)
