"""The environment of each process: what its settings module reads, with secrets made at the first start."""

import base64
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from cli.bus import SERVICES
from cli.local.plan import Plan
from cli.local.state import ROOT
from cli.servers import nats
from cli.servers.keycloak import ADMIN, admin_secrets
from cli.servers.mongod import DATABASES, Mongod
from cli.servers.private import Secrets
from cli.servers.process import LOCALHOST

REALM = "coalition"
BUS_ACCOUNT = "COALITION"
ADMIN_CLIENT, ADMIN_SECRET = "KEYCLOAK_ADMIN_CLIENT", "KEYCLOAK_ADMIN_SECRET"


def bus_seeds(kept: Secrets) -> dict[str, str]:
    """Return the NKEY seed of each user of a copy's bus, made at the first time."""
    return {user: kept.get(f"nats.{user}", nats.new_seed) for user in ("ops", *SERVICES)}


def key_of_32_bytes() -> str:
    """Return a new random key in base64."""
    return base64.b64encode(secrets.token_bytes(32)).decode()


@dataclass(frozen=True, slots=True)
class Environment:
    """Makes every process's variables from one plan and one set of secrets."""

    plan: Plan
    secrets: Secrets
    mongod: Mongod | None

    def seeds(self) -> dict[str, str]:
        """Return the NKEY seed of each user of the bus."""
        return bus_seeds(self.secrets)

    def of_service(self, name: str) -> dict[str, str]:
        """Return a service's variables, prefixed as its settings want them."""
        own = _OWN[name](self) if name in _OWN else {}
        return _prefixed(name, self._shared(name) | own)

    def of_gateway(self) -> dict[str, str]:
        """Return the gateway's variables."""
        plan = self.plan
        return _prefixed(
            "gateway",
            {
                "port": str(plan.ports["gateway"]),
                "metrics_port": str(plan.ports["gateway-metrics"]),
                "mongodb_url": self.mongodb_url("gateway"),
                "public_url": plan.gateway_url,
                "issuer": self.issuer,
                "keycloak_internal_url": plan.keycloak_internal_url,
                "client_secret": self.client_secret("gateway"),
                "session_keys": self.secrets.get("gateway.session-key", key_of_32_bytes),
                "upstreams": json.dumps({name: f"http://{LOCALHOST}:{plan.ports[name]}" for name in SERVICES}),
                "contracts": str(ROOT / "contracts" / "openapi"),
            },
        )

    def of_realm(self) -> dict[str, str]:
        """Return the variables of `coalition realm apply`."""
        clients = {f"{name}_secret": self.client_secret(name) for name in ("gateway", "membership", "notifications")}
        client, secret = self.admin()
        return _prefixed(
            "realm",
            {
                "keycloak_url": self.plan.keycloak_internal_url,
                "admin_client": client,
                "admin_secret": secret,
                "name": REALM,
                "gateway_url": self.plan.gateway_url,
                "gateway_internal_url": f"http://{LOCALHOST}:{self.plan.ports['gateway']}",
                "smtp_host": LOCALHOST,
                "smtp_port": str(self.plan.ports["mailbox-smtp"]),
            }
            | clients,
        )

    def of_tools(self) -> dict[str, str]:
        """Return what `coalition` commands and tests against this copy need, one set for all."""
        bus = {"NATS_OPS_SEED": self.seeds()["ops"]}
        # Kept only where it is ours, so that the next start knows its own server from somebody else's.
        bus |= {} if "nats" in self.plan.elsewhere else {"NATS_URL": self.plan.nats_url}
        where = {"COALITION_URL": self.plan.gateway_url, "COALITION_MAILBOX_URL": self.plan.mailbox_url}
        services = {name: value for each in SERVICES for name, value in self.of_service(each).items()}
        return services | self.of_gateway() | self.of_realm() | bus | where

    @property
    def issuer(self) -> str:
        """The issuer of every token."""
        return f"{self.plan.keycloak_url}/realms/{REALM}"

    def admin(self) -> tuple[str, str]:
        """Return Keycloak's administering client and its secret."""
        if "keycloak" in self.plan.elsewhere:
            return os.environ.get(ADMIN_CLIENT, ADMIN), os.environ.get(ADMIN_SECRET, "")
        return ADMIN, admin_secrets(self.plan.run.data("keycloak")).get(ADMIN)

    def client_secret(self, client: str) -> str:
        """Return the secret of a client of the realm."""
        return self.secrets.get(f"client.{client}")

    def mongodb_url(self, user: str) -> str:
        """Return the URL with this user's own rights; a server of somebody else's is used as its URL says."""
        return self.mongod.address(user, DATABASES[user][0]) if self.mongod else self.plan.elsewhere["mongod"]

    def _shared(self, name: str) -> dict[str, str]:
        return {
            "port": str(self.plan.ports[name]),
            "mongodb_url": self.mongodb_url(name),
            "mongodb_database": name,
            "nats_url": self.plan.nats_url,
            "nats_seed": self.seeds()[name],
            "issuer": self.issuer,
            "jwks_url": f"{self.plan.keycloak_internal_url}/realms/{REALM}/protocol/openid-connect/certs",
            "audit_key": self.secrets.get(f"{name}.audit-key"),
        }

    def keycloak_client(self, name: str) -> dict[str, str]:
        """Return how a service signs in to Keycloak as itself."""
        return {
            "keycloak_url": self.plan.keycloak_internal_url,
            "keycloak_realm": REALM,
            "keycloak_client": name,
            "keycloak_secret": self.client_secret(name),
        }

    def mail(self) -> dict[str, str]:
        """Return where mail goes: the local inbox and nowhere else."""
        return {
            "smtp_host": LOCALHOST,
            "smtp_port": str(self.plan.ports["mailbox-smtp"]),
            "public_url": self.plan.gateway_url,
        }


def _membership(environment: Environment) -> dict[str, str]:
    invitations = {"invitation_key": environment.secrets.get("membership.invitation-key", key_of_32_bytes)}
    return environment.keycloak_client("membership") | environment.mail() | invitations


def _referral(environment: Environment) -> dict[str, str]:
    return {"kms_file": str(environment.plan.run.data("referral") / "kms.key")}


def _notifications(environment: Environment) -> dict[str, str]:
    return environment.keycloak_client("notifications") | environment.mail()


_OWN = {"membership": _membership, "referral": _referral, "notifications": _notifications}


def _prefixed(name: str, values: Mapping[str, str]) -> dict[str, str]:
    return {f"{name}_{key}".upper(): value for key, value in values.items()}
