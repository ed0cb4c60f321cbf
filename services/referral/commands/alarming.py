"""Whom an emergency is told to, by organisation: ids of users alone, never what was told or of whom."""

from collections.abc import Iterable

from kit.messages import Message
from kit.mongo import Session
from services.referral.commands.desk import Desk
from services.referral.domain.emergency import COORDINATION, Emergency, Kind
from services.referral.domain.identifiers import OrganizationId, UserId
from services.referral.domain.party import COORDINATOR, INTAKE, PRIVACY_OFFICER
from services.referral.published import (
    EmergencyDisclosed,
    EmergencyEnded,
    EmergencyEscalated,
    EmergencyRecorded,
    EmergencyReviewed,
)

About = type[EmergencyRecorded | EmergencyDisclosed | EmergencyEscalated | EmergencyReviewed | EmergencyEnded]


def _message(
    about: About, emergency: Emergency, organization: OrganizationId | None, users: Iterable[UserId]
) -> list[Message]:
    told = tuple(dict.fromkeys(users))
    if organization is None or not told:
        return []
    return [
        about(
            emergency_id=emergency.id,
            organization_id=emergency.owner,
            told_organization_id=organization,
            notify=told,
        )
    ]


async def officers_of(desk: Desk, session: Session, organization: OrganizationId) -> frozenset[UserId]:
    """Return an organisation's privacy officers."""
    return frozenset(await desk.directory.users(organization, PRIVACY_OFFICER, session))


async def reviewers_of(desk: Desk, session: Session, organization: OrganizationId) -> frozenset[UserId]:
    """Return those who may review inside an organisation: its coordinators and privacy officers."""
    coordinators = await desk.directory.users(organization, COORDINATOR, session)
    return frozenset(coordinators) | await officers_of(desk, session, organization)


async def intake_of(desk: Desk, session: Session, organization: OrganizationId) -> tuple[UserId, ...]:
    """Return who receives for an organisation: its intake, else its coordinators."""
    found = await desk.directory.users(organization, INTAKE, session)
    return found or await desk.directory.users(organization, COORDINATOR, session)


async def _coordination(desk: Desk, session: Session, about: About, emergency: Emergency) -> list[Message]:
    if not emergency.with_coordination:
        return []
    coalition = await desk.directory.coalition(session)
    users = await desk.directory.users(coalition, COORDINATION, session) if coalition else ()
    return _message(about, emergency, coalition, users)


async def alarm(desk: Desk, session: Session, emergency: Emergency) -> list[Message]:
    """Return what is told at once: to those who review it, and to the intake of the member it was told to."""
    reviewers = await reviewers_of(desk, session, emergency.owner) - {emergency.acted_by}
    messages = _message(EmergencyRecorded, emergency, emergency.owner, sorted(reviewers))
    messages += await _coordination(desk, session, EmergencyRecorded, emergency)
    if emergency.recipient:
        intake = await intake_of(desk, session, emergency.recipient)
        messages += _message(EmergencyDisclosed, emergency, emergency.recipient, intake)
    return messages


async def escalate(desk: Desk, session: Session, emergency: Emergency) -> list[Message]:
    """Return what is told when nobody reviewed in time: to the privacy officers, then to the coordination as well."""
    officers = await officers_of(desk, session, emergency.owner) - {emergency.acted_by}
    inside = _message(EmergencyEscalated, emergency, emergency.owner, sorted(officers))
    return inside + await _coordination(desk, session, EmergencyEscalated, emergency)


async def conclude(desk: Desk, session: Session, emergency: Emergency, by: UserId) -> list[Message]:
    """Return what is told of an end or a finished review: to whoever acted, and an end to whoever was reading."""
    about: About = EmergencyEnded if emergency.ended_at else EmergencyReviewed
    actor = await desk.directory.works_in(emergency.owner, frozenset({emergency.acted_by}), session)
    messages = _message(about, emergency, emergency.owner, sorted(actor - {by}))
    if emergency.ended_at and emergency.kind is Kind.DISCLOSURE and emergency.recipient:
        intake = await intake_of(desk, session, emergency.recipient)
        messages += _message(about, emergency, emergency.recipient, intake)
    return messages
