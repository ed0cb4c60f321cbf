"""The seed is brought about by the real use cases, invented throughout, and once."""

import asyncio
import re
from contextlib import asynccontextmanager, suppress
from uuid import uuid4

import pytest

from services.membership.commands.people import activate
from services.membership.domain.region import REGIONS
from services.membership.domain.sector import Sector
from services.membership.domain.taxonomy import NEEDS
from services.membership.seed import BoardNotActive, Seeded, load
from services.membership.seed.data import demo, offers, places

FICTIONAL = re.compile(r"\+1\d{3}55501\d{2}")


@asynccontextmanager
async def accounts_made(office, mongo):
    """Do what the Keycloak job does, beside the seed: every accepted person gets an account."""

    async def make() -> None:
        while True:
            async for row in mongo.db["representatives"].find({"state.state": "accepted"}):
                await activate(office, row["_id"], str(uuid4()))
            await asyncio.sleep(0.05)

    task = asyncio.create_task(make())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_the_seed_is_loaded_once_and_again_changes_nothing(office, mongo, records, api, coalition):
    async with accounts_made(office, mongo):
        first = await load(office)
        assert first == Seeded(organizations=69, people=34, services=200)
        while await mongo.db["representatives"].count_documents({"state.state": "accepted"}):
            await asyncio.sleep(0.05)
        before = await records.everything()
        assert await load(office) == Seeded(0, 0, 0)
        assert await records.everything() == before
    accredited = await mongo.db["outbox"].count_documents({"subject": "membership.organization-accredited.v1"})
    assert accredited == 69
    assert await office.audit.verify() == []
    page = await api.get(
        "/services?need=shelter-tonight&region=16&neighbours=true&language=spa", headers=coalition.caseworker()
    )
    names = [item["organization_name"]["fr"] for item in page.json()["items"]]
    assert names[0] == "Maison du Tilleul"
    assert "Centre de santé des Trois-Épinettes" in names


async def test_without_the_board_nothing_is_decided(office, records):
    with pytest.raises(BoardNotActive):
        await load(office, within=0.5)
    assert await records.count("organizations") == 1


def test_the_seed_covers_every_need_region_and_sector_in_both_languages():
    found = [offer.request().entry() for offer in offers()]
    assert len(found) == 200
    assert {need for entry in found for need in entry.needs} == set(NEEDS)
    assert {region for entry in found for region in entry.service_areas} == set(REGIONS)
    everyone = (*demo().organizations, *places())
    assert {place.sector for place in everyone} == set(Sector) - {Sector.COALITION}
    assert all(entry.name.fr != entry.name.en and entry.description.fr != entry.description.en for entry in found)


def test_nothing_in_the_seed_can_be_called_or_written_to():
    assert all(FICTIONAL.fullmatch(phone.number) for offer in offers() for phone in offer.phones)
    everyone = (*demo().organizations, *places())
    people = [*demo().coalition.people, *(person for place in everyone for person in (*place.people, place.applicant))]
    assert all(person.address.endswith(".example") for person in people)


def test_names_ids_and_numbers_are_used_once():
    everyone = (*demo().organizations, *places())
    assert len({place.alias for place in everyone}) == len(everyone)
    assert len({place.business_number for place in everyone}) == len(everyone)
    assert len({offer.id for offer in offers()}) == 200
    assert {offer.organization for offer in offers()} == {place.alias for place in everyone}
