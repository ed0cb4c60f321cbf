"""One trace from the door to the last consumer: through the service, the outbox and the bus."""

import json
from uuid import uuid4

import pytest_asyncio

from kit.testing import eventually, tokens
from tests.telemetry.planting import Party, refer, tell_of_members
from tests.telemetry.system import SERVER, Span


@pytest_asyncio.fixture
async def parties(system, tellers, ops, book):
    """A caseworker, an intake and a service that can be asked, as membership told of them."""
    places = {"caseworker": str(uuid4()), "intake": str(uuid4())}
    people = {role: str(uuid4()) for role in places}
    for role, user in people.items():
        book.write(user, f"{role}@example.org")
    service = await tell_of_members(tellers, ops, places["caseworker"], places["intake"], people)
    async with system.http() as http:
        sender, receiver = (
            Party(http, tokens.bearer(roles=(role,), user=people[role], organization=place, alias=role), place)
            for role, place in places.items()
        )
        yield sender, receiver, service


async def test_a_request_and_its_last_effect_are_one_trace(system, parties, collector):
    sender, receiver, service = parties
    told = await refer(sender, receiver, service)

    async def consumed() -> list[Span]:
        return [
            span
            for span in collector.spans()
            if span.service == "notifications"
            and span.attributes.get("messaging.destination.name") == "referral.requested.v1"
        ]

    [last] = await eventually(consumed)
    assert last.name == "process notifications-referrals"
    # The gateway begins the trace: its id is the request's, which people give when they ask for help.
    assert last.trace == told.sending.replace("-", "")

    async def above(span: Span) -> Span:
        async def exported() -> Span | None:
            return next((found for found in collector.spans() if found.id == span.parent), None)

        return await eventually(exported)

    command = await above(last)
    assert command.service == "referral"
    assert command.trace == last.trace
    assert command.attributes["http.route"] == "/api/v1/referral/referrals/{referral_id}/request"
    root = await above(command)
    assert (root.service, root.trace, root.parent) == ("gateway", last.trace, "")
    assert root.name == "POST /api/v1/referral/referrals/{referral_id}/request"
    assert root.kind == SERVER
    assert [span for span in collector.spans() if span.trace == last.trace and not span.parent] == [root]
    written = {s.attributes.get("db.mongodb.collection") for s in collector.spans() if s.parent == command.id}
    assert "outbox" in written
    taken = {s.attributes.get("db.mongodb.collection") for s in collector.spans() if s.parent == last.id}
    assert {"marks", "entries", "jobs"} <= taken

    # Every line a process of ours wrote says whose it is; nothing else is on its output.
    lines = [json.loads(line) for line in system.logs().decode().splitlines()]
    assert {line["service"] for line in lines} <= {"gateway", "referral", "notifications"}
