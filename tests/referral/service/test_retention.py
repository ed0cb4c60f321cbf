"""Records that have served: gone everywhere but in the audit's pseudonyms, with crowds left; never too early."""

import asyncio
from collections import Counter
from datetime import timedelta

import bson
import pytest

from services.referral.commands.retention import date_records, forget_erased, retain
from services.referral.domain.person import PersonErased
from tests.referral.world import SECRETS, a_scene

# The audit keeps keyed pseudonyms alone; what the kit keeps of a request is sealed and goes in a day.
SPARED = {"audit", "audit_heads"}


async def declined(scene) -> str:
    referral = await scene.another()
    answer = await scene.intake.post(f"/referrals/{referral}/decline", {"reason": "no-capacity"})
    assert answer.status_code == 200, answer.text
    return referral


async def where(world, *planted: str) -> dict[str, list[str]]:
    """Every collection, of both databases, in which something planted is found."""
    found = {}
    for db in (world.db, world.desk.keys._mongo.db):
        for name in await db.list_collection_names():
            rows = await db[name].find().to_list()
            text = b"".join(bson.encode(row) for row in rows)
            if name not in SPARED and (seen := [each for each in planted if each.encode() in text]):
                found[name] = seen
    return found


async def anonymise(world, clock, years: float = 6) -> int:
    await date_records(world.desk)
    await lapsed(world, clock)
    clock.advance(timedelta(days=366 * years))
    return await retain(world.desk)


async def lapsed(world, clock) -> None:
    """Let what has a date of its own come to its end in its own time."""
    clock.advance(timedelta(days=100))
    await world.due()


async def planted(scene) -> list[str]:
    """Every id and name there is of a person about whom everything has been done."""
    referral = await scene.started()
    done = {"outcomes": {"shelter-tonight": "met"}}
    assert (await scene.intake.post(f"/referrals/{referral}/complete", done)).status_code == 200
    ground, emergency = await scene.ground(), await scene.emergency()
    report = {"at": "2026-01-01T00:00:00Z", "channel": "phone", "receipt": "Dossier 1"}
    made = await scene.caseworker.post(f"/persons/{scene.person}/youth-reports", report)
    stored = await scene.world.stored("referrals", referral)
    person = await scene.world.stored("persons", scene.person)
    # A mnemonic's bytes are looked for whole; so are all ids.
    return [referral, ground, emergency, made.json()["id"], stored["consent"], scene.person, person["mnemonic"]]


async def test_nothing_planted_is_left_anywhere_but_in_the_audit(scene, clock):
    ids = await planted(scene)
    assert await where(scene.world, *ids, *SECRETS)
    assert await anonymise(scene.world, clock) == 1
    told = await where(scene.world, *ids, *SECRETS)
    # Until everybody has been told that it is erased, the outbox and its list name what was.
    assert set(told) == {"outbox", "erasures"}
    assert scene.person not in str(told)
    clock.advance(timedelta(days=31))
    assert await forget_erased(scene.world.desk) == 0
    await scene.world.db["outbox"].update_many({}, {"$unset": {"pending": ""}})
    assert await forget_erased(scene.world.desk) == 0
    await scene.world.db["erasures"].update_many({}, {"$set": {"off_stream": True}})
    assert await forget_erased(scene.world.desk) == 3
    assert await where(scene.world, *ids, *SECRETS) == {}
    with pytest.raises(PersonErased):
        await scene.world.desk.keys.of(scene.person)
    assert (await scene.world.acts(scene.sender.id))[-1]["action"] == "person.anonymise"


async def test_the_outbox_keeps_tombstones_and_tells_the_erasure_last(scene, clock):
    referral = (await planted(scene))[0]
    await lapsed(scene.world, clock)
    before = await scene.world.outbox(f"referral:{referral}")
    await anonymise(scene.world, clock)
    after = await scene.world.outbox(f"referral:{referral}")
    assert [row["sequence"] for row in after] == [*(row["sequence"] for row in before), len(before) + 1]
    assert [row.get("tombstone", False) for row in after] == [True] * len(before) + [False]
    assert {row["subject"] for row in after} == {"referral.referral-erased.v1"}
    assert len({row["at"] for row in after}) == 1
    assert after[-1]["pending"]


@pytest.mark.parametrize("kept", ["open", "consented", "held", "early", "edited"])
async def test_what_is_still_needed_stays(scene, clock, kept):
    if kept == "open":
        await scene.started()
    if kept == "consented":
        await scene.consent(days=360)
    await date_records(scene.world.desk)
    change = {"hold": {"since": clock()}} if kept == "held" else {}
    if change:
        await scene.world.db["persons"].update_one({"_id": scene.person}, {"$set": change})
    clock.advance(timedelta(days={"early": 300, "consented": 300}.get(kept, 366 * 6)))
    if kept == "edited":
        await scene.world.db["persons"].update_one({"_id": scene.person}, {"$unset": {"check_at": ""}})
        await date_records(scene.world.desk)
    assert await retain(scene.world.desk) == 0
    assert await scene.world.stored("persons", scene.person)
    await scene.world.desk.keys.of(scene.person)


async def test_a_change_to_a_record_has_it_looked_at_again_and_a_hold_lifted_lets_it_go(scene, clock):
    await date_records(scene.world.desk)
    dated = (await scene.world.stored("persons", scene.person))["check_at"]
    assert dated - clock() == timedelta(days=366)
    await scene.caseworker.patch(f"/persons/{scene.person}", {"safety": {"risk": "low"}})
    assert "check_at" not in await scene.world.stored("persons", scene.person)
    await scene.world.db["persons"].update_one({"_id": scene.person}, {"$set": {"hold": True}})
    assert await anonymise(scene.world, clock) == 0
    await scene.world.db["persons"].update_one({"_id": scene.person}, {"$unset": {"hold": ""}})
    clock.advance(timedelta(days=500))
    assert await retain(scene.world.desk) == 1


async def test_what_is_left_is_crowds_under_fresh_ids_and_nobody_where_too_few(world, clock):
    scenes = [await a_scene(world) for _ in range(3)]
    referrals = [await declined(scene) for scene in scenes for _ in range(4)]
    people = [row["_id"] for row in await world.db["persons"].find().to_list()]
    # The three of the scenes themselves were referred nowhere: nothing is left of them.
    assert await anonymise(world, clock) == len(people) == 15
    left = await world.db["past_cases"].find().to_list()
    assert len(left) == 12
    assert min(Counter(str(row["facts"]) for row in left).values()) >= 11
    assert {row["outcome"] for row in left} == {None}
    assert not {row["_id"] for row in left} & {*people, *referrals}
    assert set(left[0]) == {"_id", "facts", "outcome"}
    assert "organization" not in str(left)
    assert [row["_id"] for row in left] == sorted(row["_id"] for row in left)


async def test_two_at_once_anonymise_nobody_twice(world, clock):
    scenes = [await a_scene(world) for _ in range(3)]
    for scene in scenes:
        for _ in range(4):
            await declined(scene)
    await date_records(world.desk)
    await lapsed(world, clock)
    clock.advance(timedelta(days=366 * 6))
    counts = await asyncio.gather(retain(world.desk), retain(world.desk))
    counts.append(await retain(world.desk))
    assert sum(counts) == 15
    assert await world.db["persons"].count_documents({}) == 0
    assert await world.db["past_cases"].count_documents({}) in {0, 12}
