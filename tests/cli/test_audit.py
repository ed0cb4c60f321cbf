"""`coalition audit`: an untouched log passes; a row edited, deleted or cut off is found, by seal or by witness."""

import asyncio
import json
import os
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from cli.main import app
from kit import audit
from kit.audit import Audit, Entry
from kit.clock import utc_now
from kit.mongo import ensure_indexes

ORGANIZATION, OTHER = "3f1b8f0a-2c4d-4e6f-8a9b-0c1d2e3f4a5b", "7c2d5e1f-0a9b-4c8d-9e7f-6a5b4c3d2e1f"
KEY = "k" * 32
ROWS = 6


@pytest.fixture
async def sealed(mongo, monkeypatch):
    """The sealed logs of two services on one database, named by their environment."""
    for name, value in {"MONGODB_URL": os.environ["TEST_MONGODB_URL"], "AUDIT_KEY": KEY}.items():
        for service in ("MEMBERSHIP", "REFERRAL"):
            monkeypatch.setenv(f"{service}_{name}", value)
            monkeypatch.setenv(f"{service}_MONGODB_DATABASE", mongo.db.name)
    await ensure_indexes(mongo.db, audit.INDEXES)
    log = Audit(mongo, KEY.encode(), utc_now, "tests")
    for organization in (ORGANIZATION, OTHER):
        for n in range(ROWS):
            await log.append(None, an_entry(organization, n))
    assert await log._lease.acquire()
    assert await log.seal_some()
    return mongo.db


def an_entry(organization=ORGANIZATION, n=0, **other):
    facts = {"organization": organization, "by": "u1", "action": "referral.read", "records": (f"r{n}",)}
    return Entry(**{**facts, "at": utc_now(), **other})


async def called(*words: str):
    return await asyncio.to_thread(CliRunner().invoke, app, ["audit", *words])


async def test_an_untouched_log_passes_with_one_line_that_says_how_much_was_read(sealed):
    answer = await called("verify", "referral")
    assert answer.exit_code == 0, answer.output
    assert answer.output == "✓ Everything is as it was sealed: referral (chains: 2, rows: 12).\n"


async def test_without_a_name_every_service_that_keeps_a_log_is_read(sealed):
    answer = await called("verify")
    assert answer.exit_code == 0, answer.output
    assert "membership (chains: 2, rows: 12), referral (chains: 2, rows: 12)" in answer.output


async def edit(db):
    await db["audit"].update_one({"organization": ORGANIZATION, "number": 3}, {"$set": {"by": "u9"}})


async def delete(db):
    await db["audit"].delete_one({"organization": ORGANIZATION, "number": 3})


async def truncate(db):
    await db["audit"].delete_one({"organization": ORGANIZATION, "number": ROWS})


async def leave_unsealed(db):
    row = await db["audit"].find_one({"organization": ORGANIZATION, "number": 1})
    facts = {key: value for key, value in row.items() if key not in ("_id", "number", "previous", "hash")}
    await db["audit"].insert_one(facts | {"at": utc_now() - timedelta(minutes=1), "unsealed": True})


@pytest.mark.parametrize(
    ("tamper", "found"),
    [
        (edit, ["3", "edited"]),
        (delete, ["3", "missing"]),
        (truncate, ["6", "truncated"]),
        (leave_unsealed, ["–", "unsealed"]),
    ],
    ids=["an edit", "a deletion", "a truncation", "an overdue row"],
)
async def test_tampering_is_named_by_its_organisation_and_row_with_what_it_means(sealed, tamper, found):
    await tamper(sealed)
    answer = await called("verify", "referral")
    assert answer.exit_code == 1
    _, first, *_ = answer.output.splitlines()
    assert first.split()[:5] == ["referral", ORGANIZATION, *found, "1"]
    assert OTHER not in answer.output
    assert answer.output.splitlines()[-1].startswith("✗ The log is not as it was sealed: referral (chains: 2")


async def test_one_organisation_is_read_alone(sealed):
    await edit(sealed)
    assert (await called("verify", "referral", ORGANIZATION)).exit_code == 1
    answer = await called("verify", "referral", OTHER)
    assert (answer.exit_code, answer.output) == (
        0,
        "✓ Everything is as it was sealed: referral (chains: 1, rows: 6).\n",
    )


@pytest.fixture
async def witness(sealed, tmp_path):
    """What `coalition audit heads` printed before anybody touched the log."""
    printed = await called("heads", "referral")
    assert printed.exit_code == 0
    path = tmp_path / "heads.jsonl"
    path.write_text(printed.output)
    return path


async def test_heads_are_json_lines_and_a_log_that_has_grown_since_agrees_with_them(sealed, witness):
    heads = [json.loads(line) for line in witness.read_text().splitlines()]
    assert [(head["service"], head["organization"], head["number"]) for head in heads] == [
        ("referral", ORGANIZATION, ROWS),
        ("referral", OTHER, ROWS),
    ]
    answer = await called("verify", "referral", "--witness", str(witness))
    assert answer.exit_code == 0, answer.output
    assert "as 2 witnessed ends say" in answer.output


