"""What `/ws/probes/notifications` tells: each result once it is stored, to all who follow."""

from typing import NamedTuple

from pydantic_core import to_json

from eulermaker.features.probes.packing import Result, details_of
from eulermaker.features.probes.store import Probe
from eulermaker.features.probes.wording import moment, shown_container
from eulermaker.kernel.followers import Followers

#: Frames that wait for one follower; one that is slower than that misses some, and is told how many.
BACKLOG = 2000


class News(NamedTuple):
    """A result of a probe that was stored just now."""

    probe: Probe
    result: Result
    state: str


class Feed(Followers[News]):
    """Hands results to followers."""

    def __init__(self) -> None:
        super().__init__(result_frame, backlog=BACKLOG)


def result_frame(news: News) -> str:
    """The documented frame, with the response time and the probe's state beside it."""
    probe, result = news.probe, news.result
    return to_json(
        {
            "type": "probe_result",
            "probe_id": probe.id,
            "container_id": shown_container(probe.container),
            "name": probe.name,
            "status": result.status.value,
            "timestamp": moment(result.at),
            "response_time": result.duration / 10,
            "state": news.state,
            "details": details_of(result.details),
        }
    ).decode()
