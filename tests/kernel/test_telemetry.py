"""Logs as events with fields on stderr, and the metrics of one server."""

import json
import subprocess
import sys

from prometheus_client import generate_latest

from eulermaker.kernel.telemetry import Metrics

TALK = """
import logging, sys
import structlog
from eulermaker.kernel.telemetry import configure_logging, request_id, trace_id
configure_logging(level="info", json=sys.argv[1] == "json")
log = structlog.get_logger("eulermaker.probe")
log.debug("too.quiet")
log.info("probe.flipped", probe="probe_1", to="构建\\n")
request_id.set("req_1"); trace_id.set("abc")
try:
    1 / 0
except ZeroDivisionError:
    log.error("probe.broke", exc_info=True)
logging.getLogger("library").warning("said %s", "hello")
logging.getLogger("uvicorn.access").info("GET /ws?ticket=secret")
logging.getLogger("uvicorn.error").error("socket lost")
print("the answer")
"""


def said(form: str) -> list[str]:
    talk = subprocess.run(
        [sys.executable, "-c", TALK, form], capture_output=True, text=True, timeout=60, check=True
    )
    assert talk.stdout == "the answer\n"
    return talk.stderr.splitlines()


def test_each_event_is_one_json_line_with_its_fields() -> None:
    flipped, broke, library, uvicorn = (json.loads(line) for line in said("json"))
    assert flipped["event"] == "probe.flipped"
    assert (flipped["probe"], flipped["to"]) == ("probe_1", "构建\n")
    assert (flipped["level"], flipped["logger"]) == ("info", "eulermaker.probe")
    assert flipped["timestamp"].endswith("Z")
    assert "request_id" not in flipped
    assert (broke["request_id"], broke["trace_id"]) == ("req_1", "abc")
    assert "ZeroDivisionError" in broke["exception"]
    assert (library["event"], library["level"], library["request_id"]) == ("said hello", "warning", "req_1")
    assert uvicorn["event"] == "socket lost"


def test_on_a_terminal_the_same_is_told_as_text() -> None:
    text = "\n".join(said("terminal"))
    assert "probe.flipped" in text
    assert "ticket=secret" not in text


def test_each_server_counts_for_itself() -> None:
    one, other = Metrics(), Metrics()
    one.requests.labels(method="GET", route="/x", status="200").inc()
    one.builds.labels(status="success").inc(2)
    one.request_seconds.labels(route="/x").observe(0.002)
    told = generate_latest(one.registry).decode()
    assert 'eulermaker_http_requests_total{method="GET",route="/x",status="200"} 1.0' in told
    assert 'eulermaker_builds_finished_total{status="success"} 2.0' in told
    assert 'eulermaker_http_request_seconds_bucket{le="0.0025",route="/x"} 1.0' in told
    assert "process_resident_memory_bytes" in told
    assert "eulermaker_builds_finished_total{" not in generate_latest(other.registry).decode()
