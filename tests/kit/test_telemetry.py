"""What leaves a process: ids, codes and counts, and nobody's name."""

import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from kit import telemetry
from kit.telemetry import Metrics, continue_trace, current_traceparent, leave_trace

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def told(**environment):
    """Run the telling process; returns its raw output and its log lines."""
    command = [sys.executable, "-m", "tests.toy.telling"]
    env = {key: value for key, value in os.environ.items() if not key.startswith("OTEL_")} | environment
    output = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=True)
    return output.stdout + output.stderr, [json.loads(line) for line in output.stdout.splitlines()]


@pytest.fixture(scope="module")
def collector():
    """An OTLP endpoint that keeps what it received."""
    received = []

    class Collect(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Collect) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        raw, lines = told(
            OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{server.server_port}",
            OTEL_BSP_SCHEDULE_DELAY="100",
            OTEL_EXPORTER_OTLP_COMPRESSION="none",
        )
        server.shutdown()
        thread.join()
    return raw, lines, received


@pytest.fixture(scope="module")
def quiet():
    return told()


def test_no_log_line_holds_a_value_whoever_wrote_it(quiet):
    raw, _ = quiet
    assert "Marie" not in raw
    assert "Logging error" not in raw


def test_our_lines_keep_known_keys_and_lose_the_others(quiet):
    fact = next(line for line in quiet[1] if line["event"] == "a.fact")
    assert fact.keys() == {"event", "level", "timestamp", "service", "count", "reason"}
    assert (fact["service"], fact["count"], len(fact["reason"])) == ("teller", 3, 200)


def test_a_failure_is_told_by_type_and_place(quiet):
    failure = next(line for line in quiet[1] if line["event"] == "a.failure")
    assert failure["error"] == "ValueError"
    assert failure["where"].startswith("__main__:")


def test_libraries_are_told_by_their_name_and_place_alone(quiet):
    library = [line for line in quiet[1] if line["event"] == "library"]
    assert [line["logger"] for line in library] == ["uvicorn.error", "pymongo.command", "nats", "other"]
    assert all(line["where"].startswith(("telling:", "__main__:")) for line in library)


def test_without_an_endpoint_no_span_is_made_and_a_message_still_brings_its_trace(quiet):
    consumed = next(line for line in quiet[1] if line["event"] == "consumed")
    assert consumed["trace_id"] == "0af7651916cd43dd8448eb211c80319c"
    assert "trace_id" not in next(line for line in quiet[1] if line["event"] == "in.span")


def test_with_an_endpoint_one_trace_is_exported_from_the_request_to_the_consumer(collector):
    _, lines, received = collector
    spans = [span for body in received for span in _spans(body)]
    assert {"GET /a/{b}", "process a-durable"} <= {span.name for span in spans}
    assert any(span.name.startswith(("find", "people.", "planted")) for span in spans), [s.name for s in spans]
    in_span = next(line for line in lines if line["event"] == "in.span")
    request = next(span for span in spans if span.name == "GET /a/{b}")
    assert request.trace_id.hex() == in_span["trace_id"]
    assert request.status.code == 2
    assert [attribute.key for attribute in request.attributes] == ["http.route"]


def test_no_span_holds_a_value(collector):
    raw, _, received = collector
    assert received
    assert b"Marie" not in b"".join(received)
    assert "Marie" not in raw


def _spans(body):
    for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        assert resource.resource.attributes
        for scope in resource.scope_spans:
            yield from scope.spans


def test_a_callers_trace_goes_on_and_a_malformed_one_is_nothing():
    for given, expected in ((TRACEPARENT, TRACEPARENT), ("Marie", None), ("", None)):
        token = continue_trace(given)
        assert current_traceparent() == expected
        leave_trace(token)
    assert current_traceparent() is None


@pytest.mark.parametrize(
    "name",
    [
        "consumer_lag_messages", "redeliveries_total", "parked_total", "outbox_age_seconds",
        "delivery_failures_total", "request_seconds", "stream_fill_ratio",
    ],
)  # fmt: skip
def test_every_metric_that_operations_names_is_registered_once(name):
    names = {metric.name for metric in Metrics().registry.collect()}
    assert f"coalition_{name.removesuffix('_total')}" in names
    assert telemetry.metrics.registry is not Metrics().registry
