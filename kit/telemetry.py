"""Traces, logs and metrics, none of which may carry personal data.

Logs are JSON on stdout, made of known safe keys only: a value under any other key is dropped, not printed.
Traces leave by OTLP only when `OTEL_EXPORTER_OTLP_ENDPOINT` is set, made of known safe attributes only. Without it no
span is made (35 µs a request, measured), and the caller's trace id still runs through logs and messages.
Metrics wait at `/metrics`.
"""

import contextlib
import logging
import os
import sys
import time
from collections.abc import Iterator, MutableMapping, Sequence
from contextvars import ContextVar, Token
from typing import Any, Final

import structlog
from opentelemetry import context, propagate, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.pymongo import PymongoInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from kit.messages import Envelope

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)

# What a log line may hold. Codes, counts and names of things we wrote ourselves; never a value somebody typed.
_SAFE_KEYS: Final = frozenset(
    (
        "event",
        "level",
        "logger",
        "timestamp",
        "service",
        "trace_id",
        "span_id",
        "request_id",
        "error",
        "where",
        "durable",
        "subject",
        "reason",
        "source",
        "kind",
        "state",
        "attempts",
        "projection",
        "route",
        "method",
        "status",
        "code",
        "seconds",
        "count",
        "port",
        "pid",
        "organization",
        "user",
        "number",
        "hash",
    )
)
# What a span may hold: no path, no query, no Host header, no statement, no error text.
_SAFE_ATTRIBUTES: Final = frozenset(
    (
        "http.request.method",
        "http.method",
        "http.response.status_code",
        "http.status_code",
        "http.route",
        "url.scheme",
        "network.protocol.version",
        "error.type",
        "messaging.system",
        "messaging.destination.name",
        "messaging.consumer.group.name",
        "db.system",
        "db.name",
        "db.mongodb.collection",
        "db.system.name",
        "db.namespace",
        "db.collection.name",
        "db.operation.name",
    )
)
_LONGEST_VALUE: Final = 200

_tracer = trace.get_tracer("kit")


class Metrics:
    """The metrics operations.md names; one registry a process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        durable, source, kind = ["durable"], ["source"], ["kind"]
        self.consumer_lag = self._gauge("consumer_lag_messages", "Messages a durable has still to take.", durable)
        self.heartbeat = self._gauge("consumer_heartbeat_seconds", "When a consumer last saw its durable.", durable)
        self.redelivered = self._counter("redeliveries", "Duplicates stepped over.", durable)
        self.parked = self._counter("parked", "Messages parked for their own fault.", durable)
        self.consumer_restarts = self._counter("consumer_restarts", "Consumers taken up again.", durable)
        self.outbox_age = self._gauge("outbox_age_seconds", "Age of the oldest unpublished row.", source)
        self.stream_lost = self._gauge("stream_lost", "1 when the stream holds less than was published.", source)
        self.stream_fill = self._gauge("stream_fill_ratio", "Bytes used of the stream's limit, 0 to 1.", source)
        self.delivery_failures = self._counter("delivery_failures", "Outside effects that failed.", kind)
        self.requests = Histogram(
            "coalition_request_seconds",
            "Time to answer a request, in seconds.",
            ["route", "method", "status"],
            registry=self.registry,
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5),
        )

    def _gauge(self, name: str, text: str, labels: list[str]) -> Gauge:
        return Gauge(f"coalition_{name}", text, labels, registry=self.registry)

    def _counter(self, name: str, text: str, labels: list[str]) -> Counter:
        return Counter(f"coalition_{name}", text, labels, registry=self.registry)

    def observe_outbox_age(self, source: str, oldest: float | None) -> None:
        """Record the age of the oldest waiting row, written at `oldest` (Unix seconds); none waits: 0."""
        self.outbox_age.labels(source).set(max(0.0, time.time() - oldest) if oldest else 0.0)


metrics = Metrics()


def configure(service: str, level: str = "INFO") -> None:
    """Set up logs and traces of a process, once."""
    _configure_logs(service, level)
    # Not the default, which also carries `baggage`: anything a caller wrote.
    propagate.set_global_textmap(TraceContextTextMapPropagator())
    if os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        provider = TracerProvider(resource=Resource.create({"service.name": service}))
        provider.add_span_processor(BatchSpanProcessor(SafeExporter(OTLPSpanExporter())))
        trace.set_tracer_provider(provider)
        # Statements carry values: never captured.
        PymongoInstrumentor().instrument(capture_statement=False)


def _configure_logs(service: str, level: str) -> None:
    def name_service(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["service"] = service
        return event

    processors: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        name_service,
        _add_ids,
        _name_exception,
        keep_safe,
        structlog.processors.JSONRenderer(),
    ]
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, handlers=[_Origins()], force=True)


class _Origins(logging.Handler):
    """Cuts a library's log record to its origin: its text may hold anything, so it is not even put together."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record's origin."""
        origin = f"{record.module}:{record.lineno}"
        structlog.get_logger().log(
            record.levelno, "library", logger=record.name, where=origin, exc_info=record.exc_info
        )


def _add_ids(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = trace.format_trace_id(context.trace_id)
        event["span_id"] = trace.format_span_id(context.span_id)
    if request := request_id.get():
        event["request_id"] = request
    return event


def _name_exception(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Put an exception's type and place, never its message: it may quote what somebody typed."""
    raised = event.pop("exc_info", None)
    if raised is True:
        raised = sys.exc_info()
    error = raised[1] if isinstance(raised, tuple) else raised
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
        event["where"] = _places(error)
    return event


