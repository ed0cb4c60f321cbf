"""The documentation that people read, rendered from the merged OpenAPI document."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.curl import FORM, JSON, curl
from gateway.exchange import Exchange
from gateway.pages import Pages
from gateway.routing import METHODS
from gateway.words import GROUPS, SCOPES
from kit.problems import MEDIA_TYPE, Language

_AN_HOUR = (b"cache-control", b"public, max-age=3600")


@dataclass(frozen=True, slots=True)
class Answer:
    """One status an operation may answer."""

    status: str
    description: str
    example: str | None


@dataclass(frozen=True, slots=True)
class Described:
    """One operation as its reader sees it, in one language."""

    anchor: str
    method: str
    path: str
    summary: str
    description: str
    access: str
    scopes: Mapping[str, str]
    parameters: tuple[Mapping[str, Any], ...]
    body: str | None
    curl: str
    answers: tuple[Answer, ...]
    problems: tuple[str, ...]


class Docs:
    """Serves `/openapi.json`, `/docs` and what `/problems/<code>` refers to; all rendered once, at start."""

    def __init__(self, document: Mapping[str, Any], pages: Pages, issuer: str) -> None:
        self._pages = pages
        self.codes = tuple(document["x-problems"])
        self._json = json.dumps(document, ensure_ascii=False).encode()
        self._pages_of: dict[Language, bytes] = {
            language: pages.render("docs.html", language, content(document, language, issuer), "/docs")
            for language in ("fr", "en")
        }

    async def openapi(self, exchange: Exchange) -> None:
        """Send the merged document."""
        await exchange.answer(200, [(b"content-type", JSON.encode()), _AN_HOUR], self._json)

    async def page(self, exchange: Exchange) -> None:
        """Send the documentation in the reader's language."""
        await self._pages.send(exchange, 200, self._pages_of[exchange.language], [_AN_HOUR])

    async def home(self, exchange: Exchange) -> None:
        """Lead a visitor of the API's own address to its documentation."""
        await exchange.redirect("/docs")

    async def problem(self, exchange: Exchange) -> None:
        """Lead from a problem's `type` to its explanation."""
        await exchange.redirect(f"/docs#{exchange.path.rsplit(b'/', 1)[1].decode()}")


def content(document: Mapping[str, Any], language: Language, issuer: str) -> dict[str, Any]:
    """Return what the template shows."""
    base = document["servers"][0]["url"]
    groups: dict[str, list[Described]] = {tag["name"]: [] for tag in document["tags"]}
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                described = _described(document, base, path, method, item[method], language)
                groups[item[method]["tags"][0]].append(described)
    return {
        "groups": groups,
        "titles": {name: GROUPS[name][language] if name in GROUPS else name for name in groups},
        "problems": dict(sorted(document["x-problems"].items())),
        "base": base,
        "issuer": issuer,
    }


def _described(
    document: Mapping[str, Any],
    base: str,
    path: str,
    method: str,
    operation: Mapping[str, Any],
    language: Language,
) -> Described:
    words = _in(language, operation)
    scopes = [s for needed in operation.get("security", []) for names in needed.values() for s in names]
    kinds = operation.get("requestBody", {}).get("content", {})
    body = _example(document, kinds.get(JSON, kinds.get(FORM)))
    return Described(
        anchor=operation.get("operationId", f"{method}{path}"),
        method=method.upper(),
        path=path,
        summary=words.get("summary", path),
        description=words.get("description", ""),
        access=operation.get("x-access", "scopes"),
        scopes={scope: SCOPES[scope][language] if scope in SCOPES else "" for scope in scopes},
        parameters=tuple(_in(language, parameter) for parameter in operation.get("parameters", [])),
        body=_pretty(body) if body is not None else None,
        curl=curl(base, path, method.upper(), operation, body),
        answers=tuple(_answers(document, operation, language)),
        problems=tuple(operation.get("x-problems", [])),
    )


def _in(language: Language, part: Mapping[str, Any]) -> dict[str, Any]:
    """Return a part of the document with its words in the reader's language, where it has them."""
    return {**part, **(part.get("x-fr", {}) if language == "fr" else {})}


def _answers(document: Mapping[str, Any], operation: Mapping[str, Any], language: Language) -> Iterator[Answer]:
    for status, answer in operation["responses"].items():
        kinds = answer.get("content", {})
        if MEDIA_TYPE in kinds:
            continue  # Refusals are listed by code.
        example = _example(document, kinds.get(JSON))
        description = _in(language, answer).get("description", "")
        yield Answer(status, description, _pretty(example) if example is not None else None)


def _example(document: Mapping[str, Any], kind: Mapping[str, Any] | None) -> Any:
    """Return the example of a body: its own, one of its examples, or its schema's."""
    if kind is None:
        return None
    if "example" in kind:
        return kind["example"]
    if kind.get("examples"):
        return next(iter(kind["examples"].values())).get("value")
    return _schema_example(document, kind.get("schema", {}))


def _schema_example(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Any:
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        schema = document["components"]["schemas"].get(name, {})
    found = schema.get("examples") or [schema.get("example")]
    return found[0]


def _pretty(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
