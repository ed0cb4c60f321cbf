"""The span of a request at the door, and what goes on to a service of it."""

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import SpanKind, StatusCode

from gateway.exchange import Exchange
from gateway.tracing import traced, tracer

HEADERS = [(b"host", b"x"), (b"traceparent", b"00-" + b"a" * 32 + b"-" + b"b" * 16 + b"-01")]


def an_exchange() -> Exchange:
    scope = {"method": "GET", "raw_path": b"/api/v1/toy/things/27", "query_string": b"q=x", "headers": HEADERS}
    return Exchange(scope, None, None)


def is_kept(exchange: Exchange) -> bool:
    """Say whether the service is told that the trace is recorded (W3C Trace Context, 3.2.2.5.1)."""
    return bool(int(exchange.traceparent[-2:], 16) & 1)


@pytest.fixture
def kept():
    return InMemorySpanExporter()


@pytest.fixture
def making(kept):
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    return provider.get_tracer("test")


def test_without_anywhere_to_send_them_no_span_is_made():
    assert tracer() is None


def test_the_requests_id_is_its_traces_and_the_service_is_told_the_spans_whatever_the_caller_sent(making, kept):
    exchange = an_exchange()
    with traced(making, exchange):
        exchange.route_name, exchange.status = "/api/v1/toy/things/{thing}", 200
    [span] = kept.get_finished_spans()
    assert span.parent is None
    assert exchange.id == f"{span.context.trace_id:032x}" != "a" * 32
    assert exchange.traceparent.startswith(f"00-{exchange.id}-{span.context.span_id:016x}-")
    assert is_kept(exchange)
    assert (span.name, span.kind) == ("GET /api/v1/toy/things/{thing}", SpanKind.SERVER)
    assert span.attributes == {
        "http.request.method": "GET",
        "http.route": "/api/v1/toy/things/{thing}",
        "http.response.status_code": 200,
    }


@pytest.mark.parametrize(
    ("status", "said"), [(404, StatusCode.UNSET), (503, StatusCode.ERROR), (None, StatusCode.ERROR)]
)
def test_only_our_own_failures_are_errors_of_the_span(making, kept, status, said):
    exchange = an_exchange()
    with traced(making, exchange):
        exchange.status = status
    assert kept.get_finished_spans()[0].status.status_code == said


def test_a_span_ends_even_when_its_answer_is_broken_off(making, kept):
    with pytest.raises(ConnectionAbortedError), traced(making, an_exchange()):
        raise ConnectionAbortedError
    [span] = kept.get_finished_spans()
    assert span.events == ()


def test_a_trace_that_is_not_kept_tells_the_service_so():
    exchange = an_exchange()
    with traced(TracerProvider(sampler=ALWAYS_OFF).get_tracer("test"), exchange):
        pass
    assert exchange.traceparent.startswith(f"00-{exchange.id}-")
    assert not is_kept(exchange)
