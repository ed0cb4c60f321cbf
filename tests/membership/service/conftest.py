"""The service with its real database, called as ASGI; its loops run only where a test says so."""

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from uuid import uuid4

import httpx2
import pytest
import pytest_asyncio

from kit.mongo import Mongo, ensure_indexes
from kit.testing import ManualClock, tokens
from services.membership.commands.office import Office
from services.membership.main import create, timers_of
from services.membership.settings import MembershipSettings
from services.membership.store import INDEXES

PREFIX = "/api/v1/membership"
COALITION = str(uuid4())


@pytest.fixture
def settings(mongo) -> MembershipSettings:
    """The service's settings on this test's own database; nothing else of the world is there."""
    return MembershipSettings(
        port=0,
        mongodb_url=os.environ["TEST_MONGODB_URL"],
        mongodb_database=mongo.db.name,
        nats_url="nats://127.0.0.1:9",
        nats_seed="unused",
        issuer=tokens.ISSUER,
        jwks_url="http://127.0.0.1:9/unused",
        audit_key="test-audit-key",
        access_database=f"{mongo.db.name}_access",
        invitation_key="an invitation key of at least 32 characters",
        keycloak_url="http://127.0.0.1:9",
        keycloak_secret="membership-secret",
        smtp_host="127.0.0.1",
        smtp_port=9,
        public_url="https://coalition.example",
    )


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest_asyncio.fixture
async def app(mongo: Mongo, settings, clock):
    made = create(settings, clock=clock, verifier=tokens.verifier(clock))
    await ensure_indexes(mongo.db, INDEXES)
    yield made
    await mongo.client.drop_database(settings.access_database)
    await made.state.mongo.close()


@pytest.fixture
def office(app) -> Office:
    return app.state.office


@pytest_asyncio.fixture
async def api(app) -> AsyncIterator[httpx2.AsyncClient]:
    """The service, called without a socket."""
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url=f"http://membership{PREFIX}") as client:
        yield client


@pytest.fixture
def pass_time(office, clock):
    """Let time pass and fire what became due: `await pass_time(timedelta(days=8))`."""

    async def passed(step) -> None:
        clock.advance(step)
        while await timers_of(office).fire_next():
            pass

    return passed


@dataclass
class Records:
    """What is stored, as tests read it beside the answers."""

    mongo: Mongo
    access: str
    told: dict[str, int] = field(default_factory=dict)

    async def outbox(self, aggregate: str) -> list[str]:
        rows = self.mongo.db["outbox"].find({"aggregate": aggregate}).sort("sequence", 1)
        return [row["subject"].split(".", 1)[1] async for row in rows]

    async def state(self, collection: str, identity: str) -> dict | None:
        return await self.mongo.db[collection].find_one({"_id": identity})

    async def count(self, collection: str) -> int:
        return await self.mongo.db[collection].count_documents({})

    async def actions(self) -> list[str]:
        return [row["action"] async for row in self.mongo.db["audit"].find().sort("_id", 1)]

    async def jobs(self, kind: str) -> list[dict]:
        return await self.mongo.db["jobs"].find({"kind": kind}).sort("order", 1).to_list()

    async def revoked(self, key: str) -> bool | None:
        row = await self.mongo.client[self.access]["revocations"].find_one({"_id": key})
        return row["revoked"] if row else None

    async def everything(self) -> dict[str, int]:
        """Return how many documents each collection holds, to show that a refusal changed nothing."""
        names = sorted(await self.mongo.db.list_collection_names())
        return {name: await self.count(name) for name in names if name != "leases"}


@pytest.fixture
def records(mongo, settings) -> Records:
    return Records(mongo, settings.access_database)


def staff(user: str | None = None, clock=None) -> dict[str, str]:
    return tokens.as_coalition("coordination", organization=COALITION, user=user or "staff", at=_now(clock))


def board(user: str = "board-1", clock=None) -> dict[str, str]:
    return tokens.as_coalition("board", organization=COALITION, user=user, at=_now(clock))


def _now(clock):
    return clock() if clock else None


