"""`python -m benchmarks`: measure, print the table, keep the report in `.run/bench.json`."""

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import (
    accounts,
    console,
    container_logs,
    containers,
    exec,
    idle_sockets,
    lifecycle,
    listing,
    live_stats,
    logs,
    overhead,
    probe_results,
    probe_schedule,
    probes,
    startup,
    terminals,
)
from benchmarks.figures import Figure, show

REPORT = Path(".run/bench.json")
MEASURES: dict[str, Callable[..., list[Figure]]] = {
    "accounts": accounts.measure,
    "startup": startup.measure,
    "listing": listing.measure,
    "logs": logs.measure,
    "overhead": overhead.measure,
    "containers": containers.measure,
    "lifecycle": lifecycle.measure,
    "exec": exec.measure,
    "terminals": terminals.measure,
    "probes": probes.measure,
    "container-logs": container_logs.measure,
    "idle-sockets": idle_sockets.measure,
    "live-stats": live_stats.measure,
    "probe-schedule": probe_schedule.measure,
    "probe-results": probe_results.measure,
    "console": console.measure,
}


def main() -> None:
    """Run the chosen benchmarks, all of them unless some are named."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter runs")
    parser.add_argument("--json", action="store_true", help="print the report as JSON instead of a table")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of: {', '.join(MEASURES)}")
    options = parser.parse_args()
    if unknown := set(options.names) - set(MEASURES):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    load = os.getloadavg()
    figures: list[Figure] = []
    for name in options.names or MEASURES:
        print(f"measuring {name}", file=sys.stderr)
        with tempfile.TemporaryDirectory() as work:
            figures += MEASURES[name](Path(work), quick=options.quick)
    report = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "quick": options.quick,
        "machine": {"cores": os.cpu_count(), "system": platform.platform(), "python": sys.version.split()[0]},
        "load_before": load,
        "figures": [figure.as_json() for figure in figures],
    }
    written = json.dumps(report, ensure_ascii=False, indent=2)
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(f"{written}\n")
    if options.json:
        print(written)
    else:
        show(figures)
        print(f"{os.cpu_count()} cores, load average {load[0]:.1f} at the start; report: {REPORT}")


if __name__ == "__main__":
    main()
