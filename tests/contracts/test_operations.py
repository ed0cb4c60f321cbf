"""Operations: each one explained, guarded, shown, and alone on its path."""

import json
from itertools import combinations

import jsonschema_rs
import pytest

from cli import contracts
from kit.http.openapi import operations

KINDS = ("application/json", "application/x-www-form-urlencoded")
DOCUMENTS = {path.stem: json.loads(path.read_bytes()) for path in sorted((contracts.ROOT / "openapi").glob("*.json"))}
MERGED = json.loads((contracts.ROOT / "openapi.json").read_bytes())
# The gateway's own operations stand in the merged document alone.
OWN = {path: item for path, item in MERGED["paths"].items() if not path.startswith("/api/")}
DOCUMENTS["gateway"] = MERGED | {"paths": OWN}
PREFIXES = {"gateway": "/auth/"}
ALWAYS = {"gateway": set()}
OPERATIONS = [
    (service, path, method, operation)
    for service, document in DOCUMENTS.items()
    for path, method, operation in operations(document)
]

each = pytest.mark.parametrize(
    ("service", "path", "method", "operation"), OPERATIONS, ids=[f"{o[2]} {o[1]}" for o in OPERATIONS]
)


def resolved(document, part):
    """Follow references to what they lead to."""
    while "$ref" in part:
        found = document
        for step in part["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        part = found
    return part


def examples_of(document, content):
    """The examples of a body: its own, or its schema's."""
    if "example" in content:
        return [content["example"]]
    if "examples" in content:
        return [resolved(document, example)["value"] for example in content["examples"].values()]
    schema = resolved(document, content["schema"])
    if "items" in schema and "examples" not in schema:
        return [[example] for example in resolved(document, schema["items"]).get("examples", [])]
    return schema.get("examples", [])


def overlap(one, other):
    """Say whether some path matches both templates."""
    first, second = one.strip("/").split("/"), other.strip("/").split("/")
    pairs = zip(first, second, strict=False)
    return len(first) == len(second) and all(a == b or a[0] == "{" or b[0] == "{" for a, b in pairs)


@each
def test_an_operation_is_explained(service, path, method, operation):
    assert operation["operationId"]
    assert operation["summary"]
    automatic = operation["operationId"].replace("_", " ").title()
    assert operation["summary"] != automatic, "write a summary: this one is FastAPI's guess"
    assert len(operation["description"]) > len("Reads it.")


def test_everything_of_the_services_stands_in_the_merged_document_and_nothing_of_it_twice():
    assert {path for document in DOCUMENTS.values() for path in document["paths"]} == MERGED["paths"].keys()
    assert len(list(operations(MERGED))) == len(OPERATIONS)


@each
def test_a_parameter_says_what_it_is(service, path, method, operation):
    silent = [p["name"] for p in operation.get("parameters", ()) if not p.get("description")]
    assert silent == []


def test_operation_ids_are_unique_everywhere():
    ids = [operation["operationId"] for *_, operation in OPERATIONS]
    assert len(ids) == len(set(ids))


@each
def test_an_operation_lives_under_its_services_prefix(service, path, method, operation):
    assert path.startswith(PREFIXES.get(service, f"/api/v1/{service}/"))


def test_two_operations_never_match_one_path():
    by_method = [(f"{method} {path}", method, path) for _, path, method, _ in OPERATIONS]
    clashes = [(a[0], b[0]) for a, b in combinations(by_method, 2) if a[1] == b[1] and overlap(a[2], b[2])]
    assert clashes == []


@each
def test_an_operation_asks_for_scopes_or_says_who_may(service, path, method, operation):
    scopes = {scope for scheme in operation.get("security", ()) for scopes in scheme.values() for scope in scopes}
    access = operation.get("x-access")
    assert bool(scopes) != bool(access)
    assert access in (None, "public", "signed-in")
    assert bool(operation.get("security")) == (access != "public")


@each
def test_an_operation_documents_the_problems_it_may_answer(service, path, method, operation):
    words = DOCUMENTS[service]["x-problems"]
    always = ALWAYS.get(service, {"service.failed", "service.unavailable"})
    assert always <= set(operation["x-problems"]) <= words.keys()
    for code in operation["x-problems"]:
        response = operation["responses"][str(words[code]["status"])]
        assert code in response["content"]["application/problem+json"]["examples"]
    if "{" in path:
        assert any(words[code]["status"] == 404 for code in operation["x-problems"]), "what if it is not there?"


@each
def test_an_operation_shows_what_goes_in_and_what_comes_out(service, path, method, operation):
    document = DOCUMENTS[service]
    bodies = [operation["requestBody"]] if "requestBody" in operation else []
    bodies += [response for status, response in operation["responses"].items() if status.startswith("2")]
    for body in bodies:
        for content in (body["content"][kind] for kind in KINDS if kind in body.get("content", {})):
            found = examples_of(document, content)
            assert found, "give its model an example: model_config = ConfigDict(json_schema_extra={'examples': [...]})"
            schema = {**content["schema"], "components": document["components"]}
            for example in found:
                jsonschema_rs.validator_for(schema).validate(example)
