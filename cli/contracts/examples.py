"""An example for every body of an OpenAPI document, composed of its parts' own.

A part's example is, in this order: what its model or field says (`examples`), the word `examples.toml` has for a field
of that name, or what its schema leaves no choice about. A part with none leaves its operation without, and a test says.
"""

import re
import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from kit.http.openapi import operations

JSON = "application/json"
_FORMATS = {
    "date-time": "2026-11-24T03:10:00Z",
    "date": "2026-11-24",
    "time": "22:00:00",
    "uuid": "3f1b8f0a-2c4d-4e6f-8a9b-0c1d2e3f4a5b",
}
_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "array": list,
    "object": dict,
}


class NoExample(LookupError):  # noqa: N818 - it reads as what is missing
    """Nothing says what a field could hold; its text is the field's place."""


def complete(document: dict[str, Any]) -> dict[str, Any]:
    """Give each JSON body and 2xx answer its example where it has none."""
    words = tomllib.loads(files("cli.contracts").joinpath("examples.toml").read_text("utf-8"))
    composer = _Composer(document, words)
    for _, _, operation in operations(document):
        answers = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
        for body in (operation.get("requestBody", {}), *answers):
            content = body.get("content", {}).get(JSON)
            if content is not None and not {"example", "examples"} & content.keys():
                composer.add_to(content)
    return document


class _Composer:
    def __init__(self, document: Mapping[str, Any], words: Mapping[str, Any]) -> None:
        self._document = document
        self._words = words

    def add_to(self, content: dict[str, Any]) -> None:
        """Put an example into a body's description, when there is one."""
        try:
            content["example"] = self.of(content["schema"], "")
        except NoExample as error:
            content["x-no-example-of"] = str(error)

    def of(self, schema: Mapping[str, Any], place: str) -> Any:
        """Return an example of a schema; raises `NoExample` with the first part that has none."""
        schema = self._resolved(schema)
        if given := schema.get("examples", [schema["example"]] if "example" in schema else []):
            return self._whole(schema, given[0])
        for name in (".".join(place.split(".")[-2:]), place.rpartition(".")[2]):
            if name in self._words and _suits(schema, self._words[name]):
                return self._words[name]
        return self._implied(schema, place)

    def _whole(self, schema: Mapping[str, Any], given: Any) -> Any:
        """Put back the nulls of a model's own example: FastAPI drops them from its document."""
        if not isinstance(given, dict):
            return given
        empty = {
            name for name, part in schema.get("properties", {}).items() if {"type": "null"} in part.get("anyOf", ())
        }
        return given | dict.fromkeys(name for name in schema.get("required", ()) if name in empty - given.keys())

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in schema:
            schema = self._document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return schema

    def _implied(self, schema: Mapping[str, Any], place: str) -> Any:
        """Return what the schema itself leaves no choice about, or any choice."""
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return schema["enum"][0]
        for several in ("anyOf", "oneOf"):
            if several in schema:
                return self._first(schema[several], place)
        if schema.get("default") is not None:
            return schema["default"]
        return self._of_type(schema, place)

    def _first(self, alternatives: list[Mapping[str, Any]], place: str) -> Any:
        """Return an example of the first alternative that has one, null last."""
        missing = NoExample(place)
        for alternative in sorted(alternatives, key=lambda each: each.get("type") == "null"):
            try:
                return self.of(alternative, place)
            except NoExample as error:
                missing = error
        raise missing

    def _of_type(self, schema: Mapping[str, Any], place: str) -> Any:
        kind = schema.get("type")
        if kind == "object":
            properties = schema.get("properties", {})
            return {name: self.of(part, f"{place}.{name}") for name, part in properties.items()}
        if kind == "array":
            item = self._resolved(schema.get("items", {}))
            return [self.of(item, place)] if item else []
        if kind == "string" and schema.get("format") in _FORMATS:
            return _FORMATS[schema["format"]]
        simple = {
            "boolean": False,
            "integer": schema.get("minimum", 1),
            "number": schema.get("minimum", 1),
            "null": None,
        }
        if kind in simple:
            return simple[kind]
        raise NoExample(place)


def _suits(schema: Mapping[str, Any], value: Any) -> bool:
    """Say whether a word from the table can stand for a schema: the same name may mean another thing elsewhere."""
    alternatives = schema.get("anyOf") or schema.get("oneOf")
    if alternatives:
        return any(_suits(alternative, value) for alternative in alternatives)
    if "enum" in schema:
        return value in schema["enum"]
    # A schema without a type takes anything.
    if "const" in schema or ("type" in schema and not isinstance(value, _TYPES.get(schema["type"], ()))):
        return False
    return "pattern" not in schema or re.search(schema["pattern"], str(value)) is not None
