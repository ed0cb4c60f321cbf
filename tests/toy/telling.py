"""A process that logs and traces planted values in every way a program may."""

import logging
import os
import sys
from datetime import UTC, datetime

import structlog
from opentelemetry import trace
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from kit import telemetry
from kit.messages import Envelope

NAME = "Marie Tremblay"


def fail() -> None:
    raise ValueError(NAME)


def log_everything() -> None:
    log = structlog.get_logger()
    log.info("a.fact", count=3, name=NAME, body={"name": NAME}, reason="x" * 500)
    log.info("a.nested", error=None, seconds=1.5, state=["a"])
    try:
        fail()
    except ValueError:
        log.exception("a.failure")
        logging.getLogger("uvicorn.error").exception("failed for %s", NAME)
    logging.getLogger("pymongo.command").error("find %s", {"name": NAME})
    logging.getLogger("nats").warning("%d broken arguments", NAME)
    logging.getLogger("aiohttp").info("below the level %s", NAME)
    logging.getLogger("other").warning(NAME, extra={"name_of": NAME})


def trace_everything() -> None:
    tracer = trace.get_tracer("app")
    attributes = {"http.route": "/a/{b}", "url.path": f"/{NAME}", "url.query": f"q={NAME}", "server.address": NAME}
    with tracer.start_as_current_span("GET /a/{b}", attributes=attributes) as span:
        span.add_event(NAME, {"name": NAME})
        span.record_exception(ValueError(NAME))
        span.set_status(trace.StatusCode.ERROR, NAME)
        structlog.get_logger().info("in.span")
        if url := os.environ.get("TEST_MONGODB_URL"):
            people = MongoClient(url)["planted"]["people"]
            try:
                people.find_one_and_update({"name": NAME}, {"$bad": NAME})
            except PyMongoError:
                people.find_one({"name": NAME})
    body, at = b"{}", datetime.now(UTC)
    traceparent = telemetry.current_traceparent() or "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    try:
        with telemetry.consuming("a-durable", Envelope("1", "s", "s.told.v1", "a:1", 1, at, body, traceparent)):
            structlog.get_logger().info("consumed")
            fail()
    except ValueError:
        pass


if __name__ == "__main__":
    telemetry.configure("teller", "INFO")
    log_everything()
    trace_everything()
    provider = trace.get_tracer_provider()
    if hasattr(provider, "shutdown"):
        provider.shutdown()
    sys.stdout.flush()
