"""What `make up` is asked to do: which ports, which servers run already elsewhere, where state lives."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from cli.local.ports import OFFSETS, Ports
from cli.local.state import RunDirectory
from cli.servers.process import LOCALHOST

PORT_BASE = "PORT_BASE"
DEMO = "DEMO"
# A variable for each server that somebody may run already; ours is then not started.
ELSEWHERE = {"mongod": "MONGODB_URL", "nats": "NATS_URL", "keycloak": "KEYCLOAK_URL"}
PORTS_OF = {
    "mongod": ("mongod",),
    "nats": ("nats", "nats-monitoring"),
    "keycloak": ("keycloak", "keycloak-management"),
}


class BadDemoError(Exception):
    """`DEMO` says neither yes nor no."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One start: `elsewhere` maps a server that somebody else runs to its URL; `demo` asks for the invented world.

    Where nobody asks, a copy stays what its first start made it; a new copy is a demo.
    """

    run: RunDirectory
    ports: Ports
    elsewhere: Mapping[str, str]
    demo: bool = True

    @classmethod
    def read(
        cls, environment: Mapping[str, str] = os.environ, run: RunDirectory | None = None, *, demo: bool | None = None
    ) -> "Plan":
        """Read the environment, where `demo` does not say otherwise; raises `BadPortBaseError` or `BadDemoError`."""
        base = environment.get(PORT_BASE)
        ports = Ports.parse(base) if base else Ports()
        run = run or RunDirectory.of_this_copy()
        # `eval $(coalition env)` names our own servers: those are not somebody else's.
        ours = set(run.environment().items())
        named = {server: (variable, environment.get(variable, "")) for server, variable in ELSEWHERE.items()}
        away = {server: url for server, (variable, url) in named.items() if url and (variable, url) not in ours}
        wishes = (demo, _wished(environment.get(DEMO)), run.demo, True)
        return cls(run, ports, away, next(wish for wish in wishes if wish is not None))

    @property
    def people(self) -> Path:
        """Where the demo people's passwords and second factors are kept, for their owner only."""
        return self.run.path / "demo-people.json"

    @property
    def port_names(self) -> list[str]:
        """The names of the ports we shall listen on."""
        away = {name for server in self.elsewhere for name in PORTS_OF[server]}
        return [name for name in OFFSETS if name not in away]

    @property
    def gateway_url(self) -> str:
        """The one door, as browsers see it."""
        return f"http://localhost:{self.ports['gateway']}"

    @property
    def mailbox_url(self) -> str:
        """The local inbox's page."""
        return f"http://localhost:{self.ports['mailbox']}"

    @property
    def keycloak_url(self) -> str:
        """Keycloak as browsers see it."""
        return self.elsewhere.get("keycloak", f"http://localhost:{self.ports['keycloak']}").rstrip("/")

    @property
    def keycloak_internal_url(self) -> str:
        """Keycloak as our own processes reach it."""
        return self.elsewhere.get("keycloak", f"http://{LOCALHOST}:{self.ports['keycloak']}").rstrip("/")

    @property
    def nats_url(self) -> str:
        """The bus."""
        return self.elsewhere.get("nats", f"nats://{LOCALHOST}:{self.ports['nats']}")


def _wished(text: str | None) -> bool | None:
    try:
        return TypeAdapter(bool).validate_python(text) if text else None
    except ValidationError:
        raise BadDemoError(f"{DEMO}={text}: give 1 for the invented world, 0 for a real start") from None
