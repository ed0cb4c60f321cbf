"""A worker with no part in a received referral reads it in serious danger: alarmed at once, reviewed, for hours."""

from uuid import uuid4

from kit.http import Once
from kit.mongo import Session
from services.referral.commands.desk import Attempt, Caller, Desk, attempting
from services.referral.commands.emergencies import open_emergency
from services.referral.commands.reading import Seen, read_from
from services.referral.domain.disclosure import Role
from services.referral.domain.emergency import Emergency, EmergencyOver, Kind, ReadingReason, check_unassigned
from services.referral.domain.identifiers import EmergencyId, ReferralId
from services.referral.domain.party import NotFound, Standpoint, check_works
from services.referral.domain.transitions import Actor
from services.referral.store import Kept

_BREAKING_IN = Standpoint(Actor.RECEIVER, Role.EMERGENCY)


async def read_in_emergency(
    desk: Desk, caller: Caller, referral: ReferralId, reason: ReadingReason, once: Once
) -> tuple[Kept[Emergency], Seen]:
    """Show a referral received by one's organisation to a worker with no part in it, no wider than to its own."""
    identity = EmergencyId(once.result or str(uuid4()))
    async with attempting(desk, caller, "emergency.read", referral) as attempt:
        check_works(caller.reader)
        case = await desk.store.referrals.case(referral)
        attempt.owner = case.kept.state.sender
        if once.result:
            return await _again(desk, attempt, identity)
        check_unassigned(case.kept.state, caller.reader)
        attempt.records = (referral, case.kept.state.person)
        emergency = Emergency(
            id=identity,
            kind=Kind.READING,
            owner=caller.organization,
            person=case.kept.state.person,
            acted_by=caller.user,
            at=desk.clock(),
            recorded_at=desk.clock(),
            referral=referral,
            reason=reason,
        )
        # The alarm first: nothing is shown before it is written that it was.
        kept = await _begin(desk, attempt, emergency, once)
        return kept, await read_from(desk, attempt, case, _BREAKING_IN)


async def _begin(desk: Desk, attempt: Attempt, emergency: Emergency, once: Once) -> Kept[Emergency]:
    async def work(session: Session) -> Kept[Emergency]:
        excluded = (await desk.store.people.hold_for(session, attempt.caller.reader, emergency.person)).state.excluded
        await once.remember(session, emergency.id)
        begun = Attempt(attempt.caller, "emergency.begin-reading", attempt.records, attempt.owner)
        await begun.done(desk, session, role=Role.EMERGENCY.value, detail=emergency.reason)
        return await open_emergency(desk, session, emergency, {}, excluded)

    return await desk.mongo.transaction(work)


async def read_again(desk: Desk, caller: Caller, emergency: EmergencyId) -> tuple[Kept[Emergency], Seen]:
    """Show it once more to the same worker within its hours; then the ordinary rule: raises `EmergencyOver`."""
    async with attempting(desk, caller, "emergency.read", emergency) as attempt:
        check_works(caller.reader)
        return await _again(desk, attempt, emergency)


async def _again(desk: Desk, attempt: Attempt, emergency: EmergencyId) -> tuple[Kept[Emergency], Seen]:
    kept = await desk.store.emergencies.by_id(None, emergency)
    found, caller = kept.state, attempt.caller
    own = (found.owner, found.acted_by) == (caller.organization, caller.user)
    if found.referral is None or not own:
        raise NotFound
    case = await desk.store.referrals.case(found.referral)
    if case.kept.state.excluded.shuts_out(caller.organization, caller.user):
        raise NotFound
    attempt.owner, attempt.records = case.kept.state.sender, (found.referral, found.person)
    if not found.opens(desk.clock()):
        raise EmergencyOver
    return kept, await read_from(desk, attempt, case, _BREAKING_IN)
