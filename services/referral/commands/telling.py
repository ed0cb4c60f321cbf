"""Whom a move is told to: ids of users alone, never those who must not learn of it."""

from collections.abc import Iterable

from kit.messages import Message
from kit.mongo import Session
from services.referral.commands.desk import Caller, Desk
from services.referral.domain.identifiers import OrganizationId, UserId
from services.referral.domain.moves import Moved
from services.referral.domain.outwards import TERSE_SENDERS
from services.referral.domain.party import COORDINATOR, INTAKE
from services.referral.domain.referral import Referral
from services.referral.domain.transitions import Fact
from services.referral.published import PLACES, PREPARING, TELLING

# What concerns the receiver's people; everything else concerns the sender's.
_TO_RECEIVER = frozenset({Fact.REQUESTED, Fact.CLOSED})
_TO_BOTH = frozenset({Fact.REMINDED, Fact.SHARING_ENDED, Fact.VOIDED, Fact.VOID_PROPOSED})


async def tell(desk: Desk, session: Session, before: Referral | None, moved: Moved, by: Caller) -> list[Message]:
    """Return the messages of a move, each with the users to be told."""
    return [await _message(desk, session, before, moved, fact, by) for fact in moved.facts]


async def _message(
    desk: Desk, session: Session, before: Referral | None, moved: Moved, fact: Fact, by: Caller
) -> Message:
    referral = moved.referral
    if fact in PREPARING:
        return PREPARING[fact](referral_id=referral.id, sender_organization_id=referral.sender)
    if fact in PLACES:
        places = max(referral.places_held, before.places_held if before else 0)
        return PLACES[fact](
            referral_id=referral.id,
            sender_organization_id=referral.sender,
            receiver_organization_id=referral.receiver,
            notify=(),
            service_id=referral.service,
            places=places,
        )
    told = [] if fact in _TO_RECEIVER else await _senders_people(desk, session, moved, fact)
    if (fact in _TO_RECEIVER | _TO_BOTH) and referral.was_sent and by.organization != referral.receiver:
        told += await _receivers_people(desk, session, referral)
    return TELLING[fact](
        referral_id=referral.id,
        sender_organization_id=referral.sender,
        receiver_organization_id=referral.receiver,
        notify=_but(told, by.user),
    )


def _but(users: Iterable[UserId], actor: UserId) -> tuple[UserId, ...]:
    """Return each user once, without the one who acted."""
    return tuple(dict.fromkeys(user for user in users if user != actor))


async def _senders_people(desk: Desk, session: Session, moved: Moved, fact: Fact) -> list[UserId]:
    """Return the sender's worker, where the move changes what they read; police and government get no alarm."""
    referral = moved.referral
    if referral.sender_sector in TERSE_SENDERS or not (moved.told_sender or fact is Fact.REMINDED):
        return []
    return await _those_or(desk, session, referral.sender, frozenset({referral.created_by}), COORDINATOR)


async def _receivers_people(desk: Desk, session: Session, referral: Referral) -> list[UserId]:
    """Return the workers who meet the person; intake until there are some."""
    return await _those_or(desk, session, referral.receiver, referral.assigned, INTAKE)


async def _those_or(
    desk: Desk, session: Session, organization: OrganizationId, users: frozenset[UserId], role: str
) -> list[UserId]:
    """Return those users who still work there; else whoever holds the role, else the coordinators."""
    present = await desk.directory.works_in(organization, users, session) if users else frozenset()
    if present:
        return sorted(present)
    found = await desk.directory.users(organization, role, session)
    return list(found or await desk.directory.users(organization, COORDINATOR, session))
