"""Reads deploy/keycloak: the realm as it should be."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "keycloak"


class UnknownScope(Exception):  # noqa: N818 - it reads as what happened
    """The access table names a scope it does not describe."""


@dataclass(frozen=True)
class RealmCode:
    """Everything deploy/keycloak states, parameters filled in.

    `scopes` maps an access scope to its description {fr, en}; `composites` maps `family.sector.role` to its scopes.
    """

    realm: dict[str, Any]
    scopes: dict[str, dict[str, str]]
    composites: dict[str, tuple[str, ...]]
    client_scopes: list[dict[str, Any]]
    default_client_scopes: dict[str, list[str]]
    clients: list[dict[str, Any]]
    flows: list[dict[str, Any]]
    required_actions: dict[str, bool]
    profile: dict[str, Any]
    client_profiles: list[dict[str, Any]]
    client_policies: list[dict[str, Any]]


def read(parameters: Mapping[str, str], folder: Path = FOLDER) -> RealmCode:
    """Read the realm's code with its parameters; an unknown `$name` raises KeyError, an unknown scope UnknownScope."""
    realm, clients, access = _toml(folder, "realm"), _toml(folder, "clients"), _toml(folder, "access")
    scopes = access.pop("scopes")
    return RealmCode(
        realm=fill(realm["realm"], parameters),
        scopes=scopes,
        composites=_composites(access, scopes),
        client_scopes=fill(clients["client_scope"], parameters),
        default_client_scopes=clients["default_client_scopes"],
        clients=fill(clients["client"], parameters),
        flows=_toml(folder, "flows")["flow"],
        required_actions=realm["required_actions"],
        profile=fill(realm["profile"], parameters),
        client_profiles=realm["client_profiles"],
        client_policies=realm["client_policies"],
    )


def fill(stated: Any, parameters: Mapping[str, str]) -> Any:
    """Return what is stated with each `$name` in its strings replaced."""
    if isinstance(stated, str):
        return Template(stated).substitute(parameters)
    if isinstance(stated, dict):
        return {key: fill(value, parameters) for key, value in stated.items()}
    if isinstance(stated, list):
        return [fill(value, parameters) for value in stated]
    return stated


def composites(folder: Path = FOLDER) -> dict[str, tuple[str, ...]]:
    """Return the access table: `family.sector.role` to its scopes."""
    access = _toml(folder, "access")
    return _composites(access, access.pop("scopes"))


def _toml(folder: Path, name: str) -> dict[str, Any]:
    return tomllib.loads((folder / f"{name}.toml").read_text(encoding="utf-8"))


def _composites(access: Mapping[str, Any], scopes: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    table = {
        f"{family}.{sector}.{role}": tuple(granted)
        for family, sectors in access.items()
        for sector, roles in sectors.items()
        for role, granted in roles.items()
    }
    unknown = sorted({scope for granted in table.values() for scope in granted} - set(scopes))
    if unknown:
        raise UnknownScope(f"access.toml grants scopes it does not describe: {', '.join(unknown)}")
    return table
