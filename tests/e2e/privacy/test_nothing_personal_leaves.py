"""A referral with a planted value in every field: none of it stands in anything that left the services.

Logs, spans, metrics, the bus and its store, mail, error bodies, Keycloak's log; and no database holds it in the clear.
"""

import os
from collections.abc import Iterator

from bson import encode
from pymongo import MongoClient

from kit.bus import Bus
from kit.testing import eventually
from tests.telemetry.planting import PLANTED, found_in, refer, refuse_everything


async def test_what_is_planted_in_a_referral_is_found_nowhere_else(
    system, parties, post, collector, ops, databases, keycloak_log
):
    caseworker, intake, service = parties
    told = await refer(caseworker, intake, service)
    for party in (caseworker, intake):
        await refuse_everything(party, told)
    await eventually(lambda: _both_told(post, collector), 60)

    left = {
        "logs": system.logs(),
        "spans": b"".join(collector.received),
        "metrics": system.metrics(),
        "bus": await _bus(ops),
        "mail": b"".join(letter.source for letter in post.letters.newest_first()),
        "error bodies": b"".join(told.problems),
        "keycloak": keycloak_log.read_bytes(),
        "databases": b"".join(_rows(databases)),
    }
    assert all(left.values()), {name: len(content) for name, content in left.items()}
    assert {name: found_in(content) for name, content in left.items()} == {name: [] for name in left}
    # What is told outside says of no record either.
    outside = left["mail"]
    for value in (told.referral, told.person, service, caseworker.organization, intake.organization):
        assert value.encode() not in outside


async def _both_told(post, collector) -> bool:
    """Wait for the last effects: both people written to, the spans of their mail's cause exported."""
    consumed = [span for span in collector.spans() if span.name == "process notifications-referrals"]
    return len(post.letters.newest_first()) >= 2 and len(consumed) >= 3  # requested, accepted, started


async def _bus(ops: Bus) -> bytes:
    """Return every message of every stream, headers included, as they are stored."""
    js = ops.jetstream()
    content = b""
    for stream in await js.streams_info():
        for sequence in range(max(1, stream.state.first_seq), stream.state.last_seq + 1):
            message = await js.get_msg(stream.config.name, sequence)
            content += message.subject.encode() + repr(message.headers).encode() + (message.data or b"")
    return content


def _rows(databases: dict[str, str]) -> Iterator[bytes]:
    """Yield every row of every database, in MongoDB's own form."""
    with MongoClient(os.environ["TEST_MONGODB_URL"]) as client:
        for database in databases.values():
            for name in client[database].list_collection_names():
                for row in client[database][name].find():
                    yield encode(row)


def test_the_search_finds_what_is_planted_however_it_is_written():
    for value in PLANTED:
        assert found_in(b"...{" + value.encode() + b"}...") != []
