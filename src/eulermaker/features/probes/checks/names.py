"""Names made into addresses: the hosts file, then the name servers, kept for as long as they say."""

import asyncio
import os
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path

import dns.asyncresolver
import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver

from eulermaker.features.probes.checks.verdict import Trouble, failed, unknown
from eulermaker.features.probes.config import IpVersion

HOSTS = Path("/etc/hosts")
RESOLV_CONF = Path("/etc/resolv.conf")
MAX_KNOWN = 16_384
#: Bounds of an answer's time to live, in seconds.
SHORTEST, LONGEST = 1.0, 60.0
#: How long the name servers are asked, whatever the check's own deadline.
LOOKUP_SECONDS = 10.0
#: How often the files are looked at again, in seconds.
FILES_SECONDS = 5.0
_FAMILIES: Mapping[IpVersion, tuple[dns.rdatatype.RdataType, ...]] = {
    None: (dns.rdatatype.A, dns.rdatatype.AAAA),
    4: (dns.rdatatype.A,),
    6: (dns.rdatatype.AAAA,),
}


class Names:
    """Addresses of names; `servers` instead of those that this machine is set to."""

    def __init__(
        self,
        *,
        servers: Sequence[tuple[str, int]] = (),
        hosts: Path = HOSTS,
        resolv_conf: Path = RESOLV_CONF,
    ) -> None:
        self._servers = tuple(servers)
        self._hosts_file, self._resolv_conf = hosts, resolv_conf
        self._hosts: dict[str, tuple[str, ...]] = {}
        self._resolver: dns.asyncresolver.Resolver | None = None
        self._files: tuple[int, int] | None = None
        self._look_again = 0.0
        self._known: OrderedDict[tuple[str, IpVersion], tuple[float, tuple[str, ...]]] = OrderedDict()
        self._lookups: dict[tuple[str, IpVersion], asyncio.Lock] = {}

    def known(self, name: str, version: IpVersion, now: float) -> tuple[str, ...] | None:
        """The addresses of a name that was looked up before; `now` of the running loop's clock."""
        found = self._known.get((name, version))
        return found[1] if found is not None and found[0] > now else None

    async def addresses(self, name: str, version: IpVersion) -> tuple[str, ...]:
        """The addresses of a name: of IPv4 where there are any, else of IPv6.

        Raises Trouble: failure when there is no such name or address, unknown when nobody tells.
        """
        loop = asyncio.get_running_loop()
        key = (name, version)
        known = self.known(name, version, loop.time())
        if known is not None:
            return known
        # One question at a time for each name; whoever waits finds its answer.
        lock = self._lookups.setdefault(key, asyncio.Lock())
        try:
            async with lock:
                known = self.known(name, version, loop.time())
                if known is not None:
                    return known
                seconds, found = await self._look_up(name, version)
                self._keep(key, loop.time() + min(max(seconds, SHORTEST), LONGEST), found)
                return found
        finally:
            if not lock.locked():
                self._lookups.pop(key, None)

    def server(self) -> tuple[str, int]:
        """The first of the name servers; raises Trouble when none is set."""
        resolver = self._configured()
        if not resolver.nameservers:
            raise unknown("no name servers are set")
        address = str(resolver.nameservers[0])
        return address, resolver.nameserver_ports.get(address, resolver.port)

    def _keep(self, key: tuple[str, IpVersion], until: float, found: tuple[str, ...]) -> None:
        self._known[key] = (until, found)
        self._known.move_to_end(key)
        if len(self._known) > MAX_KNOWN:
            self._known.popitem(last=False)

    async def _look_up(self, name: str, version: IpVersion) -> tuple[float, tuple[str, ...]]:
        resolver = self._configured()
        listed = tuple(
            a for a in self._hosts.get(name, ()) if version is None or (":" in a) == (version == 6)
        )
        if listed:
            return FILES_SECONDS, listed
        for family in _FAMILIES[version]:
            try:
                answer = await resolver.resolve(name, family, search=True, lifetime=LOOKUP_SECONDS)
            except dns.resolver.NoAnswer:
                continue
            except (dns.exception.DNSException, OSError) as error:
                raise _trouble(error, name) from error
            if answer.rrset is not None:
                return float(answer.rrset.ttl), tuple(record.to_text() for record in answer.rrset)
        raise failed("name has no address", name=name)

    def _configured(self) -> dns.asyncresolver.Resolver:
        now = asyncio.get_running_loop().time()
        if self._resolver is None or now >= self._look_again:
            self._look_again = now + FILES_SECONDS
            files = (_changed(self._hosts_file), _changed(self._resolv_conf))
            if self._resolver is None or files != self._files:
                self._files = files
                self._hosts = _read_hosts(self._hosts_file)
                self._resolver = self._read_resolv_conf()
        return self._resolver

    def _read_resolv_conf(self) -> dns.asyncresolver.Resolver:
        resolver = dns.asyncresolver.Resolver(configure=False)
        if self._servers:
            resolver.nameservers = [address for address, _ in self._servers]
            resolver.nameserver_ports = dict(self._servers)
            return resolver
        try:
            resolver.read_resolv_conf(str(self._resolv_conf))
        except (dns.exception.DNSException, OSError) as error:
            raise unknown("no name servers are set", file=str(self._resolv_conf)) from error
        return resolver


def _trouble(error: Exception, name: str) -> Trouble:
    match error:
        case dns.resolver.NXDOMAIN():
            return failed("name not found", name=name)
        case dns.resolver.LifetimeTimeout() | dns.exception.Timeout():
            return unknown("name servers do not answer", name=name)
        case dns.name.BadLabelType() | dns.name.LabelTooLong() | dns.name.NameTooLong():
            return failed("name not found", name=name)
        case _:
            return unknown("name servers fail", name=name)


def _changed(file: Path) -> int:
    try:
        return os.stat(file).st_mtime_ns
    except OSError:
        return 0


def _read_hosts(file: Path) -> dict[str, tuple[str, ...]]:
    try:
        text = file.read_text("utf-8", "replace")
    except OSError:
        return {}
    found: dict[str, tuple[str, ...]] = {}
    for line in text.splitlines():
        address, *names = line.partition("#")[0].split() or [""]
        for name in names:
            found[name.lower()] = (*found.get(name.lower(), ()), address)
    return found
