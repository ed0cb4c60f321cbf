"""One OpenAPI document of everything behind the door, the gateway's own operations included."""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from gateway.french import in_french
from gateway.refusals import PROBLEMS
from gateway.words import SCOPES
from kit.problems import SCHEMA, documented, examples_of

VERSION = "3.1.0"
_SHARED = "Problem"
_SCHEMAS = "#/components/schemas/"

# What the door itself may answer before any service is asked, to everyone and to those who must be someone.
_EVERYONE = ("gateway.malformed-request", "gateway.too-many-requests", "gateway.service-unavailable")
_MEMBERS = (
    "auth.invalid-token",
    "auth.access-ended",
    "auth.organization-count",
    "gateway.access-unknown",
    "gateway.unavailable",
)

TITLE = "Coalition"
DESCRIPTION = (
    "Orienter une personne, avec son accord, vers un service qui peut l'aider. Connexion, exemples et refus: /docs.\n\n"
    "Refer a person, with their consent, to a service that can help. Signing in, examples and refusals: /docs."
)


def own_operations() -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the OpenAPI paths of the gateway's own operations, their problems included, and their schemas."""
    described = tomllib.loads(files("gateway").joinpath("operations.toml").read_text("utf-8"))
    paths: dict[str, Any] = {}
    for operation in described["operation"]:
        path, method = operation.pop("path"), operation.pop("method")
        codes = operation.pop("problems", [])
        operation["tags"] = ["auth"]
        operation["x-problems"] = sorted(codes)
        operation["responses"] |= documented(PROBLEMS, codes)
        paths.setdefault(path, {})[method] = in_french(operation)
    return paths, described["schema"]


def merged(documents: Mapping[str, Mapping[str, Any]], public_url: str, issuer: str) -> dict[str, Any]:
    """Merge the services' documents; each one's schemas keep their service's name before theirs."""
    paths, own_schemas = own_operations()
    schemas, words = {_SHARED: SCHEMA, **own_schemas}, _words()
    examples = examples_of(PROBLEMS, PROBLEMS)
    for service, document in documents.items():
        for path, item in document["paths"].items():
            paths[path] = {method: _operation(service, method, operation) for method, operation in item.items()}
        for name, schema in document.get("components", {}).get("schemas", {}).items():
            schemas[_renamed(service, name)] = _pointed(service, schema)
        examples |= document.get("components", {}).get("examples", {})
        words |= document.get("x-problems", {})
    return {
        "openapi": VERSION,
        "info": {"title": TITLE, "version": "1", "description": DESCRIPTION, "license": {"name": "Apache-2.0"}},
        "servers": [{"url": public_url}],
        "tags": [{"name": "auth"}, *({"name": service} for service in documents)],
        "paths": paths,
        "components": {"schemas": schemas, "examples": examples, "securitySchemes": _schemes(issuer)},
        "x-problems": words,
    }


def _operation(service: str, method: str, operation: Any) -> Any:
    if method == "parameters":
        return _pointed(service, operation)
    extra = _EVERYONE if operation.get("x-access") == "public" else _EVERYONE + _MEMBERS
    told = {*operation.get("x-problems", ())}
    more = documented(PROBLEMS, [code for code in extra if code not in told])
    responses = {status: dict(response) for status, response in operation["responses"].items()}
    for status, response in more.items():
        responses[status] = _joined(responses.get(status), response)
    complete = {**operation, "tags": [service], "x-problems": sorted(told | set(extra)), "responses": responses}
    return _pointed(service, in_french(complete))


def _joined(one: Mapping[str, Any] | None, other: Mapping[str, Any]) -> dict[str, Any]:
    """Join two descriptions of one status' problems."""
    if one is None:
        return dict(other)
    content = {kind: dict(value) for kind, value in one.get("content", {}).items()}
    for kind, value in other["content"].items():
        examples = {**content.get(kind, {}).get("examples", {}), **value["examples"]}
        content[kind] = {**value, **content.get(kind, {}), "examples": examples}
    return {**one, "description": f"{one['description']}; {other['description']}", "content": content}


def _renamed(service: str, name: str) -> str:
    return name if name == _SHARED else f"{service}.{name}"


def _pointed(service: str, part: Any) -> Any:
    """Return the part of a document with its references to schemas renamed."""
    if isinstance(part, dict):
        return {
            key: _reference(service, value) if key == "$ref" else _pointed(service, value)
            for key, value in part.items()
        }
    if isinstance(part, list):
        return [_pointed(service, item) for item in part]
    return part


def _reference(service: str, value: Any) -> Any:
    if isinstance(value, str) and value.startswith(_SCHEMAS):
        return _SCHEMAS + _renamed(service, value.removeprefix(_SCHEMAS))
    return _pointed(service, value)


def _words() -> dict[str, Any]:
    return {
        code: {
            "status": problem.status,
            "title": {"fr": problem.fr, "en": problem.en},
            "next": {"fr": problem.next_fr, "en": problem.next_en},
        }
        for code, problem in PROBLEMS.items()
    }


def _schemes(issuer: str) -> dict[str, Any]:
    endpoint = f"{issuer}/protocol/openid-connect"
    scopes = {name: f"{words['fr']} / {words['en']}" for name, words in SCOPES.items()}
    flows = {"clientCredentials": {"tokenUrl": f"{endpoint}/token", "scopes": scopes}}
    return {
        "token": {"type": "oauth2", "description": "An organisation's software (RFC 6749, 4.4).", "flows": flows},
        "cookie": {
            "type": "apiKey",
            "in": "cookie",
            "name": "__Host-session",
            "description": "A person's browser, after /auth/login.",
        },
    }
