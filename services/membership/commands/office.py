"""What every use case works with, and the two things each of them needs: who acts, and a row that says so."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar
from uuid import uuid4

from kit.audit import Audit, Entry
from kit.auth import Principal
from kit.clock import Clock
from kit.http import Once
from kit.jobs import Jobs
from kit.mongo import Mongo, Session
from kit.telemetry import request_id
from kit.timers import Timers
from services.membership import keycloak as realm
from services.membership.codes import InvitationCodes
from services.membership.domain.organization import Decider, Organization, OrganizationId, UserId
from services.membership.domain.refusal import MembershipRefusal
from services.membership.domain.representative import Manager
from services.membership.store import Directory, Revocations, Store

COORDINATE = "membership:coordinate"
DECIDE = "membership:decide"


class PersonRequired(MembershipRefusal):
    """Only a person decides; software cannot."""

    code: ClassVar[str] = "membership.person-required"


@dataclass(frozen=True, slots=True)
class Office:
    """Membership's own collections, effects and clock."""

    mongo: Mongo
    store: Store
    directory: Directory
    revocations: Revocations
    audit: Audit
    jobs: Jobs
    timers: Timers
    clock: Clock
    codes: InvitationCodes

    async def decider(self, session: Session, by: Principal) -> Decider:
        """Return who decides, with every organisation they ever belonged to."""
        people = await self.store.roles_of(session, UserId(by.user))
        own = frozenset({OrganizationId(by.organization), *(person.organization_id for person in people)})
        return Decider(UserId(by.user), people[0].address if people else None, own)

    async def record(
        self, session: Session, by: Principal, action: str, record: str, owner: str, detail: str | None = None
    ) -> None:
        """Write who did what to which record of which organisation."""
        entry = Entry(
            organization=by.organization,
            by=by.user,
            role=",".join(sorted(by.roles)),
            action=action,
            records=(record,),
            owner=owner,
            at=self.clock(),
            request_id=request_id.get(),
            detail=detail,
        )
        await self.audit.append(session, entry)

    async def record_reading(self, by: Principal, action: str, records: Sequence[str], owner: str) -> None:
        """Write that another organisation's people were read: one row that names them all."""
        entry = Entry(
            organization=by.organization,
            by=by.user,
            role=",".join(sorted(by.roles)),
            action=action,
            records=tuple(f"representative:{record}" for record in records),
            owner=owner,
            at=self.clock(),
            request_id=request_id.get(),
        )
        await self.audit.append(None, entry)

    async def record_unsigned(self, session: Session, by: str, action: str, record: str, owner: str) -> None:
        """Write what happened without anyone signed in: an applicant, an invited person, a timer, an operator."""
        entry = Entry(
            organization=owner,
            by=by,
            action=action,
            records=(record,),
            owner=owner,
            at=self.clock(),
            request_id=request_id.get(),
        )
        await self.audit.append(session, entry)


def hold_person(by: Principal) -> None:
    """Raise `PersonRequired` when software asks for what a person answers for."""
    if by.kind != "person":
        raise PersonRequired


def manager(by: Principal) -> Manager:
    """Return who manages people, and how far."""
    return Manager(
        UserId(by.user),
        OrganizationId(by.organization),
        coordinates=COORDINATE in by.scopes,
        on_board=DECIDE in by.scopes,
    )


def described(host: Organization) -> realm.Organization:
    """Return what Keycloak is told of an organisation."""
    profile = host.profile
    return realm.Organization(
        host.id, host.alias or "", profile.sector.value, profile.family.value, profile.regime.value
    )


def coordinates(by: Principal) -> bool:
    """Say whether the caller acts for the coalition on its members."""
    return COORDINATE in by.scopes or DECIDE in by.scopes


async def remember(once: Once | None, session: Session, result: str) -> None:
    """Keep what a request brought about under its idempotency key, if it has one."""
    if once is not None:
        await once.remember(session, result)


def new_id() -> str:
    """Return a new identifier."""
    return str(uuid4())
