"""Client scopes: what a token carries."""

from collections.abc import Iterable, Iterator
from typing import Any

from cli.realm.code import RealmCode
from cli.realm.console import Console
from cli.realm.gap import Difference, Step, compare

PROTOCOL = {"protocol": "openid-connect"}
KINDS = {"default": "default-default-client-scopes", "optional": "default-optional-client-scopes"}


def steps(console: Console, code: RealmCode) -> Iterator[Step]:
    """Yield what keeps the realm's client scopes from being as stated."""
    held = {scope["name"]: scope for scope in console.get("/client-scopes")}
    for stated in code.client_scopes:
        wanted = {key: value for key, value in stated.items() if key != "mappers"}
        yield _scope(console, wanted, held.get(stated["name"]))
        yield from _mappers(console, stated, held.get(stated["name"]))
    for kind, names in code.default_client_scopes.items():
        yield assignment(console, f"new clients' {kind} scopes", f"/{KINDS[kind]}", names)


def assignment(console: Console, where: str, path: str, names: Iterable[str]) -> Step:
    """Return the step that makes exactly these client scopes stand at the path (of the realm, or of a client)."""
    wanted = sorted(names)
    held = {scope["name"]: scope["id"] for scope in console.find(path) or []}
    differences = tuple(compare(where, wanted, sorted(held)))

    def close() -> None:
        ids = {scope["name"]: scope["id"] for scope in console.get("/client-scopes")}
        for name in set(held) - set(wanted):
            console.delete(f"{path}/{held[name]}")
        for name in set(wanted) - set(held):
            console.put(f"{path}/{ids[name]}", {})

    return Step(differences, close)


def _scope(console: Console, wanted: dict[str, Any], found: dict[str, Any] | None) -> Step:
    differences = tuple(compare(f"client scope {wanted['name']}", wanted, found))

    def close() -> None:
        if found is None:
            console.post("/client-scopes", wanted | PROTOCOL)
        else:
            console.put(f"/client-scopes/{found['id']}", _merged(found, wanted))

    return Step(differences, close)


def _mappers(console: Console, stated: dict[str, Any], found: dict[str, Any] | None) -> Iterator[Step]:
    where = f"client scope {stated['name']} mapper"
    held = {mapper["name"]: mapper for mapper in (found or {}).get("protocolMappers", [])}
    for wanted in stated["mappers"]:
        name = wanted["name"]
        yield _mapper(console, stated["name"], wanted, held.pop(name, None), f"{where} {name}")
    for name, mapper in held.items():
        path = f"/client-scopes/{(found or {})['id']}/protocol-mappers/models/{mapper['id']}"
        gone = Difference(f"{where} {name}", "there", "nothing")
        yield Step((gone,), lambda path=path: console.delete(path))  # type: ignore[misc]


def _mapper(console: Console, scope: str, wanted: dict[str, Any], found: dict[str, Any] | None, where: str) -> Step:
    differences = tuple(compare(where, wanted, found))

    def close() -> None:
        ids = {held["name"]: held["id"] for held in console.get("/client-scopes")}
        path = f"/client-scopes/{ids[scope]}/protocol-mappers/models"
        if found is None:
            console.post(path, wanted | PROTOCOL)
        else:
            console.put(f"{path}/{found['id']}", _merged(found, wanted))

    return Step(differences, close)


def _merged(found: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """Keycloak replaces the whole representation: keep what the code does not state, one level deep."""
    merged = found | wanted
    for key, value in wanted.items():
        if isinstance(value, dict) and isinstance(found.get(key), dict):
            merged[key] = found[key] | value
    return merged
