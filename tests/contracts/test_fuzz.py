"""Every operation, called with what its contract allows and with what it does not: never a 5xx, never a surprise."""

import asyncio
import json
import os
from collections import Counter
from inspect import signature
from typing import get_type_hints
from uuid import uuid4

import httpx2
import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from pydantic import SecretStr
from schemathesis import GenerationMode

from cli import contracts
from cli.bus import SERVICES
from cli.contracts.documents import unused_settings
from cli.servers.nats import new_seed
from kit.mongo import Mongo
from kit.testing import tokens
from kit.testing.client import serving

EXAMPLES = 10
SCOPES = {"ngo.community.coordinator"} | {
    scope
    for path in (contracts.ROOT / "openapi").glob("*.json")
    for item in json.loads(path.read_bytes())["paths"].values()
    for operation in item.values()
    for scheme in operation.get("security", ())
    for scopes in scheme.values()
    for scope in scopes
}
ROLES = ("intake", "caseworker", "coordinator", "privacy-officer", "coordination", "board", "auditor")


class Service:
    """A service of its own database in a loop of its own, called from tests that are not asynchronous."""

    def __init__(self, name: str, directory) -> None:
        self.loop = asyncio.new_event_loop()
        self.database = f"test_{uuid4().hex}"
        create = __import__(f"services.{name}.main", fromlist=["create"]).create
        kind = get_type_hints(create)[next(iter(signature(create).parameters))]
        found = unused_settings(kind)
        changes = {"mongodb_database": self.database, "keys_mongodb_database": f"{self.database}_keys"}
        changes |= {"access_database": f"{self.database}_access", "kms_file": directory / "kms.key"}
        changes |= {"mongodb_url": SecretStr(os.environ["TEST_MONGODB_URL"]), "nats_url": "nats://127.0.0.1:9"}
        changes["nats_seed"] = SecretStr(new_seed())
        for field, value in changes.items():
            if field in kind.model_fields:
                setattr(found, field, value)
        self.app = create(found, verifier=tokens.verifier())
        self.document = self.app.openapi()
        self.running = serving(self.app)
        self.client: httpx2.AsyncClient = self.loop.run_until_complete(self.running.__aenter__())
        self.headers = tokens.as_coordinator(scopes=SCOPES, organization=str(uuid4()))
        self.statuses: Counter[int] = Counter()

    def close(self) -> None:
        self.loop.run_until_complete(self.running.__aexit__(None, None, None))
        self.loop.run_until_complete(self.forget())
        self.loop.close()

    async def forget(self) -> None:
        mongo = Mongo.connect(os.environ["TEST_MONGODB_URL"], self.database)
        for suffix in ("", "_keys", "_access"):
            await mongo.client.drop_database(self.database + suffix)
        await mongo.close()

    def call(self, case) -> httpx2.Response:
        headers = {name: str(value).encode("utf-8") for name, value in dict(case.headers or {}).items()}
        headers |= {name: value.encode() for name, value in self.headers.items()}
        if not isinstance(case.body, schemathesis.core.NotSet):
            headers["Content-Type"] = b"application/json"
        call = self.client.request(
            case.method, case.formatted_path, params=dict(case.query or {}), headers=headers, content=written(case.body)
        )
        return self.loop.run_until_complete(asyncio.wait_for(call, 20))


def written(body):
    """A body's bytes: JSON, but for what a contract's enemy already wrote."""
    if isinstance(body, schemathesis.core.NotSet):
        return None
    return body if isinstance(body, bytes) else json.dumps(body).encode("utf-8", "surrogatepass")


@pytest.fixture(scope="module", params=SERVICES)
def service(request, tmp_path_factory):
    found = Service(request.param, tmp_path_factory.mktemp(request.param))
    yield found
    found.close()


def operations(document):
    """Every operation that answers and ends: a stream does not."""
    for result in schemathesis.openapi.from_dict(document).get_all_operations():
        operation = result.ok()
        answers = operation.definition.raw["responses"].get("200", {}).get("content", {})
        if "text/event-stream" not in answers:
            yield operation


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["allowed", "not allowed"])
def test_an_operation_answers_as_its_contract_says_whatever_it_is_sent(service, mode):
    for operation in operations(service.document):

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.explicit, Phase.generate],
        )
        @given(operation.as_strategy(generation_mode=mode))
        def attack(case):
            if mode is GenerationMode.POSITIVE:
                reach_further(case)
            answer = service.call(case)
            service.statuses[answer.status_code] += 1
            judge(service.document, case.operation.definition.raw, answer)

        try:
            attack()
        except Unsatisfiable:
            # What takes no parameter cannot be called wrongly.
            assert mode is GenerationMode.NEGATIVE, operation.label
    assert mode is GenerationMode.NEGATIVE or service.statuses[200] or service.statuses[201]


def reach_further(case):
    """Pass the two checks no generated value passes: whatever the version, and from the first page."""
    if "if-match" in {name.lower() for name in case.headers or {}}:
        case.headers = {name: value for name, value in case.headers.items() if name.lower() != "if-match"}
        case.headers["If-Match"] = "*"
    if case.query:
        case.query = {name: value for name, value in case.query.items() if name != "cursor"}


def judge(document, promised, answer):
    """The status and the body are promised, and nothing went wrong on our side."""
    assert answer.status_code < 500, answer.text
    assert str(answer.status_code) in promised["responses"], (answer.status_code, answer.text)
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] in promised["x-problems"], answer.json()["code"]
        return
    content = promised["responses"][str(answer.status_code)].get("content", {}).get("application/json")
    if content:
        schema = {**content["schema"], "components": document["components"]}
        jsonschema_rs.validator_for(schema).validate(answer.json())
