"""A small coalition around the referral service: members, their people and services, and a person to help."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx2
from fastapi import FastAPI

from kit.messages import Delivery
from kit.mongo import Document, ensure_indexes
from kit.testing import ManualClock, tokens
from kit.timers import Timers
from services.referral import consumed, projections
from services.referral.commands.deadlines import due_work
from services.referral.commands.desk import Desk
from services.referral.consumed import DIRECTORY
from services.referral.store import INDEXES
from services.referral.store.directory import INDEXES as DIRECTORY_INDEXES

API = "/api/v1/referral"
ALL_INDEXES = INDEXES | {f"{DIRECTORY.name}-a": DIRECTORY_INDEXES}
# Those that rules stand on: the others only make queries quick, and each costs a test some 10 ms.
UNIQUE = {
    collection: unique
    for collection, models in INDEXES.items()
    if (unique := [model for model in models if model.document.get("unique")])
}
FAMILIES = {
    "community": "ngo",
    "victim-services": "ngo",
    "health-social": "public-agency",
    "youth-protection": "public-agency",
    "government": "public-agency",
    "law-enforcement": "police",
    "coalition": "coalition",
}
POLICE_LACKS = {"capacity:ask", "capacity:answer"}


@dataclass
class Worker:
    """Someone who calls the service for an organisation."""

    client: httpx2.AsyncClient
    organization: str
    id: str
    headers: dict[str, str]

    async def get(self, path: str, **parameters: Any) -> httpx2.Response:
        return await self.client.get(f"{API}{path}", headers=self.headers, params=parameters)

    async def post(self, path: str, json: Any = None, *, etag: str = "*", key: str | None = None) -> httpx2.Response:
        headers = self.headers | {"If-Match": etag} | ({"Idempotency-Key": key} if key else {})
        return await self.client.post(f"{API}{path}", headers=headers, json=json)

    async def patch(self, path: str, json: Any, etag: str = "*") -> httpx2.Response:
        return await self.client.patch(f"{API}{path}", headers=self.headers | {"If-Match": etag}, json=json)


@dataclass
class Member:
    """A member organisation."""

    id: str
    sector: str
    sequence: int = 1


@dataclass
class World:
    """The service in this process, and what membership would have told it."""

    app: FastAPI
    client: httpx2.AsyncClient
    clock: ManualClock
    members: dict[str, Member] = field(default_factory=dict)

    @property
    def desk(self) -> Desk:
        return self.app.state.desk

    @property
    def db(self) -> Any:
        return self.app.state.mongo.db

    async def told(self, aggregate: str, sequence: int, data: Any) -> None:
        """Let a message of membership have the effects it has when the bus delivers it."""
        delivery = Delivery(data, str(uuid4()), "membership", data.subject, aggregate, sequence, self.clock())
        granted = projections.giving(self.desk.standings).get(type(data))
        taken = projections.taking(self.desk.standings).get(type(data))
        copied = projections.DIRECTORY_HANDLERS.get(type(data))

        async def work(session: Any) -> None:
            for handle in (granted, taken):
                if handle:
                    await handle(session, delivery)
            if copied:
                await copied(session, self.db[f"{DIRECTORY.name}-a"], delivery)

        await self.app.state.mongo.transaction(work)

    async def member(self, sector: str = "community", *, accredited: bool = True, regime: str = "private") -> Member:
        made = Member(str(uuid4()), sector)
        self.members[made.id] = made
        family = FAMILIES[sector]
        admitted = consumed.OrganizationAdmitted(organization_id=made.id, sector=sector, family=family, regime=regime)
        await self.told(f"organization:{made.id}", 1, admitted)
        if accredited:
            await self.accredit(made)
        return made

    async def about(self, member: Member, message: type[Any], **fields: Any) -> None:
        """Tell the next message of an organisation."""
        member.sequence += 1
        data = message(organization_id=member.id, **fields)
        await self.told(f"organization:{member.id}", member.sequence, data)

    async def accredit(self, member: Member, days: int = 365) -> None:
        until = self.clock() + timedelta(days=days)
        await self.about(member, consumed.OrganizationAccredited, accreditation="may-handle-referrals", until=until)

    async def service(
        self,
        member: Member,
        *needs: str,
        places: int | None = None,
        status: str = "active",
        confidential: bool = False,
    ) -> str:
        identity = str(uuid4())
        data = consumed.ServicePublished(
            service_id=identity,
            organization_id=member.id,
            needs=needs or ("shelter-tonight",),
            confidential=confidential,
            capacity="open" if places is None else "counted",
            places=places,
            status=status,
        )
        await self.told(f"service:{identity}", 1, data)
        return identity

    async def worker(self, member: Member, *roles: str) -> Worker:
        roles = roles or ("caseworker",)
        user, representative = str(uuid4()), str(uuid4())
        data = consumed.RepresentativeActivated(
            representative_id=representative, organization_id=member.id, user_id=user, roles=roles
        )
        await self.told(f"representative:{representative}", 1, data)
        return self.signed_in(member, user, *roles)

    def signed_in(self, member: Member, user: str, *roles: str) -> Worker:
        scopes = set().union(*(tokens.SCOPES[role] for role in roles))
        if member.sector in {"law-enforcement", "government"}:
            scopes -= POLICE_LACKS
        headers = tokens.bearer(
            roles=roles,
            scopes=scopes,
            user=user,
            organization=member.id,
            alias=f"member-{member.id[:8]}",
            family=FAMILIES[member.sector],
            sector=member.sector,
        )
        return Worker(self.client, member.id, user, headers)

    async def outbox(self, aggregate: str) -> list[Document]:
        """The messages of an aggregate, in order."""
        rows = self.db["outbox"].find({"aggregate": aggregate}).sort("sequence", 1)
        return [row async for row in rows]

    async def subjects(self, referral: str) -> list[str]:
        rows = await self.outbox(f"referral:{referral}")
        return [row["subject"].removeprefix("referral.").removesuffix(".v1") for row in rows]

    async def stored(self, collection: str, identity: str) -> Document:
        return await self.db[collection].find_one({"_id": identity})

    async def acts(self, organization: str) -> list[Document]:
        """What an organisation's people did, as the audit tells it."""
        return await self.desk.audit.entries(organization=organization, limit=500)

    async def due(self) -> int:
        """Fire every timer that is due; returns how many."""
        timers, fired = Timers(self.app.state.mongo, self.clock, due_work(self.desk)), 0
        while await timers.fire_next():
            fired += 1
        return fired


