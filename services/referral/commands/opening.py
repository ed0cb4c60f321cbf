"""Someone walks in, calls or comes of their own accord: the receiver opens the referral itself."""

from dataclasses import asdict, dataclass
from uuid import uuid4

from kit.http import Once
from kit.mongo import Session
from services.referral.commands.answering import Answered
from services.referral.commands.desk import Caller, Desk, attempting
from services.referral.commands.drafting import request_place, under_exclusions
from services.referral.commands.moving import Change, save
from services.referral.domain.capacity import Query
from services.referral.domain.identifiers import PersonId, ReferralId, ServiceId
from services.referral.domain.moves import Moved, RecipientUnavailable
from services.referral.domain.opening import open_own
from services.referral.domain.party import check_works, standpoint
from services.referral.domain.person import Person
from services.referral.domain.reasons import Source
from services.referral.domain.taxonomy import Purpose
from services.referral.store.directory import Destination


@dataclass(frozen=True, slots=True, kw_only=True)
class NewArrival:
    """Someone of one's own record who asks for one of one's own services."""

    person: PersonId
    service: ServiceId
    source: Source
    query: Query


async def open_referral(desk: Desk, caller: Caller, new: NewArrival, once: Once) -> Answered:
    """Open a referral under review for a person of one's own organisation; whoever opens it sees it."""
    identity = ReferralId(once.result or str(uuid4()))
    async with attempting(desk, caller, "referral.open", identity, new.person) as attempt:
        check_works(caller.reader)
        attempt.owner = caller.organization
        if once.result:
            earlier = await desk.store.referrals.by_id(None, identity)
            await attempt.done(desk, None)
            return earlier, standpoint(earlier.state, caller.reader)
        person = (await desk.store.people.of(caller.reader, new.person)).state
        moved = _opened(desk, caller, new, identity, person, await _own_service(desk, caller, new.service))
        key = await desk.keys.of(new.person)
        need = {name: value for name, value in asdict(new.query).items() if value not in (None, ())}
        sealed = {"request": key.seal(request_place(identity), need)}

        async def work(session: Session) -> Answered:
            await once.remember(session, identity)
            current = await under_exclusions(desk, session, caller, moved)
            kept = await save(desk, session, attempt, None, Change(current, sealed))
            return kept, standpoint(kept.state, caller.reader)

        return await desk.mongo.transaction(work)


async def _own_service(desk: Desk, caller: Caller, service: ServiceId) -> Destination:
    """Return an active service of one's own organisation; raises `RecipientUnavailable`."""
    found = await desk.directory.destination(service)
    if found is None or found.organization != caller.organization:
        raise RecipientUnavailable
    if not (await desk.standings.of(caller.organization, desk.clock())).may_continue:
        raise RecipientUnavailable
    return found


def _opened(
    desk: Desk, caller: Caller, new: NewArrival, identity: ReferralId, person: Person, destination: Destination
) -> Moved:
    return open_own(
        id=identity,
        person=person.id,
        mnemonic=person.mnemonic,
        sender=caller.organization,
        sender_sector=destination.sector,
        receiver=caller.organization,
        receiver_sector=destination.sector,
        service=destination.service,
        service_needs=destination.needs,
        created_by=caller.user,
        created_at=desk.clock(),
        urgency=new.query.urgency,
        purpose=Purpose.SUPPORT,
        classes=frozenset(),
        party_size=new.query.party_size,
        source=new.source,
        assigned=frozenset({caller.user}),
    )
