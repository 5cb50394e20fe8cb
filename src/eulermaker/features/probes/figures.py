"""The probes at `/metrics`: each probe's state, duration and counters, up to a bound; sums over all."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from eulermaker.features.probes.checks.verdict import Status
from eulermaker.features.probes.recorder import Recorder
from eulermaker.features.probes.watch import Watch
from eulermaker.features.probes.wording import shown_container

_SLIPS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1)
_LABELS = ("probe", "name", "type", "container")


class Figures:
    """What is counted while checking."""

    def __init__(self) -> None:
        self.skipped = 0
        self._slip_counts = [0] * (len(_SLIPS) + 1)
        self._slip_sum = 0.0

    def slipped(self, seconds: float) -> None:
        """A check has started so much later than its time."""
        # Counted here: a histogram of the client library costs as much as the rest of the bookkeeping.
        self._slip_counts[bisect_left(_SLIPS, seconds)] += 1
        self._slip_sum += seconds

    def slip(self) -> Metric:
        """How late checks have started."""
        bounds = [*map(floatToGoString, _SLIPS), "+Inf"]
        return HistogramMetricFamily(
            "eulermaker_probe_slip_seconds",
            "How much later than its time a check started",
            buckets=list(zip(bounds, map(float, accumulate(self._slip_counts)), strict=True)),
            sum_value=self._slip_sum,
        )


class ProbeCollector(Collector):
    """Gathers what Prometheus asks for when it asks; the `most` oldest probes get series of their own."""

    def __init__(
        self, watches: Mapping[int, Watch], figures: Figures, recorder: Recorder, *, most: int
    ) -> None:
        self._watches = watches
        self._figures = figures
        self._recorder = recorder
        self._most = most

    def describe(self) -> Iterable[Metric]:
        """Nothing: what there is changes."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """The series as they stand now."""
        watches = list(self._watches.values())
        shown = sorted(watches, key=lambda watch: watch.number)[: self._most]
        yield from _each(shown)
        yield from self._all(watches, len(shown))
        yield self._figures.slip()

    def _all(self, watches: list[Watch], shown: int) -> Iterator[Metric]:
        number = GaugeMetricFamily("eulermaker_probes", "Probes that this process checks", labels=["state"])
        for state in Status:
            number.add_metric([state.value], sum(watch.health.state is state for watch in watches))
        yield number
        hidden = GaugeMetricFamily(
            "eulermaker_probes_without_series", "Probes beyond the bound on series of their own"
        )
        hidden.add_metric([], len(watches) - shown)
        yield hidden
        skipped = CounterMetricFamily(
            "eulermaker_probe_checks_skipped", "Checks left out because their time had passed"
        )
        skipped.add_metric([], self._figures.skipped)
        yield skipped
        lost = CounterMetricFamily(
            "eulermaker_probe_results_lost", "Results lost because the database was away for too long"
        )
        lost.add_metric([], self._recorder.lost)
        yield lost


def _each(watches: Iterable[Watch]) -> Iterator[Metric]:
    up = GaugeMetricFamily(
        "eulermaker_probe_up", "1 when the probe's state is success, 0 when it is failure", labels=_LABELS
    )
    duration = GaugeMetricFamily(
        "eulermaker_probe_duration_seconds", "Response time of the last check", labels=_LABELS
    )
    last = GaugeMetricFamily(
        "eulermaker_probe_last_check_timestamp_seconds", "When the last check began", labels=_LABELS
    )
    checks = CounterMetricFamily(
        "eulermaker_probe_checks", "Checks since this process watches", labels=(*_LABELS, "result")
    )
    for watch in watches:
        probe = watch.probe
        labels = [probe.id, probe.name, probe.probe_type, shown_container(probe.container) or ""]
        if watch.health.state is not Status.UNKNOWN:
            up.add_metric(labels, watch.health.state is Status.SUCCESS)
        if watch.last is not None:
            duration.add_metric(labels, watch.last_ms / 1000)
        if watch.last_at:
            last.add_metric(labels, watch.last_at / 1000)
        for status, count in watch.counts.items():
            checks.add_metric([*labels, status.value], count)
    yield from (up, duration, last, checks)
