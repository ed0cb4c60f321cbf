"""The documentation people read: both languages whole, and every command on it one that its operation takes."""

import argparse
import html
import json
import re
import shlex
import tomllib
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import jsonschema_rs
import pytest

from gateway import french
from gateway.curl import FORM, JSON, curl
from gateway.docs import content
from gateway.pages import Pages
from gateway.words import GROUPS, SCOPES, WORDS
from kit.http.openapi import operations

ROOT = Path(__file__).resolve().parents[3]
DOCUMENT = json.loads((ROOT / "contracts" / "openapi.json").read_bytes()) | {
    "servers": [{"url": "https://coalition.example"}]
}
ISSUER = "https://keycloak.example/realms/coalition"
ALL = list(operations(DOCUMENT))
SHOWN = {
    language: {
        (o.path, o.method.lower()): o for group in content(DOCUMENT, language, ISSUER)["groups"].values() for o in group
    }
    for language in ("fr", "en")
}
each = pytest.mark.parametrize(("path", "method", "operation"), ALL, ids=[f"{m} {p}" for p, m, _ in ALL])
languages = pytest.mark.parametrize("language", ["fr", "en"])


def parsed(command: str) -> argparse.Namespace:
    """Read a command as a shell and curl would."""
    words = argparse.ArgumentParser()
    words.add_argument("-N", action="store_true")
    words.add_argument("-X", default=None)
    words.add_argument("-H", action="append", default=[])
    words.add_argument("-b")
    words.add_argument("-d")
    words.add_argument("--data-urlencode", action="append", default=[])
    words.add_argument("url")
    program, *arguments = shlex.split(command.replace("\\\n", " "))
    assert program == "curl"
    return words.parse_args(arguments)


def command_of(path, method) -> argparse.Namespace:
    return parsed(SHOWN["fr"][path, method].curl)


def parameters_of(operation, place):
    return {p["name"]: p for p in operation.get("parameters", ()) if p["in"] == place}


def is_valid(value, schema) -> bool:
    described = {**schema, "components": DOCUMENT["components"]}
    return jsonschema_rs.validator_for(described).is_valid(value)


@each
def test_a_command_asks_with_the_operations_method_at_its_address(path, method, operation):
    command = command_of(path, method)
    assert (command.X or "GET") == method.upper()
    address = urlsplit(command.url)
    assert f"{address.scheme}://{address.netloc}" == "https://coalition.example"
    assert address.path == re.sub(r"\{(\w+)\}", lambda found: f"${{{found[1].upper()}}}", path)
    streams = any("text/event-stream" in answer.get("content", {}) for answer in operation["responses"].values())
    assert streams == command.N


@each
def test_a_command_says_all_that_its_operation_cannot_do_without(path, method, operation):
    command = command_of(path, method)
    query = dict(parse_qsl(urlsplit(command.url).query, strict_parsing=True) if "?" in command.url else [])
    known = parameters_of(operation, "query")
    assert {name for name, parameter in known.items() if parameter.get("required")} <= set(query) <= set(known)
    assert all(is_valid(value, known[name]["schema"]) for name, value in query.items())
    headers = dict(header.split(": ", 1) for header in command.H)
    for name, parameter in parameters_of(operation, "header").items():
        if parameter.get("required") or name == "If-Match":
            assert is_valid(headers[name], parameter["schema"])


@each
def test_a_command_proves_who_calls_by_the_way_its_operation_takes(path, method, operation):
    command = command_of(path, method)
    headers = dict(header.split(": ", 1) for header in command.H)
    ways = [name for way in operation.get("security", ()) for name in way]
    assert (headers.get("Authorization") == "Bearer $TOKEN") == (ways[:1] == ["token"])
    assert (command.b == "__Host-session=$SESSION") == (ways[:1] == ["cookie"])
    if command.b and method != "get":
        assert (headers["Origin"], headers["X-Requested-With"]) == ("https://coalition.example", "curl")


