"""Probes: what watches, what it found, and its news."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from pydantic import Field
from websockets.exceptions import ConnectionClosed

from eulermaker.client.errors import ConnectionFailed, EulerMakerError
from eulermaker.client.frames import frame
from eulermaker.client.models import Record, parse
from eulermaker.client.retry import Attempts
from eulermaker.client.transport import Transport
from eulermaker.client.wire import Call, given, segment


class ProbeSummary(Record):
    """A probe in a list; `status` tells whether it checks, `state` what is known of what it watches."""

    id: str
    name: str
    probe_type: str
    container_id: str | None = None
    status: str
    state: str
    state_since: datetime
    last_check: datetime | None = None
    last_result: str | None = None
    enabled: bool = True
    labels: Mapping[str, str] = {}
    severity: str = "warning"


class Uptime(Record):
    """Percent of the time in which it was well; None where nothing is known."""

    last_24h: float | None = Field(default=None, alias="24h")
    last_7d: float | None = Field(default=None, alias="7d")
    last_30d: float | None = Field(default=None, alias="30d")


class ProbeStatistics(Record):
    """All checks of a probe; the rate in percent, times in milliseconds."""

    total_checks: int
    success_count: int
    failure_count: int
    unknown_count: int = 0
    success_rate: float | None = None
    uptime: Uptime = Uptime()
    response_time: Mapping[str, float | None] = {}


class ProbeDetail(ProbeSummary):
    """Everything about one probe; secrets in its configuration are masked."""

    config: Mapping[str, Any]
    statistics: ProbeStatistics


class AddedProbe(Record):
    """A probe as it was stored; `push_url` is told once."""

    id: str
    name: str
    probe_type: str
    container_id: str | None = None
    status: str
    config: Mapping[str, Any]
    push_url: str | None = None


class ProbePage(Record):
    probes: tuple[ProbeSummary, ...]
    total: int
    limit: int
    offset: int


class ProbeResult(Record):
    """One check; `response_time` in milliseconds."""

    timestamp: datetime
    status: str
    response_time: float
    details: Mapping[str, Any] = {}


class ProbeResults(Record):
    """Results, newest first; `next_cursor` asks for those before the last one."""

    results: tuple[ProbeResult, ...]
    total: int
    next_cursor: str | None = None


class ProbeNews(Record):
    """A frame of the notifications; of type `gap`, `missed` results were left out."""

    type: str
    probe_id: str = ""
    container_id: str | None = None
    status: str = ""
    timestamp: datetime | None = None
    details: Mapping[str, Any] = {}
    missed: int = 0


class Probes:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def add(
        self,
        name: str,
        probe_type: str,
        config: Mapping[str, Any],
        *,
        container: str | None = None,
        labels: Mapping[str, str] | None = None,
        severity: str | None = None,
        enabled: bool = True,
    ) -> AddedProbe:
        """Adds a probe; without a container it watches the network alone."""
        body = {
            "name": name,
            "probe_type": probe_type,
            "config": dict(config),
            "container_id": container,
            "labels": dict(labels or {}),
            "severity": severity,
            "enabled": enabled,
        }
        return self._added(Call(method="POST", path="/probes", json=given(body)))

    def test(
        self, probe_type: str, config: Mapping[str, Any], *, container: str | None = None
    ) -> ProbeResult:
        """Checks once as such a probe would, without adding it."""
        body = {"probe_type": probe_type, "config": dict(config), "container_id": container}
        call = Call(method="POST", path="/probes/test", json=given(body))
        return parse(ProbeResult, self._transport.data(call))

    def list(
        self,
        *,
        container: str | None = None,
        probe_type: str | None = None,
        status: str | None = None,
        state: str | None = None,
        name: str | None = None,
        label: str | None = None,
        limit: int = 20,
        offset: int = 0,
    ) -> ProbePage:
        """One page of probes, the newest first."""
        filters = {
            "container_id": container,
            "probe_type": probe_type,
            "status": status,
            "state": state,
            "name": name,
            "label": label,
        }
        params: dict[str, str | int] = {"limit": limit, "offset": offset, **given(filters)}
        return parse(ProbePage, self._transport.data(Call(method="GET", path="/probes", params=params)))

    def get(self, probe: str) -> ProbeDetail:
        """Everything about a probe."""
        return parse(ProbeDetail, self._transport.data(Call(method="GET", path=_path(probe))))

    def change(self, probe: str, **changes: Any) -> AddedProbe:
        """Changes a probe; fields of `config` that are not given stay as they are."""
        return self._added(Call(method="PUT", path=_path(probe), json=changes))

    def pause(self, probe: str) -> AddedProbe:
        """Stops its checks until it is resumed."""
        return self._added(Call(method="POST", path=_path(probe, "pause")))

    def resume(self, probe: str) -> AddedProbe:
        """Goes on checking."""
        return self._added(Call(method="POST", path=_path(probe, "resume")))

    def check(self, probe: str) -> ProbeResult:
        """Checks now, out of turn."""
        call = Call(method="POST", path=_path(probe, "check"))
        return parse(ProbeResult, self._transport.data(call))

    def delete(self, probe: str) -> None:
        """Deletes a probe and its results."""
        self._transport.data(Call(method="DELETE", path=_path(probe)))

    def results(
        self,
        probe: str,
        *,
        since: str | None = None,
        until: str | None = None,
        status: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> ProbeResults:
        """Results from `since` to before `until` (RFC 3339), newest first."""
        filters = {"start_time": since, "end_time": until, "status": status, "cursor": cursor}
        params: dict[str, str | int] = {"limit": limit, **given(filters)}
        call = Call(method="GET", path=_path(probe, "results"), params=params)
        return parse(ProbeResults, self._transport.data(call))

    def watch(self, *probes: str) -> Iterator[ProbeNews]:
        """What those probes, or all, find from now on, without end.

        A broken connection is taken up again; what was found meanwhile is in the results.
        """
        attempts = Attempts(self._transport.retry)
        while True:
            try:
                for news in self._news(probes):
                    attempts.progressed()
                    yield news
            except EulerMakerError as error:
                attempts.pause(error)

    def _news(self, probes: tuple[str, ...]) -> Iterator[ProbeNews]:
        wanted = frozenset(probes)
        with self._transport.socket("/ws/probes/notifications", {}) as socket:
            try:
                for message in socket:
                    news = parse(ProbeNews, frame(message))
                    if not wanted or news.type == "gap" or news.probe_id in wanted:
                        yield news
            except ConnectionClosed as error:
                raise _cut() from error
        raise _cut()

    def _added(self, call: Call) -> AddedProbe:
        return parse(AddedProbe, self._transport.data(call))


def _path(probe: str, *parts: str) -> str:
    return "/".join(("/probes", segment(probe), *parts))


def _cut() -> ConnectionFailed:
    return ConnectionFailed("stream-cut", "The stream of notifications broke off", retryable=True)
