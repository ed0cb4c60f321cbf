"""Whom a move is told to: ids of users alone, never those who must not learn of it."""

from collections.abc import Iterable

from kit.messages import Message
from kit.mongo import Session
from services.referral.commands.desk import Caller, Desk
from services.referral.domain.consent import Consent
from services.referral.domain.deadlines import URGENT
from services.referral.domain.exclusions import Exclusions
from services.referral.domain.identifiers import OrganizationId, UserId
from services.referral.domain.moves import Moved
from services.referral.domain.party import COORDINATOR, INTAKE, PRIVACY_OFFICER
from services.referral.domain.referral import TERSE_SENDERS, Referral
from services.referral.domain.transitions import SENDERS_WAIT, Fact
from services.referral.published import PLACES, PREPARING, TELLING

# What concerns the receiver's people; everything else concerns the sender's.
_TO_RECEIVER = frozenset({Fact.REQUESTED, Fact.CLOSED})
_TO_BOTH = frozenset(
    {
        Fact.REMINDED,
        Fact.SHARING_ENDED,
        Fact.VOIDED,
        Fact.VOID_PROPOSED,
        Fact.HANDOVER_ARRANGED,
        Fact.NOT_ARRIVED,
    }
)


async def tell(desk: Desk, session: Session, before: Referral | None, moved: Moved, by: Caller) -> list[Message]:
    """Return the messages of a move, each with the users to be told."""
    messages: list[Message] = []
    for fact in moved.facts:
        if fact in PLACES and await _is_confidential(desk, session, moved.referral):
            continue
        if fact in PREPARING or fact in PLACES:
            messages.append(_untold(fact, before, moved.referral))
            continue
        if fact is Fact.ASSIGNED:
            told = _but(await _newly_named(desk, session, before, moved.referral, by.user), by.user)
        else:
            told = _but(await _whom(desk, session, moved, fact), by.user)
        if told or fact is not Fact.ASSIGNED:
            messages.append(_telling(fact, moved.referral, told))
    return messages


async def _is_confidential(desk: Desk, session: Session, referral: Referral) -> bool:
    """Say whether how many places a service gave, and when, is told nobody."""
    counted = await desk.directory.counted(referral.service, session)
    return counted is None or counted.confidential


def _untold(fact: Fact, before: Referral | None, referral: Referral) -> Message:
    """Return the message of a fact that nobody is told of."""
    if fact in PREPARING:
        return PREPARING[fact](referral_id=referral.id, sender_organization_id=referral.sender)
    return PLACES[fact](
        referral_id=referral.id,
        sender_organization_id=referral.sender,
        receiver_organization_id=referral.receiver,
        notify=(),
        service_id=referral.service,
        places=max(referral.places_held, before.places_held if before else 0),
    )


def _telling(fact: Fact, referral: Referral, told: tuple[UserId, ...]) -> Message:
    urgent = {"urgent": referral.urgency in URGENT} if fact is Fact.REQUESTED else {}
    return TELLING[fact](
        referral_id=referral.id,
        sender_organization_id=referral.sender,
        receiver_organization_id=referral.receiver,
        notify=told,
        **urgent,
    )


async def _whom(desk: Desk, session: Session, moved: Moved, fact: Fact) -> list[UserId]:
    """Return the users a fact is told to, the one who acted among them."""
    referral = moved.referral
    if fact is Fact.ESCALATED:
        nobody: frozenset[UserId] = frozenset()
        return await _those_or(desk, session, referral.receiver, nobody, COORDINATOR, referral.excluded, INTAKE)
    told = [] if fact in _TO_RECEIVER else await _senders_people(desk, session, moved, fact)
    # After its end a receiver has no sharing to lose and nothing to answer: those are told to the sender alone.
    concerns = referral.is_open or fact not in {Fact.SHARING_ENDED, Fact.REMINDED}
    if fact in _TO_RECEIVER | _TO_BOTH and referral.was_sent and concerns:
        told += await _receivers_people(desk, session, referral)
    return told


async def _newly_named(
    desk: Desk, session: Session, before: Referral | None, after: Referral, by: UserId
) -> list[UserId]:
    """Return those who meet the person from now on; who did before knows it, and so does who named themselves."""
    named = after.assigned - (before.assigned if before else frozenset()) - {by}
    return await _those_or(desk, session, after.receiver, named, INTAKE, after.excluded) if named else []


def _but(users: Iterable[UserId], actor: UserId) -> tuple[UserId, ...]:
    """Return each user once, without the one who acted."""
    return tuple(dict.fromkeys(user for user in users if user != actor))


async def _senders_people(desk: Desk, session: Session, moved: Moved, fact: Fact) -> list[UserId]:
    """Return the sender's worker, where the move changes what they read; police and government get no alarm."""
    referral = moved.referral
    waits = fact is Fact.REMINDED and referral.state in SENDERS_WAIT
    if referral.is_own or referral.sender_sector in TERSE_SENDERS or not (moved.told_sender or waits):
        return []
    return await _those_or(
        desk, session, referral.sender, frozenset({referral.created_by}), COORDINATOR, referral.excluded
    )


async def followers(desk: Desk, session: Session, consent: Consent) -> tuple[UserId, ...]:
    """Return who follows the person whose consent it is: whoever recorded it, else the owner's coordinators."""
    excluded = (await desk.store.people.behind(consent.person, session)).state.excluded
    found = await _those_or(desk, session, consent.owner, frozenset({consent.decided_by}), COORDINATOR, excluded)
    return tuple(dict.fromkeys(found))


async def _receivers_people(desk: Desk, session: Session, referral: Referral) -> list[UserId]:
    """Return the workers who meet the person; intake until there are some."""
    return await _those_or(desk, session, referral.receiver, referral.assigned, INTAKE, referral.excluded)


async def _those_or(
    desk: Desk,
    session: Session,
    organization: OrganizationId,
    users: frozenset[UserId],
    role: str,
    excluded: Exclusions,
    other: str = COORDINATOR,
) -> list[UserId]:
    """Return those users who still work there, else whoever holds the role, else the other role; none excluded."""
    present = await desk.directory.works_in(organization, users, session) if users else frozenset()
    found = sorted(present) or await desk.directory.users(organization, role, session)
    found = found or await desk.directory.users(organization, other, session)
    return await spared(desk, session, organization, found, excluded)


async def spared(
    desk: Desk, session: Session, organization: OrganizationId, found: Iterable[UserId], excluded: Exclusions
) -> list[UserId]:
    """Return those found whom the person does not exclude.

    Where that leaves nobody, it goes to the privacy officers, and to the coordinators, who can act.
    """
    found = list(found)
    left = [user for user in found if not excluded.shuts_out(organization, user)]
    if left or not found:
        return left
    others = [
        *await desk.directory.users(organization, PRIVACY_OFFICER, session),
        *await desk.directory.users(organization, COORDINATOR, session),
    ]
    return [user for user in others if not excluded.shuts_out(organization, user)]