async def cut(db):
    """Cut the last two rows off together with the chain's recorded end: no seal tells of it."""
    await db["audit"].delete_many({"organization": ORGANIZATION, "number": {"$gt": ROWS - 2}})
    last = await db["audit"].find_one({"organization": ORGANIZATION, "number": ROWS - 2})
    await db["audit_heads"].update_one({"_id": ORGANIZATION}, {"$set": {"number": ROWS - 2, "hash": last["hash"]}})


async def test_a_chain_cut_together_with_its_end_is_found_by_the_witness_alone(sealed, witness):
    await cut(sealed)
    assert (await called("verify", "referral")).exit_code == 0
    answer = await called("verify", "referral", "--witness", str(witness))
    assert answer.exit_code == 1
    assert f"referral  {ORGANIZATION}  6    truncated" in answer.output


async def test_an_older_witness_of_the_same_chain_is_heard_too(sealed, witness):
    """A log rewritten before the newest witness was taken agrees with that one, and not with the older."""
    older = json.loads(witness.read_text().splitlines()[0]) | {"number": 2, "hash": "0" * 64}
    witness.write_text(f"{json.dumps(older)}\n\n{witness.read_text()}")
    answer = await called("verify", "referral", "--witness", str(witness))
    assert answer.exit_code == 1
    assert f"{ORGANIZATION}  2    edited" in answer.output


async def test_a_line_of_the_services_own_log_is_a_witness(sealed, tmp_path):
    [head, _] = [json.loads(line) for line in (await called("heads", "referral")).output.splitlines()]
    log = tmp_path / "referral.log"
    log.write_text(json.dumps(head | {"event": "audit.head", "level": "info"}))
    assert (await called("verify", "referral", "--witness", str(log))).exit_code == 0


@pytest.fixture
async def over_the_bus(sealed, bus_of, seed, monkeypatch):
    """The chains' ends as they were told on the bus: an older one of each, then the last."""
    async with bus_of("referral") as bus:
        await bus.ready()
        async for head in sealed["audit_heads"].find():
            older = await sealed["audit"].find_one({"organization": head["_id"], "number": 2})
            for end in (older, head):
                said = {"organization_id": head["_id"], "number": end["number"], "hash": end["hash"]}
                await bus.jetstream().publish("referral.audit-sealed.v1", json.dumps(said).encode())
    monkeypatch.setenv("NATS_URL", os.environ["TEST_NATS_URL"])
    monkeypatch.setenv("NATS_OPS_SEED", seed("ops"))


async def test_what_was_told_on_the_bus_bears_witness_where_there_is_a_bus(sealed, over_the_bus):
    answer = await called("verify", "referral")
    assert answer.exit_code == 0, answer.output
    assert "as 4 witnessed ends say" in answer.output


async def test_a_chain_cut_together_with_its_end_is_found_by_what_the_bus_holds(sealed, over_the_bus):
    await cut(sealed)
    assert (await called("verify", "referral", "--no-bus")).exit_code == 0
    answer = await called("verify", "referral")
    assert answer.exit_code == 1
    assert f"referral  {ORGANIZATION}  6    truncated" in answer.output


async def test_a_service_that_told_nothing_on_the_bus_has_no_witness_there(sealed, over_the_bus):
    answer = await called("verify", "membership", "--bus")
    assert answer.exit_code == 0, answer.output
    assert "witnessed" not in answer.output


async def test_a_bus_that_was_asked_for_and_is_not_set_is_told(sealed, monkeypatch):
    monkeypatch.delenv("NATS_URL", raising=False)
    answer = await called("verify", "referral", "--bus")
    assert answer.exit_code == 2
    assert "NATS_URL is not set" in answer.output


@pytest.mark.parametrize(
    ("text", "said"),
    [(None, "cannot be read"), ("", "bears witness to nothing"), ('{"a": 1}', "line 1: no line of")],
)
async def test_a_file_that_bears_no_witness_is_refused(sealed, tmp_path, text, said):
    path = tmp_path / "heads.jsonl"
    if text is not None:
        path.write_text(text)
    answer = await called("verify", "--witness", str(path))
    assert answer.exit_code == 2
    assert said in answer.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("verify", "notifications"), "no audit log of notifications: membership, referral"),
        (("heads", "notifications"), "no audit log of notifications"),
        (("verify", "referral", "nobody"), "no audit chain of nobody"),
    ],
)
async def test_a_name_that_has_no_log_is_refused_and_never_called_intact(sealed, words, said):
    answer = await called(*words)
    assert answer.exit_code == 2
    assert said in answer.output


async def test_without_the_services_key_it_says_what_to_set(sealed, monkeypatch):
    monkeypatch.delenv("REFERRAL_AUDIT_KEY")
    answer = await called("verify", "referral")
    assert answer.exit_code == 2
    assert "REFERRAL_AUDIT_KEY is not set" in answer.output


async def test_a_database_that_does_not_answer_is_told_without_its_password(sealed, monkeypatch):
    monkeypatch.setenv("REFERRAL_MONGODB_URL", "mongodb://user:hunter2@127.0.0.1:1/?serverSelectionTimeoutMS=50")
    answer = await called("verify", "referral")
    assert answer.exit_code == 2
    assert "database of referral does not do as asked" in answer.output
    assert "hunter2" not in answer.output
