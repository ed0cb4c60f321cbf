"""The table of everything `make up` starts: what it runs, what it waits for, when it is healthy, when it is stopped."""

import asyncio
import os
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from cli import bus
from cli.local.environment import BUS_ACCOUNT, Environment
from cli.local.plan import Plan
from cli.local.state import ROOT
from cli.local.supervisor import Component
from cli.realm import apply, code, console
from cli.realm.settings import RealmSettings
from cli.servers import keycloak, mongod, nats
from cli.servers.process import LOCALHOST, Process, answers_ok
from kit.bus import Bus

SERVICE_SECONDS = 60.0
INSTALL_SECONDS = 900.0
INVENTED, INVENTED_SECONDS = "invented-world", 600.0
# Who is stopped first: the door, then those behind it, then what they stand on.
RANKS = {
    "gateway": 0,
    "membership": 1,
    "referral": 1,
    "notifications": 1,
    "mailbox": 2,
    INVENTED: 0,
    "keycloak-files": 2,
}
RANKS |= {"keycloak": 3, "nats": 4, "mongod": 5}
Then = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Table:
    """Makes the components of one plan."""

    plan: Plan
    environment: Environment

    def components(self) -> list[Component]:
        """Return them all; the slowest to become healthy comes first, so that it starts first."""
        servers = [*self._keycloak(), self._mongod(), self._nats(), self._mailbox()]
        return [*servers, *(self._service(name) for name in bus.SERVICES), self._gateway(), *self._invented()]

    def _keycloak(self) -> list[Component]:
        if "keycloak" in self.plan.elsewhere:
            return [self._component("keycloak", settle=self._apply_realm)]
        home = keycloak.installation(keycloak.cache_directory())
        directory, ports = self.plan.run.data("keycloak"), self.plan.ports
        server = keycloak.Keycloak.in_directory(
            directory, home, ports["keycloak"], ports["keycloak-management"], self.plan.run.log("keycloak")
        )

        def settle() -> None:
            server.settle()
            self._apply_realm()

        fetched = [] if home.exists() else [self._keycloak_files()]
        after = tuple(component.name for component in fetched)
        return [*fetched, self._component("keycloak", server.process, settle, after)]

    def _keycloak_files(self) -> Component:
        # It may need a proxy, certificates or a mirror: the one process that sees our whole environment.
        process = self._process("keycloak-files", [sys.executable, "-m", "cli.servers.keycloak"], dict(os.environ))
        return self._component("keycloak-files", process, lambda: process.wait_for_end(INSTALL_SECONDS), once=True)

    def _apply_realm(self) -> None:
        settings = RealmSettings.model_validate(_lower("realm", self.environment.of_realm()))
        secret = settings.admin_secret.get_secret_value()
        admin = console.connect(settings.keycloak_url, settings.admin_client, secret, settings.name)
        apply.apply(admin, code.read(settings.parameters()))

    def _mongod(self) -> Component:
        server = self.environment.mongod
        if server is None:
            return self._component("mongod", settle=lambda: mongod.require_replica_set(self.plan.elsewhere["mongod"]))

        def settle() -> None:
            server.settle()
            for user, databases in mongod.DATABASES.items():
                server.url(user, *databases)

        return self._component("mongod", server.process, settle)

    def _nats(self) -> Component:
        if "nats" in self.plan.elsewhere:
            return self._component("nats", settle=self._apply_bus)
        declared = {service: bus.subscriptions(service) for service in bus.SERVICES}
        accounts = [bus.account(BUS_ACCOUNT, self.environment.seeds(), declared)]
        directory, ports = self.plan.run.data("nats"), self.plan.ports
        server = nats.NatsServer.in_directory(
            directory, accounts, ports["nats"], ports["nats-monitoring"], self.plan.run.log("nats")
        )

        def settle() -> None:
            server.settle()
            self._apply_bus()

        return self._component("nats", server.process, settle)

    def _apply_bus(self) -> None:
        async def work() -> None:
            async with Bus(self.plan.nats_url, self.environment.seeds()["ops"], "ops") as found:
                async with asyncio.timeout(SERVICE_SECONDS):
                    await found.ready()
                await bus.apply(found.jetstream())

        asyncio.run(work())

    def _mailbox(self) -> Component:
        smtp, web = self.plan.ports["mailbox-smtp"], self.plan.ports["mailbox"]
        where = ["--directory", str(self.plan.run.data("mailbox"))]
        command = [sys.executable, "-m", "cli.mailbox", "--smtp-port", str(smtp), "--web-port", str(web), *where]
        process = self._process("mailbox", command, {})

        def ready() -> bool:
            return _listens(smtp) and answers_ok(web, "/")

        return self._component("mailbox", process, lambda: process.wait_until(ready, SERVICE_SECONDS))

    def _service(self, name: str) -> Component:
        command = [sys.executable, "-m", f"services.{name}.main"]
        process = self._process(name, command, self.environment.of_service(name))
        return self._http(name, process, after=("mongod", "nats"))

    def _gateway(self) -> Component:
        command = [sys.executable, "-m", "gateway.main"]
        process = self._process("gateway", command, self.environment.of_gateway())
        return self._http("gateway", process, after=("mongod",))

    def _invented(self) -> list[Component]:
        people = self.plan.people
        # The file is written last: where it is missing, the world is not whole, and making it again adds the rest.
        if not self.plan.demo or people.exists():
            return []
        command = [sys.executable, "-m", "cli.local.invented", str(people)]
        process = self._process(INVENTED, command, self.environment.of_tools())

        def settle() -> None:
            process.wait_for_end(INVENTED_SECONDS)

        return [self._component(INVENTED, process, settle, ("membership", "keycloak"), once=True)]

    def _http(self, name: str, process: Process, after: tuple[str, ...]) -> Component:
        def ready() -> bool:
            return answers_ok(self.plan.ports[name], "/health/ready")

        return self._component(name, process, lambda: process.wait_until(ready, SERVICE_SECONDS), after)

    def _process(self, name: str, command: list[str], environment: dict[str, str]) -> Process:
        # Lines reach the log as they are written, also when a process is killed.
        return Process(name, command, self.plan.run.log(name), environment | {"PYTHONUNBUFFERED": "1"}, ROOT)

    def _component(
        self,
        name: str,
        process: Process | None = None,
        settle: Then = lambda: None,
        after: tuple[str, ...] = (),
        *,
        once: bool = False,
    ) -> Component:
        port = self.plan.ports[name] if process and not once else None
        return Component(name, settle, process, after, RANKS[name], once, port)


def table(plan: Plan) -> Table:
    """Return the table of a plan; files and secrets are made, nothing is started."""
    server = None
    if "mongod" not in plan.elsewhere:
        server = mongod.Mongod.in_directory(plan.run.data("mongod"), plan.ports["mongod"], plan.run.log("mongod"))
    return Table(plan, Environment(plan, plan.run.secrets, server))


def _lower(prefix: str, variables: dict[str, str]) -> dict[str, str]:
    return {name.lower().removeprefix(f"{prefix}_"): value for name, value in variables.items()}


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection((LOCALHOST, port), 1):
        return True
    return False
