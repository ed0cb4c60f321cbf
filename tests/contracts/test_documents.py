"""The generated documents: as committed, the same everywhere, and whole."""

import json
import os
import subprocess
import sys

import pytest

from cli import contracts

PRINT_DIGEST = """
import hashlib, json
from cli import contracts
print(hashlib.sha256(json.dumps(contracts.generated()).encode()).hexdigest())
"""


@pytest.fixture(scope="module")
def asyncapi():
    return json.loads((contracts.ROOT / "asyncapi.json").read_bytes())


def test_what_the_code_promises_is_what_is_committed():
    assert contracts.differences() == [], "run `make contracts` and commit what it wrote"


def test_the_documents_come_out_the_same_on_every_machine():
    def digest(seed):
        environment = os.environ | {"PYTHONHASHSEED": seed, "MEMBERSHIP_AUDIENCE": seed, "REFERRAL_LOG_LEVEL": seed}
        command = [sys.executable, "-c", PRINT_DIGEST]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout

    assert digest("1") == digest("2")


def test_writing_adds_removes_and_then_finds_nothing_to_do(tmp_path):
    assert contracts.write(tmp_path)
    assert contracts.write(tmp_path) == []
    gone = tmp_path / "messages" / "referral.forgotten.v1"
    (gone / "examples").mkdir(parents=True)
    (gone / "schema.json").write_text("{}")
    (gone / "examples" / "1.json").write_text("{}")
    (tmp_path / "openapi.json").write_text("{}")
    assert contracts.write(tmp_path) == ["messages/referral.forgotten.v1/schema.json", "openapi.json"]
    assert [path.name for path in gone.rglob("*.json")] == ["1.json"]


def test_every_reference_of_the_message_document_leads_somewhere(asyncapi):
    def references(part):
        if isinstance(part, dict):
            yield from [part["$ref"]] if "$ref" in part else ()
            part = list(part.values())
        if isinstance(part, list):
            for each in part:
                yield from references(each)

    for reference in references(asyncapi):
        where, _, pointer = reference.partition("#")
        document = json.loads((contracts.ROOT / where).read_bytes()) if where else asyncapi
        for step in filter(None, pointer.split("/")):
            document = document[step]


def test_the_message_document_names_each_teller_and_each_taker(asyncapi):
    operations = asyncapi["operations"]
    assert len([o for o in operations.values() if o["action"] == "send"]) == len(contracts.promises())
    taken = {(subscription.name, model.subject) for _, subscription, model in contracts.consumed()}
    assert len([o for o in operations.values() if o["action"] == "receive"]) == len(taken)


@pytest.mark.parametrize("name", ["openapi.json", *(f"openapi/{s}.json" for s in ("membership", "referral"))])
def test_every_reference_of_an_http_document_leads_somewhere(name):
    document = json.loads((contracts.ROOT / name).read_bytes())
    for pointer in {line.split('"')[3] for line in json.dumps(document, indent=0).splitlines() if '"$ref"' in line}:
        part = document
        for step in pointer.removeprefix("#/").split("/"):
            part = part[step]
