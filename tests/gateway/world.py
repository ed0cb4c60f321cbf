"""The gateway as processes, with a toy service behind it and an issuer of our own tokens beside it."""

import base64
import contextlib
import json
import os
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2

from kit.testing import tokens
from tests.servers import free_port

READY_WITHIN = 90.0


def operation(
    scopes: list[str] | None = None, *, access: str | None = None, stream: bool = False, **extra: Any
) -> dict[str, Any]:
    """An OpenAPI operation as a service's contract states it."""
    kind = "text/event-stream" if stream else "application/json"
    found: dict[str, Any] = {
        "summary": "Toy",
        "responses": {"200": {"description": "", "content": {kind: {}}}},
        **extra,
    }
    if scopes is not None:
        found["security"] = [{"token": scopes}]
    if access is not None:
        found["x-access"] = access
    return found


def contract() -> dict[str, Any]:
    """The toy service's promises: one of each kind of operation."""
    send, read = operation(["referral:send"]), operation(["referral:read"])
    return {
        "openapi": "3.1.0",
        "paths": {
            "/api/v1/toy/things": {"get": read, "post": send},
            "/api/v1/toy/things/{thing}": {"get": read, "put": send, "delete": send, "patch": send},
            "/api/v1/toy/things/{thing}/parts/{part}": {"get": read},
            "/api/v1/toy/board": {"get": operation(["membership:decide"])},
            "/api/v1/toy/open": {"get": operation(access="public"), "post": operation(access="public")},
            "/api/v1/toy/code": {"post": operation(access="public", **{"x-limit": "sign-in"})},
            "/api/v1/toy/mine": {"get": operation([], access="signed-in"), "post": operation([], access="signed-in")},
            "/api/v1/toy/files": {"post": operation(["referral:send"], **{"x-upload": True})},
            "/api/v1/toy/live": {"get": operation(["referral:read"], stream=True)},
            "/api/v1/toy/left": {"get": operation(access="public")},
            "/api/v1/toy/taken-up": {"get": operation(access="public")},
            "/api/v1/toy/large": {"get": read},
            "/api/v1/toy/broken": {"get": read},
            "/api/v1/toy/slow": {"get": read},
        },
        "components": {"schemas": {}},
    }


def joining() -> dict[str, Any]:
    """What the gateway's page of invitations asks of membership."""
    path = "/api/v1/membership/invitations/acceptances"
    return {"openapi": "3.1.0", "paths": {path: {"post": operation(access="public")}}, "components": {"schemas": {}}}


class Issuer:
    """Serves our test key as a realm would, and counts how often it was asked."""

    def __init__(self) -> None:
        self.fetches = 0
        self.keys: list[dict[str, Any]] = tokens.jwks()["keys"]
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.fetches += 1
                body = json.dumps({"keys": issuer.keys}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @contextlib.contextmanager
    def running(self) -> Iterator["Issuer"]:
        thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()


@contextlib.contextmanager
def process(arguments: list[str], environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("ab") as sink:
        command = ["setpriv", "--pdeathsig", "KILL", sys.executable, "-m", *arguments]
        found = subprocess.Popen(command, env=environment, stdout=sink, stderr=sink)
    try:
        yield found
    finally:
        found.kill()
        found.wait()


@contextlib.contextmanager
def running_upstream(directory: Path) -> Iterator[str]:
    port = free_port()
    with process(["tests.gateway.upstream", str(port)], dict(os.environ), directory / "upstream.log"):
        wait_until_answers(f"http://127.0.0.1:{port}/api/v1/toy/open")
        yield f"http://127.0.0.1:{port}"


def wait_until_answers(url: str, within: float = READY_WITHIN) -> None:
    deadline = time.monotonic() + within
    while True:
        with contextlib.suppress(httpx2.TransportError):
            if httpx2.get(url).status_code == 200:
                return
        assert time.monotonic() < deadline, f"{url} does not answer"
        time.sleep(0.05)


@dataclass
class World:
    """What the replicas of one gateway share."""

    directory: Path
    upstream: str
    issuer: str
    keycloak_url: str
    mongodb_url: str = field(default_factory=lambda: os.environ["TEST_MONGODB_URL"])
    database: str = field(default_factory=lambda: f"test_gateway_{uuid4().hex}")
    session_key: str = field(default_factory=lambda: base64.b64encode(secrets.token_bytes(32)).decode())
    public_url: str = ""

    @property
    def access_database(self) -> str:
        return f"{self.database}_access"

    def environment(self, port: int) -> dict[str, str]:
        contracts = self.directory / "contracts"
        contracts.mkdir(exist_ok=True)
        (contracts / "toy.json").write_text(json.dumps(contract()))
        (contracts / "membership.json").write_text(json.dumps(joining()))
        own = {
            "PORT": str(port),
            "MONGODB_URL": self.mongodb_url,
            "MONGODB_DATABASE": self.database,
            "ACCESS_DATABASE": self.access_database,
            "PUBLIC_URL": self.public_url or f"http://localhost:{port}",
            "ISSUER": self.issuer,
            "KEYCLOAK_INTERNAL_URL": self.keycloak_url,
            "CLIENT_SECRET": "gateway-secret",
            "SESSION_KEYS": self.session_key,
            "UPSTREAMS": json.dumps({"toy": self.upstream, "membership": self.upstream}),
            "CONTRACTS": str(contracts),
            "TRUSTED_PROXIES": '["127.0.0.0/8"]',
        }
        return {**os.environ, **{f"GATEWAY_{name}": value for name, value in own.items()}}

    @contextlib.contextmanager
    def replica(self, port: int | None = None, probe: str = "ready", **changes: str) -> Iterator["Replica"]:
        """Run a replica until it is ready, or only live, and kill it after."""
        port = port or free_port()
        environment = self.environment(port) | {f"GATEWAY_{name}": value for name, value in changes.items()}
        log = self.directory / f"gateway-{port}.log"
        with process(["gateway.main"], environment, log) as started:
            found = Replica(f"http://localhost:{port}", port, started, log)
            found.wait_until(probe)
            yield found


@dataclass
class Replica:
    url: str
    port: int
    process: subprocess.Popen[bytes]
    log: Path

    def wait_until(self, probe: str) -> None:
        try:
            wait_until_answers(f"http://127.0.0.1:{self.port}/health/{probe}")
        except AssertionError as error:
            raise AssertionError(self.log.read_text()[-3000:]) from error

    def http(self, **options: Any) -> httpx2.AsyncClient:
        """A caller from an address of its own, so that tests do not spend each other's limits."""
        address = ".".join(str(byte) for byte in (10, *secrets.token_bytes(3)))
        headers = {"X-Forwarded-For": address, **options.pop("headers", {})}
        return httpx2.AsyncClient(base_url=self.url, headers=headers, timeout=20, **options)
