"""A trace begins at the door: the request's own span, made only where spans leave, since it costs more than routing."""

import contextlib
from collections.abc import Iterator

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer

from gateway.exchange import Exchange

_SERVER_ERROR = 500


def tracer() -> Tracer | None:
    """Return what makes spans; None where they leave for nowhere (kit.telemetry found no OTLP endpoint)."""
    return trace.get_tracer("gateway") if isinstance(trace.get_tracer_provider(), TracerProvider) else None


@contextlib.contextmanager
def traced(made_by: Tracer, exchange: Exchange) -> Iterator[None]:
    """Answer the request in the block within a span that is the root of its trace, whatever the caller sent.

    The request id is the trace's, so that either finds the other; what goes on to a service names this span.
    """
    method = {"http.request.method": exchange.method}
    span = made_by.start_span(exchange.method, Context(), SpanKind.SERVER, method)
    found = span.get_span_context()
    exchange.belongs_to(found.trace_id, found.span_id, found.trace_flags)
    try:
        with trace.use_span(span, record_exception=False, set_status_on_exception=False):
            yield
    finally:
        # The contract's template: a path may hold an identifier.
        span.update_name(f"{exchange.method} {exchange.route_name}")
        span.set_attribute("http.route", exchange.route_name)
        if exchange.status is not None:
            span.set_attribute("http.response.status_code", exchange.status)
        if exchange.status is None or exchange.status >= _SERVER_ERROR:
            span.set_status(Status(StatusCode.ERROR))
        span.end()
