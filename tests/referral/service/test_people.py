"""Persons: encrypted class by class, known by a mnemonic, erased with their key."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import bson
import pytest
from bson.binary import Binary

from services.referral.commands.deadlines import sweep_orphan_keys
from services.referral.domain.identifiers import OrganizationId, PersonId
from services.referral.domain.person import PersonErased
from services.referral.keys import SealBroken
from tests.referral.world import RECORD, SECRETS


async def everything_stored(world) -> str:
    """Every byte of every document, in both databases."""
    found = []
    for db in (world.db, world.desk.keys._mongo.db):
        for name in await db.list_collection_names():
            rows = await db[name].find().to_list()
            found += [bson.encode(row).decode("latin-1") for row in rows]
    return "".join(found)


async def test_nothing_is_required_not_even_a_name(scene):
    made = await scene.caseworker.post("/persons", {})
    assert (made.status_code, made.json()["record"]) == (201, {})
    word, number = made.json()["mnemonic"].rsplit(" ", 1)
    assert word
    assert number.isdigit()


async def test_a_record_is_read_back_whole_and_lies_nowhere_in_clear(scene):
    read = await scene.caseworker.get(f"/persons/{scene.person}")
    assert read.json()["record"] == RECORD
    await scene.accepted()
    stored = await everything_stored(scene.world)
    assert not [secret for secret in SECRETS if secret.encode().decode("latin-1") in stored]


async def test_a_list_shows_mnemonics_and_unseals_nothing(scene, clock):
    clock.advance(timedelta(minutes=1))
    await scene.caseworker.post("/persons", {})
    listed = (await scene.caseworker.get("/persons", limit=1)).json()
    assert set(listed["items"][0]) == {"id", "mnemonic", "created_at"}
    rest = (await scene.caseworker.get("/persons", cursor=listed["next"])).json()
    assert [item["id"] for item in rest["items"]] == [scene.person]
    row = (await scene.world.acts(scene.sender.id))[-1]
    assert (row["action"], len(row["records"])) == ("person.list", 1)
    assert scene.person not in str(row)


async def test_a_class_is_replaced_or_taken_out_and_the_others_stay(scene):
    read = await scene.caseworker.get(f"/persons/{scene.person}")
    changed = await scene.caseworker.patch(
        f"/persons/{scene.person}", {"safety": {"risk": "imminent"}, "health": None}, read.headers["etag"]
    )
    assert changed.status_code == 200
    record = changed.json()["record"]
    assert record["safety"] == {"risk": "imminent"}
    assert "health" not in record
    assert record["identity"] == RECORD["identity"]
    stale = await scene.caseworker.patch(f"/persons/{scene.person}", {"safety": None}, read.headers["etag"])
    assert (stale.status_code, stale.json()["code"]) == (412, "request.stale")
    bare = await scene.world.client.patch(
        f"/api/v1/referral/persons/{scene.person}", headers=scene.caseworker.headers, json={}
    )
    assert bare.status_code == 428


async def test_two_changes_at_once_lose_nothing(scene):
    one, other = await asyncio.gather(
        scene.caseworker.patch(f"/persons/{scene.person}", {"safety": {"risk": "low"}}),
        scene.caseworker.patch(f"/persons/{scene.person}", {"household": {"adults": 2}}),
    )
    assert one.status_code == other.status_code == 200
    record = (await scene.caseworker.get(f"/persons/{scene.person}")).json()["record"]
    assert (record["safety"]["risk"], record["household"]["adults"]) == ("low", 2)


@pytest.mark.parametrize(
    ("contact", "code"),
    [
        ({"channel": "phone"}, "person.safe-contact-without-address"),
        ({"channel": "person-calls-us", "address": "555-0100"}, "person.safe-contact-with-address"),
    ],
)
async def test_a_safe_contact_can_be_made_and_only_where_it_is_safe(scene, contact, code):
    refused = await scene.caseworker.post("/persons", {"safe_contact": contact})
    assert (refused.status_code, refused.json()["code"]) == (422, code)
    assert "555" not in refused.text


async def test_destroying_the_key_erases_the_person_at_once(scene):
    referral = await scene.accepted()
    assert (await scene.intake.get(f"/referrals/{referral}")).status_code == 200
    assert await scene.world.desk.keys.destroy([PersonId(scene.person)]) == 1
    for answer in (
        await scene.caseworker.get(f"/persons/{scene.person}"),
        await scene.intake.get(f"/referrals/{referral}"),
        await scene.caseworker.patch(f"/persons/{scene.person}", {"safety": {"risk": "low"}}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (410, "person.erased")


async def test_a_ciphertext_moved_to_another_class_or_person_is_refused(scene):
    world = scene.world
    other = (await scene.caseworker.post("/persons", {"identity": {"first_name": "Ana"}})).json()["id"]
    sealed = (await world.stored("persons", scene.person))["sealed"]
    key = await world.desk.keys.of(PersonId(scene.person))
    other_key = await world.desk.keys.of(PersonId(other))
    assert key.unseal("identity", sealed["identity"])["prs_SecondName"] == "Quispe"
    for opener, place in ((key, "health"), (other_key, "identity")):
        with pytest.raises(SealBroken):
            opener.unseal(place, sealed["identity"])
    tampered = bytearray(sealed["identity"])
    tampered[-1] ^= 1
    with pytest.raises(SealBroken):
        key.unseal("identity", bytes(tampered))


async def test_a_wrapped_key_moved_to_another_person_opens_nothing(scene):
    rows = scene.world.desk.keys._mongo.db["person_keys"]
    other = (await scene.caseworker.post("/persons", {})).json()["id"]
    stolen = await rows.find_one({"_id": scene.person})
    await rows.update_one({"_id": other}, {"$set": {"wrapped": Binary(stolen["wrapped"], 6)}})
    with pytest.raises(SealBroken):
        await scene.world.desk.keys.of(PersonId(other))


async def test_first_persons_registered_at_once_share_one_organisation_key(world):
    member = await world.member()
    worker = await world.worker(member)
    answers = await asyncio.gather(*(worker.post("/persons", {"safety": {"risk": "low"}}) for _ in range(8)))
    assert [answer.status_code for answer in answers] == [201] * 8
    vault = world.desk.keys._mongo.db["organization_keys"]
    assert await vault.count_documents({"keyAltNames": f"organization:{member.id}"}) == 1
    for answer in answers:
        assert (await worker.get(f"/persons/{answer.json()['id']}")).json()["record"]["safety"]["risk"] == "low"


async def test_keys_without_a_person_are_swept_a_day_later_and_no_others(scene, clock):
    orphan, young = PersonId("orphan"), PersonId("young")
    keys = scene.world.desk.keys
    await keys.new(OrganizationId(scene.sender.id), orphan, clock())
    clock.advance(timedelta(hours=25))
    await keys.new(OrganizationId(scene.sender.id), young, clock())
    assert await sweep_orphan_keys(scene.world.desk) == 1
    with pytest.raises(PersonErased):
        await keys.of(orphan)
    assert (await scene.caseworker.get(f"/persons/{scene.person}")).status_code == 200
    await keys.of(young)


async def test_a_mnemonic_taken_by_a_colleagues_person_is_drawn_again(scene):
    draws = iter([0, 0, 5])
    scene.world.app.state.desk = replace(scene.world.desk, draw=lambda _: next(draws))
    made = [(await scene.caseworker.post("/persons", {})).json()["mnemonic"] for _ in range(2)]
    assert made == ["Érable 10", "Érable 15"]
