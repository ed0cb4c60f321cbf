"""Realm roles: the access scopes, and the composites `family.sector.role` that bundle them."""

from collections.abc import Iterator
from urllib.parse import quote

from cli.realm.code import RealmCode
from cli.realm.console import Console
from cli.realm.gap import Difference, Step, compare

# Roles Keycloak makes in every realm; nothing of ours grants them.
BUILT_IN = frozenset({"offline_access", "uma_authorization"})


def steps(console: Console, code: RealmCode) -> Iterator[Step]:
    """Yield what keeps the realm's roles from being exactly the access table."""
    default = f"default-roles-{console.realm}"
    held = {role["name"]: role for role in console.get("/roles", briefRepresentation="true")}
    for scope, text in code.scopes.items():
        yield _role(console, held, scope, f"{text['fr']} / {text['en']}")
    for composite in code.composites:
        yield _role(console, held, composite, "")
    for composite, scopes in code.composites.items():
        yield _contents(console, composite, scopes, known=composite in held)
    # Every account holds the default role, and none may get anything by it (offline tokens, the account console).
    yield _contents(console, default, (), known=True)
    for name in sorted(set(held) - set(code.scopes) - set(code.composites) - BUILT_IN - {default}):
        yield _stale(console, name)


def _role(console: Console, held: dict[str, dict[str, object]], name: str, description: str) -> Step:
    wanted = {"name": name, "description": description}
    found = held.get(name)
    differences = tuple(compare(f"role {name}", wanted, found))

    def close() -> None:
        if found is None:
            console.post("/roles", wanted)
        else:
            console.put(f"/roles/{quote(name, safe='')}", wanted)

    return Step(differences, close)


def _contents(console: Console, composite: str, scopes: tuple[str, ...], *, known: bool) -> Step:
    path = f"/roles/{quote(composite, safe='')}/composites"
    found = (console.find(path) if known else None) or []
    names = [role["name"] for role in found]
    differences = tuple(compare(f"role {composite} holds", sorted(scopes), names))

    def close() -> None:
        surplus = [role for role in console.get(path) if role["name"] not in scopes]
        if surplus:
            console.delete(path, surplus)
        missing = [console.get(f"/roles/{quote(scope, safe='')}") for scope in scopes if scope not in names]
        if missing:
            console.post(path, missing)

    return Step(differences, close)


def _stale(console: Console, name: str) -> Step:
    gone = Difference(f"role {name}", "there", "nothing")
    return Step((gone,), lambda: console.delete(f"/roles/{quote(name, safe='')}"))
