"""The gateway and services as processes that export what they may, and everything that leaves them, kept."""

import contextlib
import json
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx2
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span as TraceSpan
from pymongo import MongoClient

from kit.testing import tokens
from tests.gateway.world import Issuer, process, wait_until_answers
from tests.servers import free_port

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("referral", "notifications")
SERVER = TraceSpan.SPAN_KIND_SERVER


@dataclass(frozen=True)
class Span:
    """One finished span, as it was exported."""

    service: str
    name: str
    trace: str
    id: str
    parent: str
    kind: int
    attributes: dict[str, str]


class Collector:
    """An OTLP endpoint that keeps every byte it receives."""

    def __init__(self) -> None:
        self.received: list[bytes] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                collector.received.append(self.rfile.read(int(self.headers["content-length"])))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @property
    def environment(self) -> dict[str, str]:
        """What makes a process export here, soon and readably."""
        return {
            "OTEL_EXPORTER_OTLP_ENDPOINT": self.url,
            "OTEL_BSP_SCHEDULE_DELAY": "100",
            "OTEL_EXPORTER_OTLP_COMPRESSION": "none",
        }

    @contextlib.contextmanager
    def running(self) -> Iterator["Collector"]:
        thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    def spans(self) -> list[Span]:
        return [
            Span(
                _attributes(resource.resource).get("service.name", ""),
                span.name,
                span.trace_id.hex(),
                span.span_id.hex(),
                span.parent_span_id.hex(),
                span.kind,
                _attributes(span),
            )
            for body in list(self.received)
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


def _attributes(holder: Any) -> dict[str, str]:
    return {each.key: each.value.string_value for each in holder.attributes}


@dataclass
class System:
    """A gateway before referral and notifications, all of them processes."""

    url: str
    directory: Path
    ports: dict[str, int]
    collector: Collector

    def metrics(self) -> bytes:
        """What each process shows to Prometheus."""
        return b"".join(httpx2.get(f"http://127.0.0.1:{port}/metrics").content for port in self.ports.values())

    def logs(self) -> bytes:
        return b"".join(log.read_bytes() for log in sorted(self.directory.glob("*.log")))

    def http(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(base_url=self.url, timeout=30)


@dataclass(frozen=True)
class Realm:
    """Who signs tokens: the issuer as tokens name it, and where Keycloak (or what stands for it) answers."""

    issuer: str
    internal_url: str

    @property
    def jwks_url(self) -> str:
        return f"{self.internal_url}{urlsplit(self.issuer).path}/protocol/openid-connect/certs"


@contextlib.contextmanager
def local_realm() -> Iterator[Realm]:
    """Our own test key, without any Keycloak."""
    with Issuer().running() as issuer:
        yield Realm(tokens.ISSUER, issuer.url)


@contextlib.contextmanager
def running_system(
    directory: Path, settings: dict[str, dict[str, str]], collector: Collector, realm: Realm
) -> Iterator[System]:
    """Start the processes; `settings` holds what each needs beyond what all share, by name."""
    ports = {name: free_port() for name in (*SERVICES, "gateway", "gateway-metrics")}
    with contextlib.ExitStack() as stack:
        for name in SERVICES:
            own = {"port": str(ports[name]), "issuer": realm.issuer, "jwks_url": realm.jwks_url, "audit_key": "k" * 32}
            _start(stack, f"services.{name}.main", name, own | settings[name], collector, directory)
        _start(stack, "gateway.main", "gateway", _gateway(ports, realm) | settings["gateway"], collector, directory)
        for name in ("gateway", *SERVICES):
            wait_until_answers(f"http://127.0.0.1:{ports[name]}/health/ready")
        measured = {name: ports[name] for name in (*SERVICES, "gateway-metrics")}
        yield System(f"http://localhost:{ports['gateway']}", directory, measured, collector)


def _start(
    stack: contextlib.ExitStack, module: str, name: str, own: dict[str, str], collector: Collector, directory: Path
) -> None:
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("OTEL_")}
    prefixed = {f"{name}_{key}".upper(): value for key, value in own.items()}
    stack.enter_context(process([module], inherited | collector.environment | prefixed, directory / f"{name}.log"))


def _gateway(ports: dict[str, int], realm: Realm) -> dict[str, str]:
    return {
        "port": str(ports["gateway"]),
        "metrics_port": str(ports["gateway-metrics"]),
        "public_url": f"http://localhost:{ports['gateway']}",
        "issuer": realm.issuer,
        "keycloak_internal_url": realm.internal_url,
        "client_secret": "gateway-secret",
        "session_keys": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
        "upstreams": json.dumps({name: f"http://127.0.0.1:{ports[name]}" for name in SERVICES}),
        "contracts": str(ROOT / "contracts" / "openapi"),
    }


def settings_of(
    databases: dict[str, str],
    seed: Callable[[str], str],
    directory: Path,
    keycloak_url: str,
    realm: str,
    smtp_port: int,
) -> dict[str, dict[str, str]]:
    """Return what each process is told, on the run's MongoDB and NATS."""
    mongodb, nats = os.environ["TEST_MONGODB_URL"], os.environ["TEST_NATS_URL"]
    shared = {
        name: {"mongodb_url": mongodb, "mongodb_database": databases[name], "nats_url": nats, "nats_seed": seed(name)}
        for name in SERVICES
    }
    keys = {"keys_mongodb_database": databases["referral_keys"], "kms_file": str(directory / "kms.key")}
    people = {"keycloak_url": keycloak_url, "keycloak_realm": realm, "keycloak_secret": "notifications-secret"}
    mail = {"smtp_host": "127.0.0.1", "smtp_port": str(smtp_port), "public_url": "https://coalition.example"}
    door = {"mongodb_database": databases["gateway"], "access_database": databases["access"]}
    return {
        "referral": shared["referral"] | keys,
        "notifications": shared["notifications"] | people | mail,
        "gateway": {"mongodb_url": mongodb} | door,
    }


@contextlib.contextmanager
def own_databases() -> Iterator[dict[str, str]]:
    """Name each database of the system; they go with the test."""
    mark = uuid4().hex[:12]
    names = ("referral", "referral_keys", "notifications", "gateway", "access")
    found = {name: f"test_{mark}_{name}" for name in names}
    yield found
    with MongoClient(os.environ["TEST_MONGODB_URL"]) as client:
        for name in found.values():
            client.drop_database(name)
