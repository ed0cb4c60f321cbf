"""Clients: the gateway, our own services, and Keycloak's consoles switched off."""

from collections.abc import Iterator
from typing import Any

from cli.realm import scopes
from cli.realm.code import RealmCode
from cli.realm.console import Console
from cli.realm.gap import Step, compare

OURS = ("default_scopes", "optional_scopes", "service_account_roles")


def steps(console: Console, code: RealmCode) -> Iterator[Step]:
    """Yield what keeps the realm's clients from being as stated."""
    for stated in code.clients:
        name = stated["clientId"]
        wanted = {key: value for key, value in stated.items() if key not in OURS}
        yield _client(console, wanted, _find(console, name))
        for kind in ("default", "optional"):
            if f"{kind}_scopes" in stated:
                path = f"/clients/{_id(console, name)}/{kind}-client-scopes"
                yield scopes.assignment(console, f"client {name} {kind} scopes", path, stated[f"{kind}_scopes"])
        if "service_account_roles" in stated:
            yield from _service_account(console, name, stated["service_account_roles"])


def _client(console: Console, wanted: dict[str, Any], found: dict[str, Any] | None) -> Step:
    differences = tuple(compare(f"client {wanted['clientId']}", wanted, found))

    def close() -> None:
        if found is None:
            console.post("/clients", wanted | {"protocol": "openid-connect"})
        else:
            attributes = (found.get("attributes") or {}) | wanted.get("attributes", {})
            console.put(f"/clients/{found['id']}", found | wanted | {"attributes": attributes})

    return Step(differences, close)


def _service_account(console: Console, name: str, roles: list[str]) -> Iterator[Step]:
    """A role counts only where the account holds it and the client may pass it on."""
    client = _id(console, name)
    user = console.find(f"/clients/{client}/service-account-user") or {}
    management = f"clients/{_id(console, 'realm-management')}"
    yield _exactly(
        console, f"client {name} holds", f"/users/{user.get('id', 'unknown')}/role-mappings", management, roles
    )
    yield _exactly(console, f"client {name} passes on", f"/clients/{client}/scope-mappings", management, roles)


def _exactly(console: Console, where: str, path: str, management: str, roles: list[str]) -> Step:
    path = f"{path}/{management}"
    held = {role["name"]: role for role in console.find(path) or []}
    differences = tuple(compare(where, sorted(roles), sorted(held)))

    def close() -> None:
        surplus = [role for role in held.values() if role["name"] not in roles]
        if surplus:
            console.delete(path, surplus)
        missing = [console.get(f"/{management}/roles/{role}") for role in roles if role not in held]
        if missing:
            console.post(path, missing)

    return Step(differences, close)


def _find(console: Console, name: str) -> dict[str, Any] | None:
    found: list[dict[str, Any]] = console.get("/clients", clientId=name)
    return found[0] if found else None


def _id(console: Console, name: str) -> str:
    """Return the client's internal id, or a word no id equals while it does not exist yet."""
    found = _find(console, name)
    return str(found["id"]) if found else "unknown"