@asynccontextmanager
async def quiet_world(app: FastAPI, clock: ManualClock) -> AsyncIterator[World]:
    """The service without its loops: what is due, and what membership told, happens when the test says."""
    transport = httpx2.ASGITransport(app)
    async with app.state.desk.keys.opened():
        await ensure_indexes(app.state.mongo.db, UNIQUE)
        async with httpx2.AsyncClient(transport=transport, base_url="http://service") as client:
            yield World(app, client, clock)
    await app.state.mongo.close()


RECORD: Mapping[str, Any] = {
    "safe_contact": {"channel": "phone", "address": "555-0134", "hours": "10-12", "code_word": "tournesol"},
    "identity": {
        "preferred_name": "Lina",
        "prs_SecondName": "Quispe",
        "age_band": "adult",
        "languages": ["spa", "iku"],
    },
    "current_location": {"place": "12 rue Inventée", "region": "06"},
    "safety": {"risk": "high", "note": "son frère la cherche"},
    "household": {"children_ages": [4], "note": "un fils"},
    "practical_needs": {"needs": ["transport", "immigration-help"], "note": "manteau"},
    "indigenous_identity": {"nation": "Inuit"},
    "exploitation": {"vic_TypeOfExploitation": ["ForcedLabour"], "facts": "usine de l'est"},
    "health": {"attestation_signed": True, "note": "asthme"},
    "immigration": {"insured": False, "status": "permis fermé expiré"},
    "legal": {"entries": [{"kind": "police-file", "reference": "MTL-1"}]},
}
ALL_CLASSES = [name.replace("_", "-") for name in RECORD]
SECRETS = (
    *("555-0134", "tournesol", "Lina", "Quispe", "12 rue Inventée", "son frère la cherche", "un fils", "manteau"),
    *("Inuit", "usine de l'est", "asthme", "permis fermé expiré", "MTL-1"),
)
FACTS = "menace de mort reçue hier"
EVIDENCE = {
    "given_by": "person",
    "method": "oral",
    "company": "alone",
    "language": "spa",
    "interpreter": "independent",
    "read_back": True,
    "police_warning": True,
}
NEED = {"needs": ["shelter-tonight"], "urgency": "bed-tonight", "region": "06", "language": "spa"}


