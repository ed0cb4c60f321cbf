"""Organisations, representatives and services: loaded and saved whole, with the messages that tell what happened."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import TypeAdapter
from pymongo import ASCENDING, IndexModel

from kit.messages import Message
from kit.mongo import Collection, Document, Mongo, Session, save_version
from kit.outbox import Outbox
from services.membership.domain.app import App, UnknownApp
from services.membership.domain.app import Fact as AppFact
from services.membership.domain.directory import Fact as ServiceFact
from services.membership.domain.directory import Service, UnknownService
from services.membership.domain.folding import sort_key
from services.membership.domain.organization import Organization, OrganizationId, UnknownOrganization, UserId
from services.membership.domain.representative import Fact as RepresentativeFact
from services.membership.domain.representative import (
    InvitationNotValid,
    Representative,
    UnknownRepresentative,
)
from services.membership.domain.representative import State as RepresentativeState
from services.membership.domain.role import MANAGING_ROLES
from services.membership.domain.standing import Fact as OrganizationFact
from services.membership.domain.standing import State
from services.membership.published import tell_app, tell_organization, tell_representative, tell_service
from services.membership.store.records import Kept, T, to_document, to_kept

SOURCE = "membership"
_ORGANIZATION = TypeAdapter(Organization)
_REPRESENTATIVE = TypeAdapter(Representative)
_SERVICE = TypeAdapter(Service)
_APP = TypeAdapter(App)
_OPEN = {"state.state": {"$in": [State.APPLIED.value, State.UNDER_REVIEW.value]}}

INDEXES = {
    "organizations": [
        IndexModel([("state.state", ASCENDING), ("rank", ASCENDING)]),
        IndexModel([("rank", ASCENDING)]),
        IndexModel(
            [("state.alias", ASCENDING)], unique=True, partialFilterExpression={"state.alias": {"$type": "string"}}
        ),
        # The same application sent twice while it is open is one application.
        IndexModel([("application", ASCENDING)], unique=True, partialFilterExpression=_OPEN),
    ],
    "representatives": [
        IndexModel([("state.organization_id", ASCENDING), ("state.address", ASCENDING)], unique=True),
        IndexModel([("state.invitation.code_hash", ASCENDING)], unique=True),
        IndexModel([("state.user", ASCENDING)]),
        IndexModel([("state.reset.until", ASCENDING)]),
    ],
    "services": [IndexModel([("state.organization_id", ASCENDING)])],
    "apps": [
        IndexModel([("state.client_id", ASCENDING)], unique=True),
        IndexModel([("state.organization_id", ASCENDING), ("state.removed_at", ASCENDING), ("_id", ASCENDING)]),
    ],
}


class Store:
    """Membership's aggregates. Every load belongs to the transaction that saves, so two commands never cross."""

    def __init__(self, mongo: Mongo) -> None:
        self.organizations = mongo.db["organizations"]
        self.representatives = mongo.db["representatives"]
        self.services = mongo.db["services"]
        self.apps = mongo.db["apps"]
        self._outbox = Outbox(mongo.db, SOURCE)

    async def organization(self, session: Session | None, identity: str) -> Kept[Organization]:
        """Load an organisation; raises `UnknownOrganization`."""
        document = await self.organizations.find_one({"_id": identity}, session=session)
        if document is None:
            raise UnknownOrganization
        return to_kept(_ORGANIZATION, document)

    async def hold(self, session: Session, identity: str) -> Kept[Organization]:
        """Load an organisation so that no other command on it or on what it holds commits beside this one."""
        await self.organizations.update_one({"_id": identity}, {"$inc": {"held": 1}}, session=session)
        return await self.organization(session, identity)

    async def coalition(self, session: Session) -> Kept[Organization] | None:
        """Load the coalition itself, if it has been founded."""
        document = await self.organizations.find_one({"state.alias": "coalition"}, session=session)
        return to_kept(_ORGANIZATION, document) if document else None

    async def representative(self, session: Session | None, identity: str) -> Kept[Representative]:
        """Load a representative; raises `UnknownRepresentative`."""
        document = await self.representatives.find_one({"_id": identity}, session=session)
        if document is None:
            raise UnknownRepresentative
        return to_kept(_REPRESENTATIVE, document)

    async def invited_with(self, session: Session, code_hash: str) -> Kept[Representative]:
        """Load who was invited with a code; raises `InvitationNotValid`."""
        document = await self.representatives.find_one({"state.invitation.code_hash": code_hash}, session=session)
        if document is None:
            raise InvitationNotValid
        return to_kept(_REPRESENTATIVE, document)

    async def known_address(
        self, session: Session, organization: OrganizationId, address: str
    ) -> Kept[Representative] | None:
        """Load whom an organisation knows by an address."""
        key = {"state.organization_id": organization, "state.address": address}
        document = await self.representatives.find_one(key, session=session)
        return to_kept(_REPRESENTATIVE, document) if document else None

    async def service(self, session: Session | None, identity: str) -> Kept[Service]:
        """Load a service; raises `UnknownService`."""
        document = await self.services.find_one({"_id": identity}, session=session)
        if document is None:
            raise UnknownService
        return to_kept(_SERVICE, document)

    async def services_of(self, session: Session, organization: OrganizationId) -> list[Kept[Service]]:
        """Load an organisation's services, withdrawn ones left out."""
        query = {"state.organization_id": organization, "state.withdrawn": False}
        return [to_kept(_SERVICE, document) async for document in self.services.find(query, session=session)]

    async def app(self, session: Session | None, identity: str) -> Kept[App]:
        """Load an organisation's application; raises `UnknownApp`."""
        document = await self.apps.find_one({"_id": identity}, session=session)
        if document is None:
            raise UnknownApp
        return to_kept(_APP, document)

    async def has_client(self, client_id: str) -> bool:
        """Say whether an application that is not removed signs in by this client."""
        query = {"state.client_id": client_id, "state.removed_at": None}
        return await self.apps.find_one(query, {"_id": 1}) is not None

    async def roles_of(self, session: Session, user: UserId) -> list[Representative]:
        """Load everything a person is, in any organisation."""
        found = self.representatives.find({"state.user": user}, session=session)
        return [to_kept(_REPRESENTATIVE, document).state async for document in found]

    async def others_manage(self, session: Session, person: Representative) -> bool:
        """Say whether someone else, active, manages the person's organisation."""
        query = {
            "state.organization_id": person.organization_id,
            "state.state": RepresentativeState.ACTIVE.value,
            "state.roles": {"$in": [role.value for role in MANAGING_ROLES]},
            "_id": {"$ne": person.id},
        }
        return await self.representatives.find_one(query, {"_id": 1}, session=session) is not None

    async def free_alias(self, session: Session, wanted: str) -> str:
        """Return the alias, or the first numbered one nobody has."""
        query = {"state.alias": {"$gte": wanted, "$lt": f"{wanted}."}}
        taken = {
            row["state"]["alias"] async for row in self.organizations.find(query, {"state.alias": 1}, session=session)
        }
        candidates = (wanted, *(f"{wanted}-{number}" for number in range(2, len(taken) + 3)))
        return next(alias for alias in candidates if alias not in taken)

    async def save_organization(
        self,
        session: Session,
        state: Organization,
        facts: Sequence[OrganizationFact],
        at: datetime,
        kept: Kept[Organization] | None = None,
    ) -> Kept[Organization]:
        """Write an organisation over the one loaded, or as a new one, and what happened to it."""
        told = [tell_organization(state, fact) for fact in facts]
        document = to_document(_ORGANIZATION, state.id, state, 0) | _found_by(state)
        return await self._save(
            session, self.organizations, f"organization:{state.id}", document, state, told, at, kept
        )

    async def save_representative(
        self,
        session: Session,
        state: Representative,
        facts: Sequence[RepresentativeFact],
        at: datetime,
        kept: Kept[Representative] | None = None,
    ) -> Kept[Representative]:
        """Write a representative over the one loaded, or as a new one, and what happened to them."""
        told = [tell_representative(state, fact) for fact in facts]
        document = to_document(_REPRESENTATIVE, state.id, state, 0)
        return await self._save(
            session, self.representatives, f"representative:{state.id}", document, state, told, at, kept
        )

    async def save_service(
        self,
        session: Session,
        state: Service,
        facts: Sequence[ServiceFact],
        at: datetime,
        kept: Kept[Service] | None = None,
    ) -> Kept[Service]:
        """Write a service over the one loaded, or as a new one, and what happened to it."""
        told = [tell_service(state, fact) for fact in facts]
        document = to_document(_SERVICE, state.id, state, 0)
        return await self._save(session, self.services, f"service:{state.id}", document, state, told, at, kept)

    async def save_app(
        self,
        session: Session,
        state: App,
        facts: Sequence[AppFact],
        at: datetime,
        kept: Kept[App] | None = None,
    ) -> Kept[App]:
        """Write an application over the one loaded, or as a new one, and what happened to it."""
        told = [tell_app(state, fact) for fact in facts]
        document = to_document(_APP, state.id, state, 0)
        return await self._save(session, self.apps, f"app:{state.id}", document, state, told, at, kept)

    async def _save(
        self,
        session: Session,
        collection: Collection,
        aggregate: str,
        document: Document,
        state: T,
        messages: Sequence[Message],
        at: datetime,
        kept: Kept[T] | None,
    ) -> Kept[T]:
        """Write the document guarded by its version, and its outbox rows."""
        version, told = (kept.version, kept.told) if kept else (0, 0)
        document["told"] = await self._outbox.append(session, aggregate, told, messages, at)
        await save_version(session, collection, document, version)
        return Kept(state, version + 1, document["told"])


def _found_by(organization: Organization) -> Document:
    """Return how an organisation is sorted, whether the public may list it, and what makes an application the same."""
    applicant = organization.applicant.address if organization.applicant else ""
    number = organization.profile.business_number
    return {
        "rank": rank_of(organization),
        "public": organization.member and organization.profile.listed,
        "application": f"{number}|{applicant}",
    }


def rank_of(organization: Organization) -> str:
    """Return an organisation's place among others: by French name, then by id so that no two are equal."""
    return f"{sort_key(organization.profile.name.fr)}|{organization.id}"


def application_key(number: str, address: str) -> Document:
    """Return the query for an open application of the same organisation by the same person."""
    return {"application": f"{number}|{address}"} | _OPEN