@each
def test_a_command_sends_the_body_its_operation_wants_and_no_other(path, method, operation):
    command = command_of(path, method)
    kinds = operation.get("requestBody", {}).get("content", {})
    assert bool(command.d or command.data_urlencode) == bool(kinds)
    if JSON in kinds:
        assert f"Content-Type: {JSON}" in command.H
        assert is_valid(json.loads(command.d), kinds[JSON]["schema"])
    elif kinds:
        fields = dict(field.split("=", 1) for field in command.data_urlencode)
        assert is_valid(fields, kinds[FORM]["schema"])


def test_a_value_in_a_command_never_leaves_its_quotes():
    described = {"requestBody": {"content": {JSON: {}}}, "responses": {}}
    body = {"name": 'l\'Érable $(rm -rf /) `id` "x" \\'}
    assert json.loads(parsed(curl("https://x.example", "/a", "POST", described, body)).d) == body


# Words --------------------------------------------------------------------------------------------------------------


def test_every_operation_is_told_in_french():
    lacking = {
        o["operationId"]: sorted({"summary", "description"} - o.get("x-fr", {}).keys())
        for _, _, o in ALL
        if not {"summary", "description"} <= o.get("x-fr", {}).keys()
    }
    said = "".join(f'\n[operations.{name}]\nsummary = "…"\ndescription = "…"' for name in lacking)
    assert lacking == {}, f"add to gateway/operations.fr.toml, then `make contracts`:{said}"


def test_every_parameter_and_answer_is_told_in_french():
    parts = [
        part
        for _, _, o in ALL
        for part in (*o.get("parameters", ()), *(r for s, r in o["responses"].items() if s < "4"))
    ]
    lacking = sorted({part["description"] for part in parts} - french.WORDS.keys())
    said = "".join(f'\n"{text}" = "…"' for text in lacking)
    assert lacking == [], f"add under [words] in gateway/operations.fr.toml, then `make contracts`:{said}"


def test_no_french_is_kept_for_what_is_no_more():
    known = {o["operationId"] for _, _, o in ALL}
    assert sorted(french.OPERATIONS.keys() - known) == [], "take these out of gateway/operations.fr.toml"
    said = {part.get("description") for _, _, o in ALL for part in (*o.get("parameters", ()), *o["responses"].values())}
    assert sorted(french.WORDS.keys() - said) == [], "take these out of gateway/operations.fr.toml"


def test_french_words_are_no_copies_of_the_english_ones():
    same = [o["operationId"] for _, _, o in ALL if o["summary"] == o.get("x-fr", {}).get("summary")]
    assert same == []


def test_every_scope_has_the_words_of_the_realms_access_table():
    table = tomllib.loads((ROOT / "deploy" / "keycloak" / "access.toml").read_text())["scopes"]
    asked = {scope for _, _, o in ALL for way in o.get("security", ()) for scopes in way.values() for scope in scopes}
    assert sorted(asked - SCOPES.keys()) == [], "copy these from deploy/keycloak/access.toml to gateway/words.toml"
    assert {name: table.get(name) for name in SCOPES} == SCOPES
    stated = DOCUMENT["components"]["securitySchemes"]["token"]["flows"]["clientCredentials"]["scopes"]
    assert asked <= stated.keys()
    assert all(SCOPES[scope][language] in stated[scope] for scope in asked for language in ("fr", "en"))


def test_every_service_has_a_title_in_both_languages():
    assert sorted({tag["name"] for tag in DOCUMENT["tags"]} - GROUPS.keys()) == [], "name these in gateway/words.toml"


@languages
def test_the_page_says_everything_it_promises_in_its_language(language):
    shown = Pages(ISSUER).render("docs.html", language, content(DOCUMENT, language, ISSUER), "/docs").decode()
    text = html.unescape(re.sub(r"</?code>", "`", shown))
    for (path, method), operation in SHOWN[language].items():
        assert operation.summary in text
        assert operation.description.split("\n\n")[0] in text, (method, path)
        assert operation.curl in html.unescape(shown)
    assert f">{WORDS[language]['to_copy']}</button>" in shown
    assert "built-in" not in shown
    assert "object at 0x" not in shown
