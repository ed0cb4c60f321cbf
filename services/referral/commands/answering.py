"""The receiver's side of a referral: review, accept, decline, serve, end; and cancelling, which both sides may."""

from collections.abc import Callable, Mapping

from services.referral.commands.carrying import carrier_of, touch_carrier
from services.referral.commands.desk import Caller, Desk
from services.referral.commands.drafting import unsealed_request
from services.referral.commands.handing import check_for
from services.referral.commands.moving import Change, Held, change, check_workers
from services.referral.commands.people import age_of
from services.referral.commands.racing import close_others
from services.referral.commands.reading import needs_shown, reading_of
from services.referral.domain import moves
from services.referral.domain.arrival import arranged_at_once
from services.referral.domain.handover import Handover
from services.referral.domain.identifiers import ReferralId, ServiceId, UserId
from services.referral.domain.moves import RecipientUnavailable
from services.referral.domain.party import Standpoint
from services.referral.domain.reasons import CancelReason, DeclineReason, FailReason, Outcome
from services.referral.domain.referral import Referral, Sharing
from services.referral.domain.taxonomy import Need
from services.referral.domain.transitions import Command, ReferralClosed, step
from services.referral.keys import PersonKey
from services.referral.store import Kept

Answered = tuple[Kept[Referral], Standpoint]
May = Callable[[Standpoint], None]


async def review_referral(desk: Desk, caller: Caller, referral: ReferralId, expected: int | None) -> Answered:
    """Say that the receiver looks at it."""
    return await simply(desk, caller, referral, expected, Command.REVIEW)


async def accept_referral(
    desk: Desk,
    caller: Caller,
    referral: ReferralId,
    workers: frozenset[UserId],
    expected: int | None,
    handover: Handover | None = None,
) -> Answered:
    """Accept for the whole party: consent or ground live then, places taken, the workers named; all or nothing."""

    async def decide(held: Held) -> Change:
        at, asked = desk.clock(), held.referral
        step(asked.state, Command.ACCEPT, held.side.actor)
        carrier = await touch_carrier(desk, held.session, asked)
        if carrier is None or not (await desk.standings.of(asked.receiver, at, held.session)).may_continue:
            # The one word for every end that was not the receiver's: it must not learn which.
            raise ReferralClosed
        named = await _workers(desk, held, caller, workers)
        total = await desk.directory.places(asked.service, held.session)
        places = await desk.store.places.take(held.session, asked.service, total, asked.id, asked.party_size)
        moved = moves.accept(asked, held.side.actor, named, places, at)
        await close_others(desk, held.session, moved.referral)
        if handover is not None:
            check_for(desk, moved.referral, held.side.role, carrier, handover)
            moved = arranged_at_once(moved, handover, at)
        return Change(moved)

    return await change(desk, caller, "referral.accept", referral, expected, decide)


async def _workers(desk: Desk, held: Held, caller: Caller, workers: frozenset[UserId]) -> frozenset[UserId]:
    """Return who will meet the person: those named, if they work there, else whoever accepts."""
    if not workers:
        return frozenset({caller.user})
    await check_workers(desk, held, workers)
    return workers


async def decline_referral(
    desk: Desk,
    caller: Caller,
    referral: ReferralId,
    reason: DeclineReason,
    alternatives: tuple[ServiceId, ...],
    expected: int | None,
) -> Answered:
    """Decline with a coded reason and other services to try."""

    async def decide(held: Held) -> Change:
        for service in alternatives:
            if await desk.directory.destination(service, held.session) is None:
                raise RecipientUnavailable
        return Change(moves.decline(held.referral, held.side.actor, reason, alternatives, desk.clock()))

    return await change(desk, caller, "referral.decline", referral, expected, decide)


async def start_service(desk: Desk, caller: Caller, referral: ReferralId, expected: int | None) -> Answered:
    """Say that the person arrived, or that first contact was made."""
    return await simply(desk, caller, referral, expected, Command.START)


async def hold_service(desk: Desk, caller: Caller, referral: ReferralId, expected: int | None) -> Answered:
    """Put the service on hold; places stay held."""
    return await simply(desk, caller, referral, expected, Command.HOLD)


async def resume_service(desk: Desk, caller: Caller, referral: ReferralId, expected: int | None) -> Answered:
    """Go on with a service on hold."""
    return await simply(desk, caller, referral, expected, Command.RESUME)


async def complete_service(
    desk: Desk, caller: Caller, referral: ReferralId, outcomes: Mapping[Need, Outcome], expected: int | None
) -> Answered:
    """Complete with an outcome for each need the receiver was shown; the outcomes are sealed with the need."""

    async def decide(held: Held) -> Change:
        step(held.referral.state, Command.COMPLETE, held.side.actor)
        key = await desk.keys.of(held.referral.person)
        shown = await _needs_shown(desk, held, key)
        moved = moves.complete(held.referral, held.side.actor, outcomes, shown, desk.clock())
        sealed = key.seal(f"outcome:{referral}", {need.value: outcome.value for need, outcome in outcomes.items()})
        return Change(moved, {"outcome": sealed})

    return await change(desk, caller, "referral.complete", referral, expected, decide)


async def _needs_shown(desk: Desk, held: Held, key: PersonKey) -> frozenset[Need]:
    """Return the needs that the receiver reads at this instant; none once the data are dark."""
    asked, at = held.referral, desk.clock()
    if asked.is_own:
        return frozenset(unsealed_request(key, held.kept).needs)
    if asked.sharing is Sharing.ENDED:
        return frozenset()
    carrier = await carrier_of(desk, held.session, asked)
    person = await desk.store.people.behind(asked.person, held.session)
    age = age_of(key, person.sealed, at)
    reading = reading_of(asked, held.side.role, carrier.consent, at, age, carrier.ground)
    return frozenset(needs_shown(reading, unsealed_request(key, held.kept)))


async def fail_service(
    desk: Desk, caller: Caller, referral: ReferralId, reason: FailReason, expected: int | None
) -> Answered:
    """End without success; `unreachable` wants three attempts inside the safe contact."""

    async def decide(held: Held) -> Change:
        asked = held.referral
        return Change(moves.fail(asked, held.side.actor, reason, asked.safe_attempts, desk.clock()))

    return await change(desk, caller, "referral.fail", referral, expected, decide)


async def cancel_referral(
    desk: Desk, caller: Caller, referral: ReferralId, reason: CancelReason, expected: int | None, may: May
) -> Answered:
    """Cancel, as either party; the other never reads the reason. `may` raises where the side's scope is missing."""

    async def decide(held: Held) -> Change:
        may(held.side)
        return Change(moves.cancel(held.referral, held.side.actor, reason, desk.clock()))

    return await change(desk, caller, "referral.cancel", referral, expected, decide)


async def simply(desk: Desk, caller: Caller, referral: ReferralId, expected: int | None, command: Command) -> Answered:
    """Make a move that changes nothing but the state."""

    async def decide(held: Held) -> Change:
        return Change(moves.move(held.referral, command, held.side.actor, desk.clock()))

    return await change(desk, caller, f"referral.{command}", referral, expected, decide)
