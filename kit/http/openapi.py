"""The OpenAPI document of a service, with the problems each operation may answer."""

from collections.abc import Iterator, Mapping
from typing import Any

from kit.problems import SCHEMA, Problem, documented, examples_of

_ALWAYS = ("service.failed", "service.unavailable")
_BODY = ("request.malformed", "request.too-large", "request.unsupported-media-type", "request.invalid")
_SIGNED_IN = ("auth.invalid-token", "auth.organization-count", "auth.keys-unavailable")
_PARAMETERS = {
    "if-match": ("request.stale", "request.precondition-missing", "kit.version-conflict"),
    "idempotency-key": ("request.key-reused", "request.in-progress"),
    "cursor": ("request.malformed-cursor",),
}
_METHODS = frozenset(("get", "put", "post", "delete", "options", "head", "patch", "trace"))


def operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield each operation of an OpenAPI document as (path, method, operation)."""
    for path, item in document.get("paths", {}).items():
        for method, operation in item.items():
            if method in _METHODS:
                yield path, method, operation


def complete(document: dict[str, Any], catalogue: Mapping[str, Problem]) -> dict[str, Any]:
    """Add to each operation the problems it may answer, and to the document what they say in both languages."""
    told: set[str] = set()
    for _, _, operation in operations(document):
        codes = _codes(operation)
        operation["x-problems"] = sorted(codes)
        operation["responses"].pop("422", None)
        operation["responses"] |= documented(catalogue, codes)
        told |= codes
    components = document.setdefault("components", {})
    components["examples"] = examples_of(catalogue, told)
    schemas = components.setdefault("schemas", {})
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    schemas["Problem"] = SCHEMA
    document["x-problems"] = {code: _words(catalogue[code]) for code in sorted(told)}
    return document


def _codes(operation: Mapping[str, Any]) -> set[str]:
    """Return what the operation says it refuses, and what its own parts imply."""
    codes = {*_ALWAYS, *operation.get("x-problems", ())}
    parameters = operation.get("parameters", ())
    for parameter in parameters:
        codes |= {"request.invalid", *_PARAMETERS.get(parameter["name"].lower(), ())}
    if "requestBody" in operation:
        codes |= {*_BODY}
    if operation.get("security") or operation.get("x-access") == "signed-in":
        codes |= {*_SIGNED_IN}
    if any(scopes for each in operation.get("security", ()) for scopes in each.values()):
        codes.add("auth.missing-scope")
    return codes


def _words(problem: Problem) -> dict[str, Any]:
    return {
        "status": problem.status,
        "title": {"fr": problem.fr, "en": problem.en},
        "next": {"fr": problem.next_fr, "en": problem.next_en},
    }


def names(document: Any) -> Iterator[str]:
    """Yield every field and parameter name of an OpenAPI document."""
    if isinstance(document, dict):
        if isinstance(properties := document.get("properties"), dict):
            yield from properties
        if "in" in document and isinstance(name := document.get("name"), str):
            yield from (name, name.lower())
        for value in document.values():
            yield from names(value)
    elif isinstance(document, list):
        for value in document:
            yield from names(value)