def an_application(**changes) -> dict:
    return {
        "name": {"fr": "Maison de l'Érable", "en": "Maple House"},
        "mission": {"fr": "Héberger.", "en": "To shelter."},
        "sector": "community",
        "family": "ngo",
        "regime": "private",
        "regions": ["06"],
        "business_number": "1166000001",
        "given_name": "Ada",
        "family_name": "Tremblay",
        "address": "Ada@Erable.example",
    } | changes


def an_accreditation(**changes) -> dict:
    return {
        "information_agreement_signed_on": "2026-11-01",
        "privacy_officer": {"name": "Bea Roy", "title": "Responsable", "address": "b@erable.example"},
        "training_completed_on": "2026-11-01",
        "vetting_attested_on": "2026-11-01",
        "business_number": "1166000001",
        "references": [
            {"name": "Cam Lee", "organization": "Abri Sud", "checked_on": "2026-11-01"},
            {"name": "Dee Fox", "organization": "Abri Nord", "checked_on": "2026-11-01"},
        ],
        "until": "2027-11-24T00:00:00Z",
    } | changes


def a_service(**changes) -> dict:
    return {
        "name": {"fr": "Hébergement d'urgence", "en": "Emergency shelter"},
        "description": {"fr": "Des lits pour cette nuit.", "en": "Beds for tonight."},
        "needs": ["shelter-tonight", "shelter"],
        "service_areas": ["06"],
        "languages": ["fra", "spa"],
        "eligibility": {"populations": ["women"], "minimum_age": 18},
        "locations": [{"region": "06", "address_1": "123, rue Inventée", "city": "Montréal", "postal_code": "H0H 0H0"}],
        "phones": [{"number": "+15145550101"}],
        "contacts": [{"name": "Accueil"}],
        "capacity": "counted",
        "places": 4,
    } | changes


class Coalition:
    """Brings organisations where a test needs them, by the service's own routes."""

    def __init__(self, api, mongo, clock) -> None:
        self.api, self.mongo, self.clock = api, mongo, clock

    def staff(self, user: str = "staff") -> dict[str, str]:
        return staff(user, self.clock)

    def board(self, user: str = "board-1") -> dict[str, str]:
        return board(user, self.clock)

    def coordinator(self, organization: str, user: str = "coordinator", **changes) -> dict[str, str]:
        return tokens.as_coordinator(organization=organization, user=user, at=self.clock(), **changes)

    def caseworker(self, organization: str | None = None) -> dict[str, str]:
        return tokens.as_caseworker(organization=organization, at=self.clock())

    async def applied(self, **changes) -> str:
        before = {row["_id"] async for row in self.mongo.db["organizations"].find({}, {"_id": 1})}
        answer = await self.api.post("/applications", json=an_application(**changes))
        assert answer.status_code == 202, answer.text
        after = {row["_id"] async for row in self.mongo.db["organizations"].find({}, {"_id": 1})}
        [identity] = after - before
        return identity

    async def under_review(self, **changes) -> str:
        identity = await self.applied(**changes)
        answer = await self.api.post(f"/organizations/{identity}/review", headers=self.staff())
        assert answer.status_code == 200, answer.text
        return identity

    async def member(self, **changes) -> str:
        identity = await self.under_review(**changes)
        for user in ("board-1", "board-2"):
            vote = {"choice": "admit"}
            answer = await self.api.post(f"/organizations/{identity}/votes", json=vote, headers=self.board(user))
            assert answer.status_code == 200, answer.text
        return identity

    async def invited(self, organization: str, address: str = "eve@erable.example", roles=("caseworker",)) -> str:
        body = {"address": address, "roles": list(roles)}
        headers = self.coordinator(organization)
        answer = await self.api.post(f"/organizations/{organization}/representatives", json=body, headers=headers)
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    async def code_of(self, office, representative: str) -> str:
        kept = await office.store.representative(None, representative)
        return office.codes.code(kept.state.id, kept.state.invitation.at)

    async def published(self, organization: str, **changes) -> str:
        answer = await self.api.post("/services", json=a_service(**changes), headers=self.coordinator(organization))
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]


@pytest.fixture
def coalition(api, mongo, clock) -> Coalition:
    return Coalition(api, mongo, clock)
