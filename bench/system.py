"""The services as processes, as a bench starts them: a real MongoDB and NATS, our own keys, nothing else outside."""

import asyncio
import os
import secrets
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from bench.bus import prepare
from bench.driving import gateway, process, publish_keys, uvicorn
from cli.servers.process import free_port
from kit.testing import tokens
from tests.conftest import accounts_and_seeds
from tests.servers import running_mongod, running_nats

# What a service is told beyond what all are; nobody answers at these addresses, and nothing that is measured asks.
_KEYCLOAK = {"KEYCLOAK_URL": "http://127.0.0.1:9", "SMTP_HOST": "127.0.0.1", "SMTP_PORT": "9"}
_DOOR = {"PUBLIC_URL": "https://coalition.example"}
_OWN: Mapping[str, Mapping[str, str]] = {
    "membership": {"INVITATION_KEY": "i" * 32, **_KEYCLOAK, **_DOOR},
    "referral": {},
    "notifications": {**_KEYCLOAK, **_DOOR},
}


@dataclass
class System:
    """Where the services will listen, and what they are told; `start` makes them processes."""

    stack: ExitStack
    mongo_url: str
    mongod: psutil.Process
    ports: dict[str, int]
    issuer: int = field(default_factory=free_port)
    running: dict[str, psutil.Process] = field(default_factory=dict)

    def start(self) -> None:
        """Start every service, and what publishes our key to them."""
        self.serve_keys()
        for name, port in self.ports.items():
            command = [sys.executable, "-m", f"services.{name}.main"]
            self.running[name] = self.stack.enter_context(process(command, port))

    def serve_keys(self) -> None:
        """Start what publishes our key."""
        self.stack.enter_context(process(uvicorn("bench.upstream:app", self.issuer), self.issuer))

    def open_door(self) -> str:
        """Start the gateway before them; return its address."""
        port = free_port()
        behind = {name: f"http://127.0.0.1:{port}" for name, port in self.ports.items()}
        environment = gateway(port, self.issuer, self.mongo_url, behind)
        command = [sys.executable, "-m", "gateway.main"]
        self.running["gateway"] = self.stack.enter_context(process(command, port, **environment))
        return f"http://127.0.0.1:{port}"


@contextmanager
def prepared(*services: str) -> Iterator[System]:
    """Start the servers and set the services' environment, so that their data can be written before they run."""
    publish_keys()
    accounts, seeds = accounts_and_seeds(["BENCH"])
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        mongod = stack.enter_context(running_mongod(place / "mongod"))
        nats = stack.enter_context(running_nats(place / "nats", accounts, seeds))
        asyncio.run(prepare(nats.url, seeds["BENCH"]["ops"], ["membership", "referral"]))
        system = System(
            stack, mongod.admin_url, psutil.Process(mongod.server.process.pid), {name: free_port() for name in services}
        )
        for name in services:
            shared = _shared(name, system, nats.url, seeds["BENCH"][name])
            own = {**_OWN[name], "KEYCLOAK_SECRET": secrets.token_hex(), "KMS_FILE": str(place / "kms.key")}
            os.environ |= {f"{name.upper()}_{key}": value for key, value in {**shared, **own}.items()}
        yield system


def _shared(name: str, system: System, nats_url: str, seed: str) -> dict[str, str]:
    return {
        "PORT": str(system.ports[name]),
        "MONGODB_URL": system.mongo_url,
        "MONGODB_DATABASE": name,
        "NATS_URL": nats_url,
        "NATS_SEED": seed,
        "ISSUER": tokens.ISSUER,
        "JWKS_URL": f"http://127.0.0.1:{system.issuer}/certs",
        "AUDIT_KEY": "k" * 32,
    }
