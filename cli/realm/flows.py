"""Authentication flows: built beside the live one, bound, and only then is the old one removed."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from cli.realm.code import RealmCode, fill
from cli.realm.console import Console
from cli.realm.gap import Step, compare

COPIES = ("a", "b")


def steps(console: Console, code: RealmCode) -> Iterator[Step]:
    """Yield what keeps each stated flow from being the one in force."""
    for stated in code.flows:
        yield _flow(console, stated)


def _flow(console: Console, stated: dict[str, Any]) -> Step:
    bound = str(console.get().get(stated["binding"], ""))
    copies = [f"{stated['name']} {letter}" for letter in COPIES]
    live = bound if bound in copies else None
    wanted = _tree(_named(stated, live or copies[0]))
    found = _held(console, live) if live else None
    differences = tuple(compare(f"flow {stated['name']}", {"executions": wanted}, {"executions": found}))
    following = copies[1] if live == copies[0] else copies[0]

    def close() -> None:
        _remove(console, following)
        _build(console, following, _named(stated, following))
        console.put("", {stated["binding"]: following})
        if live:
            _remove(console, live)

    return Step(differences, close)


def _named(stated: dict[str, Any], name: str) -> list[dict[str, Any]]:
    executions: list[dict[str, Any]] = fill(stated["executions"], {"flow": name})
    return executions


def _tree(executions: list[dict[str, Any]], level: int = 0) -> list[dict[str, Any]]:
    """Flatten a stated tree to Keycloak's list: one row an execution, in order, with its depth."""
    rows: list[dict[str, Any]] = []
    for execution in executions:
        what = execution.get("flow") or execution["authenticator"]
        rows.append(
            {"what": what, "requirement": execution["requirement"], "level": level}
            | ({"config": execution["config"]} if "config" in execution else {})
        )
        rows += _tree(execution.get("executions", []), level + 1)
    return rows


def _held(console: Console, alias: str) -> list[dict[str, Any]]:
    rows = []
    for execution in console.get(f"/authentication/flows/{quote(alias)}/executions"):
        what = str(execution.get("providerId") or execution["displayName"]).removeprefix(f"{alias}: ")
        row = {"what": what, "requirement": execution["requirement"], "level": execution["level"]}
        if "authenticationConfig" in execution:
            row["config"] = console.get(f"/authentication/config/{execution['authenticationConfig']}")["config"]
        rows.append(row)
    return rows


def _build(console: Console, alias: str, executions: list[dict[str, Any]]) -> None:
    top = {"alias": alias, "providerId": "basic-flow", "topLevel": True, "builtIn": False, "description": ""}
    console.post("/authentication/flows", top)
    _fill(console, alias, alias, executions)


def _fill(console: Console, top: str, parent: str, executions: list[dict[str, Any]]) -> None:
    path = f"/authentication/flows/{quote(parent)}/executions"
    for execution in executions:
        if "flow" in execution:
            alias = f"{top}: {execution['flow']}"
            flow = {"alias": alias, "type": "basic-flow", "provider": "registration-page-form", "description": ""}
            made = console.post(f"{path}/flow", flow)
            _require(console, top, made, alias, execution["requirement"])
            _fill(console, top, alias, execution["executions"])
        else:
            made = console.post(f"{path}/execution", {"provider": execution["authenticator"]})
            _require(console, top, made, None, execution["requirement"])
            if "config" in execution:
                config = {"alias": f"{top} {execution['authenticator']}", "config": execution["config"]}
                console.post(f"/authentication/executions/{made}/config", config)


def _require(console: Console, top: str, made: str, alias: str | None, requirement: str) -> None:
    """Set an execution's requirement; Keycloak answers a new sub-flow with the flow's id, so those go by their name."""
    path = f"/authentication/flows/{quote(top)}/executions"
    for held in console.get(path):
        if held["id"] == made or (alias and held["displayName"] == alias):
            console.put(path, held | {"requirement": requirement})


def _remove(console: Console, alias: str) -> None:
    for flow in console.get("/authentication/flows"):
        if flow["alias"] == alias:
            console.delete(f"/authentication/flows/{flow['id']}")
