"""The audit log: every row sealed, any tampering found."""

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from kit import audit
from kit.audit import Audit, Entry
from kit.mongo import ensure_indexes
from kit.tasks import running
from kit.testing import ManualClock, eventually

KEY = b"k" * 32


@pytest.fixture
async def log(mongo):
    await ensure_indexes(mongo.db, audit.INDEXES)
    return Audit(mongo, KEY, ManualClock(), "h")


def an_entry(n=0, **other):
    facts = {"organization": "org-a", "by": "u1", "action": "referral.read", "records": (f"r{n}",)}
    return Entry(**{**facts, "at": ManualClock()() + timedelta(seconds=n), **other})


@asynccontextmanager
async def sealed(log, mongo):
    for n in range(6):
        await log.append(None, an_entry(n))
    await log.append(None, an_entry(0, organization="org-b"))
    async with running(log.run()):

        async def done():
            return await mongo.db["audit"].count_documents({"unsealed": True}) == 0

        await eventually(done)
    yield mongo.db["audit"]


async def test_an_untouched_log_verifies(log, mongo):
    async with sealed(log, mongo):
        assert await log.verify() == []
        assert {head["organization"]: head["number"] for head in await log.heads()} == {"org-a": 6, "org-b": 1}


async def test_no_record_id_is_kept(log, mongo):
    async with sealed(log, mongo) as rows:
        assert "r3" not in str(await rows.find().to_list())
        assert len(await log.entries(record="r3")) == 1


@pytest.mark.parametrize(
    ("tamper", "found"),
    [
        (lambda rows: rows.update_one({"number": 3, "organization": "org-a"}, {"$set": {"by": "u9"}}), {"edited"}),
        (lambda rows: rows.delete_one({"number": 3, "organization": "org-a"}), {"missing", "edited"}),
        (lambda rows: rows.delete_one({"number": 6, "organization": "org-a"}), {"truncated"}),
        (lambda rows: rows.delete_many({"organization": "org-b"}), {"truncated"}),
    ],
    ids=["an edit", "a deletion", "a truncation", "a whole chain"],
)
async def test_tampering_is_found(log, mongo, tamper, found):
    async with sealed(log, mongo) as rows:
        await tamper(rows)
        assert {finding.problem for finding in await log.verify()} & found


async def test_a_reorder_is_found(log, mongo):
    async with sealed(log, mongo) as rows:
        await rows.update_one({"number": 2, "organization": "org-a"}, {"$set": {"number": 99}})
        await rows.update_one({"number": 3, "organization": "org-a"}, {"$set": {"number": 2}})
        await rows.update_one({"number": 99, "organization": "org-a"}, {"$set": {"number": 3}})
        assert await log.verify("org-a")


async def test_a_chain_cut_with_its_head_is_found_by_a_witness(log, mongo):
    async with sealed(log, mongo) as rows:
        [witnessed] = [head for head in await log.heads() if head["organization"] == "org-a"]
        await rows.delete_many({"organization": "org-a", "number": {"$gt": 4}})
        last = await rows.find_one({"organization": "org-a", "number": 4})
        await mongo.db["audit_heads"].update_one({"_id": "org-a"}, {"$set": {"number": 4, "hash": last["hash"]}})
        assert await log.verify("org-a") == []
        assert [finding.problem for finding in await log.verify("org-a", {"org-a": [witnessed]})] == ["truncated"]


async def test_acts_written_at_once_are_all_there_in_each_chain_and_verify(log, mongo):
    await asyncio.gather(*(log.append(None, an_entry(n, organization=f"org-{n % 3}")) for n in range(60)))
    assert await log._lease.acquire()
    assert await log.seal_some()
    assert not await log.seal_some()
    assert {head["organization"]: head["number"] for head in await log.heads()} == dict.fromkeys(
        ("org-0", "org-1", "org-2"), 20
    )
    assert await log.verify() == []


async def test_rows_that_stay_unsealed_are_reported(log):
    await log.append(None, an_entry())
    assert await log.verify() == []
    log._clock.advance(timedelta(seconds=11))
    assert [finding.problem for finding in await log.verify()] == ["unsealed"]


async def test_acts_are_read_by_organisation_owner_and_time_page_by_page(log):
    for n in range(5):
        await log.append(None, an_entry(n, owner="org-c", action="a" if n % 2 else "b"))
    assert len(await log.entries(organization="org-a")) == 5
    assert len(await log.entries(owner="org-c", action="a")) == 2
    first = await log.entries(owner="org-c", limit=2)
    rest = await log.entries(owner="org-c", after=(first[-1]["at"], first[-1]["_id"]))
    assert len(rest) == 3
    assert await log.entries(owner="org-c", since=an_entry(3).at, until=an_entry(4).at) == rest[1:2]


