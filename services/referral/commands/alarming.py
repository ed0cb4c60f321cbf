"""Whom an emergency is told to, by organisation: ids of users alone, never what was told or of whom.

Whoever the person excludes is told of nothing, and counts for nothing where somebody's word is awaited.
"""

from collections.abc import Iterable

from kit.messages import Message
from kit.mongo import Session
from services.referral.commands.desk import Desk
from services.referral.commands.telling import spared
from services.referral.domain.emergency import COORDINATION, Emergency, Kind
from services.referral.domain.exclusions import Exclusions
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
    about: About, emergency: Emergency, organization: OrganizationId, users: Iterable[UserId]
) -> list[Message]:
    told = tuple(dict.fromkeys(users))
    if not told:
        return []
    return [
        about(
            emergency_id=emergency.id,
            organization_id=emergency.owner,
            told_organization_id=organization,
            notify=told,
        )
    ]


def _shown(organization: OrganizationId, users: Iterable[UserId], excluded: Exclusions) -> frozenset[UserId]:
    return frozenset(user for user in users if not excluded.shuts_out(organization, user))


async def officers_of(
    desk: Desk, session: Session, organization: OrganizationId, excluded: Exclusions
) -> frozenset[UserId]:
    """Return an organisation's privacy officers, but for those whom the person excludes."""
    return _shown(organization, await desk.directory.users(organization, PRIVACY_OFFICER, session), excluded)


async def reviewers_of(
    desk: Desk, session: Session, organization: OrganizationId, excluded: Exclusions
) -> frozenset[UserId]:
    """Return those who may review inside an organisation: its coordinators and privacy officers."""
    coordinators = await desk.directory.users(organization, COORDINATOR, session)
    return _shown(organization, coordinators, excluded) | await officers_of(desk, session, organization, excluded)


async def receives(desk: Desk, session: Session, organization: OrganizationId, excluded: Exclusions) -> bool:
    """Say whether anybody there could read what it is told: someone of intake, or a coordinator, not excluded."""
    intake = await desk.directory.users(organization, INTAKE, session)
    coordinators = await desk.directory.users(organization, COORDINATOR, session)
    return bool(_shown(organization, (*intake, *coordinators), excluded))


async def _intake_of(desk: Desk, session: Session, organization: OrganizationId, excluded: Exclusions) -> list[UserId]:
    """Return who receives for an organisation: its intake, else its coordinators."""
    found = await desk.directory.users(organization, INTAKE, session)
    found = found or await desk.directory.users(organization, COORDINATOR, session)
    return await spared(desk, session, organization, found, excluded)


async def _coordination(
    desk: Desk, session: Session, about: About, emergency: Emergency, excluded: Exclusions
) -> list[Message]:
    if not emergency.with_coordination:
        return []
    coalition = await desk.directory.coalition(session)
    if coalition is None:
        return []
    users = await desk.directory.users(coalition, COORDINATION, session)
    return _message(about, emergency, coalition, sorted(_shown(coalition, users, excluded)))


async def alarm(desk: Desk, session: Session, emergency: Emergency, excluded: Exclusions) -> list[Message]:
    """Return what is told at once: to those who review it, and to the intake of the member it was told to."""
    reviewers = await reviewers_of(desk, session, emergency.owner, excluded) - {emergency.acted_by}
    messages = _message(EmergencyRecorded, emergency, emergency.owner, sorted(reviewers))
    messages += await _coordination(desk, session, EmergencyRecorded, emergency, excluded)
    if emergency.recipient:
        intake = await _intake_of(desk, session, emergency.recipient, excluded)
        messages += _message(EmergencyDisclosed, emergency, emergency.recipient, intake)
    return messages


async def escalate(desk: Desk, session: Session, emergency: Emergency, excluded: Exclusions) -> list[Message]:
    """Return what is told when nobody reviewed in time: to the privacy officers, then to the coordination as well."""
    officers = await desk.directory.users(emergency.owner, PRIVACY_OFFICER, session)
    awaited = [user for user in sorted(officers) if user != emergency.acted_by]
    left = await spared(desk, session, emergency.owner, awaited, excluded)
    told = [user for user in left if user != emergency.acted_by]
    inside = _message(EmergencyEscalated, emergency, emergency.owner, told)
    return inside + await _coordination(desk, session, EmergencyEscalated, emergency, excluded)


async def conclude(
    desk: Desk, session: Session, emergency: Emergency, by: UserId, excluded: Exclusions
) -> list[Message]:
    """Return what is told of an end or a finished review: to whoever acted, and an end to whoever was reading."""
    about: About = EmergencyEnded if emergency.ended_at else EmergencyReviewed
    acted = await desk.directory.works_in(emergency.owner, frozenset({emergency.acted_by}) - {by}, session)
    told = await spared(desk, session, emergency.owner, acted, excluded)
    messages = _message(about, emergency, emergency.owner, (user for user in told if user != by))
    if emergency.ended_at and emergency.kind is Kind.DISCLOSURE and emergency.recipient:
        intake = await _intake_of(desk, session, emergency.recipient, excluded)
        messages += _message(about, emergency, emergency.recipient, intake)
    return messages