def _places(error: BaseException) -> str:
    """Name the last frames of an error as `module:line`."""
    frames, step = [], error.__traceback__
    while step:
        frames.append(f"{step.tb_frame.f_globals.get('__name__', '?')}:{step.tb_lineno}")
        step = step.tb_next
    return " < ".join(reversed(frames[-6:]))


def keep_safe(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Drop every key that is not known to be safe, and cut what is long."""
    return {
        key: value if isinstance(value, int | float | None) else str(value)[:_LONGEST_VALUE]
        for key, value in event.items()
        if key in _SAFE_KEYS
    }


class SafeExporter(SpanExporter):
    """Lets spans leave with known safe attributes alone: no events, no links' attributes, no error texts."""

    def __init__(self, out: SpanExporter) -> None:
        self._out = out

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send the spans' safe parts."""
        return self._out.export([_safe_span(span) for span in spans])

    def shutdown(self) -> None:
        """Send nothing more."""
        self._out.shutdown()


def _safe_span(span: ReadableSpan) -> ReadableSpan:
    attributes = {key: value for key, value in (span.attributes or {}).items() if key in _SAFE_ATTRIBUTES}
    return ReadableSpan(
        name=span.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=attributes,
        kind=span.kind,
        # A status' description quotes the error, and MongoDB's quote the values of a duplicate key.
        status=trace.Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def continue_trace(traceparent: str) -> Token[context.Context]:
    """Make the caller's trace (W3C `traceparent`) the current one; `leave_trace` undoes it. Malformed: none."""
    return context.attach(propagate.extract({"traceparent": traceparent}))


def leave_trace(token: Token[context.Context]) -> None:
    """Go back to the trace before `continue_trace`."""
    context.detach(token)


def current_traceparent() -> str | None:
    """Return the W3C trace context of what is under way, for a message's headers."""
    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    return carrier.get("traceparent")


@contextlib.contextmanager
def consuming(durable: str, envelope: Envelope) -> Iterator[None]:
    """Continue the trace a message carries while it is handled."""
    carrier = {"traceparent": envelope.traceparent} if envelope.traceparent else {}
    attributes = {"messaging.system": "nats", "messaging.destination.name": envelope.subject}
    with _tracer.start_as_current_span(
        f"process {durable}",
        propagate.extract(carrier),
        trace.SpanKind.CONSUMER,
        attributes,
        record_exception=False,
        set_status_on_exception=False,
    ):
        yield