async def test_a_reader_from_whom_acts_are_hidden_gets_the_others_and_the_numbers_between(log, mongo):
    async with sealed(log, mongo):
        hidden = {"records": {"$in": [log.pseudonym("r1"), log.pseudonym("r4")]}}
        shown = await log.entries(organization="org-a", hiding=hidden)
        assert [row["number"] for row in shown] == [1, 3, 4, 6]
        after = (shown[1]["at"], shown[1]["_id"])
        assert await log.entries(organization="org-a", hiding=hidden, after=after) == shown[2:]
        assert await log.numbers("org-a", hidden, 6) == [2, 5]
        assert await log.numbers("org-a", hidden, 4) == [2]


async def test_a_chain_removed_whole_is_found_by_a_witness(log, mongo):
    async with sealed(log, mongo) as rows:
        witnessed = {head["organization"]: [head] for head in await log.heads()}
        await rows.delete_many({"organization": "org-b"})
        await mongo.db["audit_heads"].delete_one({"_id": "org-b"})
        assert await log.verify() == []
        assert [(f.organization, f.problem) for f in await log.verify(None, witnessed)] == [("org-b", "truncated")]


async def test_a_row_slipped_in_behind_the_head_is_found(log, mongo):
    async with sealed(log, mongo) as rows:
        last = await rows.find_one({"organization": "org-a", "number": 6})
        await rows.insert_one({**last, "_id": "forged", "number": 7, "previous": last["hash"]})
        assert {finding.problem for finding in await log.verify("org-a")} == {"edited", "beyond-head"}


async def test_every_field_of_a_row_is_sealed(log, mongo):
    async with sealed(log, mongo) as rows:
        row = await rows.find_one({"organization": "org-a", "number": 4})
        for field in row.keys() - {"_id", "number", "organization"}:
            await rows.update_one({"_id": row["_id"]}, {"$set": {field: "forged"}})
            [first, *_] = await log.verify("org-a")
            assert (first.number, first.problem) == (4, "edited"), field
            await rows.update_one({"_id": row["_id"]}, {"$set": {field: row[field]}})
        assert await log.verify("org-a") == []


async def test_verifying_while_rows_are_sealed_finds_nothing(log, mongo):
    async def write():
        for n in range(60):
            await log.append(None, an_entry(n, organization=f"org-{n % 3}"))

    async with running(log.run()):
        writing = asyncio.create_task(write())
        while not writing.done():
            assert await log.verify() == []
        await writing


async def test_two_sealers_make_one_chain_within_two_seconds(log, mongo):
    rival = Audit(mongo, KEY, ManualClock(), "rival")
    async with running(log.run(), rival.run()):
        for n in range(40):
            await log.append(None, an_entry(n))

        async def done():
            return await mongo.db["audit"].count_documents({"unsealed": True}) == 0

        await eventually(done, within=2)
    assert await log.verify() == []
    assert [head["number"] for head in await log.heads()] == [40]


async def test_a_row_of_an_aborted_effect_leaves_no_trace_and_a_sealed_one_no_gap(log, mongo):
    class Undone(Exception):
        pass

    async def undone(session):
        await log.append(session, an_entry(1))
        raise Undone

    with pytest.raises(Undone):
        await mongo.transaction(undone)
    await log.append(None, an_entry(2))
    assert await log._lease.acquire()
    assert await log.seal_some()
    assert await log.verify() == []
    assert [head["number"] for head in await log.heads()] == [1]


async def test_chains_ends_are_published_to_the_log_once_a_minute(log, mongo):
    assert await log._lease.acquire()
    with capture_logs() as told:
        for step in (0, 30, 31):
            log._clock.advance(timedelta(seconds=step))
            await log.append(None, an_entry(step))
            await log.seal_some()
            await log.publish_heads()
    assert [line["number"] for line in told] == [1, 3]
    assert told[-1]["hash"] == (await log.heads())[0]["hash"]


async def test_a_witness_is_told_in_the_transaction_that_marks_the_end_as_published(mongo):
    await ensure_indexes(mongo.db, audit.INDEXES)
    seen = []

    async def witness(session, heads):
        for head in heads:
            await mongo.db["witnessed"].insert_one({"_id": head.told, "hash": head.hash}, session=session)
            seen.append(head)
        if len(seen) == 1:
            raise audit.LeaseLost

    log = Audit(mongo, KEY, ManualClock(), "h", witness)
    assert await log._lease.acquire()
    await log.append(None, an_entry())
    await log.seal_some()
    with pytest.raises(audit.LeaseLost):
        await log.publish_heads()
    assert await mongo.db["witnessed"].count_documents({}) == 0
    await log.publish_heads()
    await log.publish_heads()
    assert [(head.organization, head.number, head.told) for head in seen] == [("org-a", 1, 0)] * 2
    assert await mongo.db["witnessed"].count_documents({}) == 1


async def test_an_end_that_waits_for_its_minute_is_published_by_whoever_seals_after_a_restart(log, mongo):
    assert await log._lease.acquire()
    for n in range(2):
        await log.append(None, an_entry(n))
        await log.seal_some()
        await log.publish_heads()
    await log._lease.release()
    later = Audit(mongo, KEY, log._clock, "another process")
    log._clock.advance(timedelta(minutes=1))
    with capture_logs() as told:
        async with running(later.run()):

            async def published():
                return any(line["event"] == "audit.head" and line["number"] == 2 for line in told)

            await eventually(published)
