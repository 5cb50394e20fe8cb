"""Logs as events with fields, and Prometheus metrics of this process."""

import logging
import sys
from contextvars import ContextVar

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

request_id: ContextVar[str] = ContextVar("request_id", default="")
trace_id: ContextVar[str] = ContextVar("trace_id", default="")


def configure_logging(*, level: str, json: bool) -> None:
    """Send structlog's and the libraries' logs to stderr, as JSON lines or for a terminal."""
    shared: list[structlog.types.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_request,
        structlog.processors.format_exc_info,
    ]
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False) if json else structlog.dev.ConsoleRenderer()
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    stream = logging.StreamHandler(sys.stderr)
    stream.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [stream]
    root.setLevel(level.upper())
    # uvicorn's lines carry query strings, and with them one-time tickets: only its errors pass.
    logging.getLogger("uvicorn").setLevel(logging.ERROR)
    logging.getLogger("uvicorn.error").addFilter(_is_no_refused_handshake)
    logging.getLogger("alembic").setLevel(logging.WARNING)


def _is_no_refused_handshake(record: logging.LogRecord) -> bool:
    # uvicorn takes each socket that was refused with an answer for a fault of the application.
    return "without completing handshake" not in record.msg


def _add_request(
    _logger: structlog.types.WrappedLogger, _name: str, event: structlog.types.EventDict
) -> structlog.types.EventDict:
    if identifier := request_id.get():
        event["request_id"] = identifier
        event["trace_id"] = trace_id.get()
    return event


class Metrics:
    """The metrics of one server; labels are bounded sets only."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._of_request: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self.requests = Counter(
            "eulermaker_http_requests",
            "Answered requests",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self.request_seconds = Histogram(
            "eulermaker_http_request_seconds",
            "Time from a request to its response's end",
            ["route"],
            registry=self.registry,
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
        )
        self.sockets = Gauge("eulermaker_open_websockets", "Open WebSockets", registry=self.registry)
        self.terminals = Gauge("eulermaker_open_terminals", "Terminals that run now", registry=self.registry)
        self.faults = Counter("eulermaker_faults", "Faults told to clients", ["slug"], registry=self.registry)
        self.builds = Counter(
            "eulermaker_builds_finished", "Finished builds", ["status"], registry=self.registry
        )
        self.build_seconds = Histogram(
            "eulermaker_build_seconds",
            "Time from a build's start to its end",
            registry=self.registry,
            buckets=(0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600),
        )
        self.builds_running = Gauge(
            "eulermaker_builds_running", "Builds that run now", registry=self.registry
        )
        self.builds_queued = Gauge(
            "eulermaker_builds_queued", "Builds that wait for a slot", registry=self.registry
        )
        self.notifications = Counter(
            "eulermaker_notification_attempts",
            "Attempts to tell somebody of an alert",
            ["channel", "outcome"],
            registry=self.registry,
        )
        self.alerts = Counter(
            "eulermaker_alert_events", "What happened to alerts", ["event"], registry=self.registry
        )
        self.log_lines = Counter(
            "eulermaker_build_log_lines", "Build log lines stored", registry=self.registry
        )

    def count_request(self, method: str, route: str, status: int, *, seconds: float) -> None:
        """Count an answered request; `method` and `route` are of bounded sets."""
        key = method, route, status
        counted = self._of_request.get(key)
        if counted is None:
            # Finding what belongs to labels costs more than counting.
            counted = self._of_request[key] = (
                self.requests.labels(method=method, route=route, status=str(status)),
                self.request_seconds.labels(route=route),
            )
        requests, request_seconds = counted
        requests.inc()
        request_seconds.observe(seconds)
