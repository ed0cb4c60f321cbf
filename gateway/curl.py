"""Commands one can copy: an operation with its examples, exactly as its contract asks for it."""

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from gateway.origin import SAFE

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
_CREDENTIALS = {"token": '-H "Authorization: Bearer $TOKEN"', "cookie": '-b "__Host-session=$SESSION"'}
# What an operation cannot do without, though its contract has it optional: one says "any version" with `*`.
_NEEDED = frozenset({"If-Match"})


def curl(base: str, path: str, method: str, operation: Mapping[str, Any], body: Any) -> str:
    """Return the command; `$TOKEN` or `$SESSION`, and a variable for each identifier, are the reader's to fill in."""
    url = f'"{base}{_address(path, operation)}"'
    return " \\\n  ".join(
        [_verb(method, operation), *_proof(base, method, operation), *_headers(operation), *_body(operation, body), url]
    )


def _verb(method: str, operation: Mapping[str, Any]) -> str:
    streams = any("text/event-stream" in answer.get("content", {}) for answer in operation["responses"].values())
    return "curl" + (" -N" if streams else "") + ("" if method == "GET" else f" -X {method}")


def _proof(base: str, method: str, operation: Mapping[str, Any]) -> Iterator[str]:
    """Yield who calls, by the first way the operation takes; with a cookie, also that a page of ours asks."""
    scheme = next((name for way in operation.get("security", ()) for name in way), None)
    if scheme is not None:
        yield _CREDENTIALS[scheme]
    if scheme == "cookie" and method not in SAFE:
        yield f'-H "Origin: {base}"'
        yield "-H 'X-Requested-With: curl'"


def _headers(operation: Mapping[str, Any]) -> Iterator[str]:
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "header" and (parameter.get("required") or parameter["name"] in _NEEDED):
            header = f"{parameter['name']}: {_example(parameter)}"
            yield f"-H {_quoted(header)}"


def _body(operation: Mapping[str, Any], body: Any) -> Iterator[str]:
    if body is None:
        return
    if JSON in operation["requestBody"]["content"]:
        yield f"-H 'Content-Type: {JSON}'"
        yield f"-d {_quoted(json.dumps(body, ensure_ascii=False, indent=2))}"
    else:
        yield from ("--data-urlencode " + _quoted(f"{name}={value}") for name, value in body.items())


def _address(path: str, operation: Mapping[str, Any]) -> str:
    """Return path and query, with what the operation cannot do without."""
    query = []
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", f"${{{parameter['name'].upper()}}}")
        elif parameter["in"] == "query" and parameter.get("required"):
            query.append(f"{parameter['name']}={quote(str(_example(parameter)))}")
    return f"{path}?{'&'.join(query)}" if query else path


def _example(parameter: Mapping[str, Any]) -> Any:
    """Return a parameter's own example, or the first value its schema has or allows."""
    schema = parameter.get("schema", {})
    shown = parameter.get("example", schema.get("example"))
    return next(iter([shown] if shown is not None else schema.get("examples") or schema.get("enum") or ["…"]))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