@dataclass
class Scene:
    """A caseworker with a person, and a shelter that may help."""

    world: World
    sender: Member
    receiver: Member
    service: str
    caseworker: Worker
    intake: Worker
    person: str

    async def consent(
        self,
        classes: list[str] | None = None,
        purpose: str = "support",
        days: float = 90,
        key: str | None = None,
        **fields: Any,
    ) -> httpx2.Response:
        until = self.world.clock() + timedelta(days=days)
        body = {
            "recipient_organization_id": self.receiver.id,
            "purpose": purpose,
            "classes": classes or ["identity", "safe-contact", "practical-needs"],
            "decision": "grant",
            "until": until.isoformat(),
            "evidence": EVIDENCE,
        }
        return await self.caseworker.post(f"/persons/{self.person}/consents", body | fields, key=key)

    async def record_ground(self, classes: list[str] | None = None, **fields: Any) -> httpx2.Response:
        body = {
            "article": "p-39.1-18.1",
            "recipient_organization_id": self.receiver.id,
            "classes": classes or ["identity", "current-location"],
            "facts": FACTS,
        }
        return await self.caseworker.post(f"/persons/{self.person}/grounds", body | fields)

    async def ground(self, classes: list[str] | None = None, **fields: Any) -> str:
        made = await self.record_ground(classes, **fields)
        assert made.status_code == 201, made.text
        return made.json()["id"]

    async def tell_at_once(self, **fields: Any) -> httpx2.Response:
        body = {"recipient_organization_id": self.receiver.id, "article": "p-39.1-18-7", "facts": FACTS}
        return await self.caseworker.post(f"/persons/{self.person}/emergencies", body | fields)

    async def emergency(self, **fields: Any) -> str:
        made = await self.tell_at_once(**fields)
        assert made.status_code == 201, made.text
        return made.json()["id"]

    async def requested_on_ground(self, classes: list[str] | None = None, **need: Any) -> tuple[str, str]:
        """A referral sent under a ground that opens the same classes; returns both."""
        classes = classes or ["identity", "current-location"]
        ground = await self.ground(classes)
        referral = await self.drafted(classes=classes, **need)
        sent = await self.caseworker.post(f"/referrals/{referral}/request-on-ground", {"ground_id": ground})
        assert sent.status_code == 200, sent.text
        return referral, ground

    async def draft(self, classes: list[str] | None = None, purpose: str = "support", **need: Any) -> httpx2.Response:
        body = {
            "person_id": self.person,
            "service_id": self.service,
            "purpose": purpose,
            "classes": classes or ["identity", "safe-contact", "practical-needs"],
            "need": NEED | need,
        }
        return await self.caseworker.post("/referrals", body)

    async def drafted(self, **options: Any) -> str:
        made = await self.draft(**options)
        assert made.status_code == 201, made.text
        return made.json()["id"]

    async def consented(self, **options: Any) -> str:
        given = await self.consent(**options)
        assert given.status_code == 201, given.text
        return given.json()["id"]

    async def requested(self, *, consent: dict[str, Any] | None = None, **options: Any) -> str:
        """A referral sent under a consent to the same classes."""
        shared = {name: options[name] for name in ("classes", "purpose") if name in options}
        await self.consented(**shared, **(consent or {}))
        referral = await self.drafted(**options)
        sent = await self.caseworker.post(f"/referrals/{referral}/request")
        assert sent.status_code == 200, sent.text
        return referral

    async def another(self, **options: Any) -> str:
        """A referral of one more person to the same service."""
        registered = await self.caseworker.post("/persons", {"identity": RECORD["identity"]})
        self.person, first = registered.json()["id"], self.person
        try:
            return await self.requested(**options)
        finally:
            self.person = first

    async def another_to_accept(self) -> str:
        """A referral of one more person, accepted."""
        referral = await self.another()
        assert (await self.intake.post(f"/referrals/{referral}/accept", {})).status_code == 200
        return referral

    async def accepted(self, **options: Any) -> str:
        referral = await self.requested(**options)
        taken = await self.intake.post(f"/referrals/{referral}/accept", {})
        assert taken.status_code == 200, taken.text
        return referral

    async def started(self, **options: Any) -> str:
        referral = await self.accepted(**options)
        begun = await self.intake.post(f"/referrals/{referral}/start")
        assert begun.status_code == 200, begun.text
        return referral


async def a_scene(
    world: World,
    sector: str = "community",
    *needs: str,
    places: int | None = None,
    sender_sector: str = "community",
    confidential: bool = False,
    record: Mapping[str, Any] = RECORD,
) -> Scene:
    sender, receiver = await world.member(sender_sector), await world.member(sector)
    service = await world.service(receiver, *needs, places=places, confidential=confidential)
    caseworker, intake = await world.worker(sender), await world.worker(receiver, "intake")
    registered = await caseworker.post("/persons", dict(record))
    assert registered.status_code == 201, registered.text
    return Scene(world, sender, receiver, service, caseworker, intake, registered.json()["id"])
