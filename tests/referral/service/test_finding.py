"""Finding a person by name: inside one organisation, through an index that says nothing without its key."""

import hashlib
import hmac
from datetime import timedelta

import pytest

from services.referral.commands.finding import index_names
from services.referral.domain.identifiers import OrganizationId
from services.referral.keys import SealBroken


async def found(worker, name: str, **fields) -> list[str]:
    answer = await worker.post("/persons/find", {"name": name, **fields})
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


async def registered(worker, **identity) -> str:
    return (await worker.post("/persons", {"identity": identity})).json()["id"]


@pytest.mark.parametrize("name", ["Lina", "QUISPE", "quispe, lina", "Quispé"])
async def test_a_name_is_found_without_accents_case_or_order(scene, name):
    assert await found(scene.caseworker, name) == [scene.person]


@pytest.mark.parametrize("name", ["Lin", "Lina Tremblay", "Quispes"])
async def test_another_name_or_half_a_word_finds_nobody(scene, name):
    assert await found(scene.caseworker, name) == []


async def test_a_hyphen_a_ligature_and_a_birth_date_are_found(scene):
    one = await registered(scene.caseworker, first_name="Marie-Cœur", last_name="D’Août", birth_date="1990-02-03")
    other = await registered(scene.caseworker, first_name="Marie Coeur", birth_date="1991-02-03")
    assert sorted(await found(scene.caseworker, "marie coeur")) == sorted([one, other])
    assert await found(scene.caseworker, "COEUR marie", birth_date="1990-02-03") == [one]
    assert await found(scene.caseworker, "aout") == [one]


async def test_a_name_follows_the_record_and_goes_with_it(scene):
    path = f"/persons/{scene.person}"
    assert (await scene.caseworker.patch(path, {"safety": {"risk": "low"}})).status_code == 200
    assert await found(scene.caseworker, "Lina") == [scene.person]
    assert (await scene.caseworker.patch(path, {"identity": {"first_name": "Rosa"}})).status_code == 200
    assert (await found(scene.caseworker, "Lina"), await found(scene.caseworker, "rosa")) == ([], [scene.person])
    assert (await scene.caseworker.patch(path, {"identity": None})).status_code == 200
    assert await found(scene.caseworker, "rosa") == []


async def test_no_other_organisation_finds_the_person_and_the_same_name_has_other_values_there(scene):
    other = await scene.world.worker(scene.receiver)
    assert await found(other, "Lina") == []
    theirs = await registered(other, preferred_name="Lina", last_name="Quispe")
    assert (await found(other, "Lina"), await found(scene.caseworker, "Lina")) == ([theirs], [scene.person])
    rows = [await scene.world.stored("persons", identity) for identity in (scene.person, theirs)]
    mine, its = ({bytes(value) for value in row["names"]} for row in rows)
    assert len(mine & its) <= 1


async def test_whoever_is_excluded_finds_nobody_and_the_log_says_nothing_to_them(scene):
    colleague = await scene.world.worker(scene.sender, "caseworker", "privacy-officer")
    assert await found(colleague, "Lina") == [scene.person]
    listed = {"organization_ids": [], "user_ids": [colleague.id]}
    assert (await scene.caseworker.post(f"/persons/{scene.person}/exclusions", listed)).status_code == 200
    assert await found(colleague, "Lina") == []
    assert await found(scene.caseworker, "Lina") == [scene.person]
    log = (await colleague.get("/audit", action="person.find")).json()["items"]
    assert [row["records"] for row in log] == [[], [], []]


async def test_searches_are_counted_for_each_worker_and_written_down(scene, clock):
    for _ in range(60):
        await found(scene.caseworker, "Lina")
    refused = await scene.caseworker.post("/persons/find", {"name": "Lina"})
    assert (refused.status_code, refused.json()["code"]) == (429, "person.too-many-searches")
    acts = await scene.world.acts(scene.sender.id)
    assert [(row["action"], row["outcome"]) for row in acts[-2:]] == [
        ("person.find", "done"),
        ("person.find", "refused"),
    ]
    assert "lina" not in str(acts).lower()
    clock.advance(timedelta(hours=1))
    assert await found(scene.caseworker, "Lina") == [scene.person]


@pytest.mark.parametrize("name", ["é", "- '", "a b c", " ".join(f"mot{n}" for n in range(9))])
async def test_a_name_that_would_list_everybody_is_refused(scene, name):
    refused = await scene.caseworker.post("/persons/find", {"name": name})
    assert (refused.status_code, refused.json()["code"]) == (422, "person.name-too-short")
    assert name not in refused.text


async def test_records_of_an_earlier_release_are_indexed_once_and_the_erased_are_nobody(scene):
    erased = await registered(scene.caseworker, first_name="Lina")
    await scene.world.db["persons"].update_many({}, {"$unset": {"names": ""}})
    await scene.world.desk.keys.destroy([erased])
    assert await found(scene.caseworker, "Lina") == []
    assert (await index_names(scene.world.desk), await index_names(scene.world.desk)) == (2, 0)
    assert await found(scene.caseworker, "Lina") == [scene.person]


async def test_a_dictionary_without_the_keys_database_finds_nothing_and_counts_of_names_do_not_show(scene):
    await registered(scene.caseworker)
    rows = await scene.world.db["persons"].find().to_list()
    assert {len(row["names"]) for row in rows} == {16}
    stored = {bytes(value) for row in rows for value in row["names"]}
    words = ["lina", "quispe", "name:lina", "name:quispe"]
    seen = [{"_id": row["_id"], "organization": row["organization"]} for row in rows]
    guesses = {text.encode() for row in seen for text in row.values()} | {b"", b"test-audit-key"}
    plain = {hashlib.sha256(word.encode()).digest()[:2] for word in words}
    keyed = {hmac.digest(key, word.encode(), "sha256")[:2] for key in guesses for word in words}
    assert len(stored & (plain | keyed)) <= 1
    key = await scene.world.desk.keys.of_names(OrganizationId(scene.sender.id))
    assert hmac.digest(key, b"name:lina", "sha256")[:2] in stored
    assert key not in b"".join(stored)


async def test_the_key_of_names_is_one_and_a_row_moved_to_another_organisation_opens_nothing(scene):
    keys = scene.world.desk.keys
    rows = keys._mongo.db["name_keys"]
    await registered(await scene.world.worker(scene.receiver), first_name="Ana")
    assert await rows.count_documents({}) == 2
    stolen = await rows.find_one({"_id": scene.sender.id})
    await rows.update_one({"_id": scene.receiver.id}, {"$set": {"wrapped": stolen["wrapped"]}})
    with pytest.raises(SealBroken):
        await keys.of_names(OrganizationId(scene.receiver.id))
