"""The handover: arranged with the acceptance or after it, in codes that tell the receiver nothing it may not know."""

from services.referral.commands.carrying import Carrier, carrier_of
from services.referral.commands.desk import Caller, Desk
from services.referral.commands.moving import Change, Held, change
from services.referral.commands.reading import OWN_RECORD, reading_of
from services.referral.domain.arrival import arrange
from services.referral.domain.disclosure import Role, decide_all, opened
from services.referral.domain.handover import Handover, check_handover
from services.referral.domain.identifiers import ReferralId
from services.referral.domain.party import Standpoint
from services.referral.domain.referral import Referral
from services.referral.domain.transitions import Command, step
from services.referral.store import Kept


def check_for(desk: Desk, referral: Referral, role: Role, carrier: Carrier, handover: Handover) -> None:
    """Raise the named refusal where this receiver, at this instant, may not state this handover."""
    at = desk.clock()
    reading = reading_of(referral, role, carrier.consent, at, ground=carrier.ground)
    check_handover(handover, OWN_RECORD if referral.is_own else opened(decide_all(reading)), at)


async def arrange_handover(
    desk: Desk, caller: Caller, referral: ReferralId, handover: Handover, expected: int | None
) -> tuple[Kept[Referral], Standpoint]:
    """State or change when, how, with whom and where the person comes, until the service starts."""

    async def decide(held: Held) -> Change:
        asked = held.referral
        step(asked.state, Command.ARRANGE_HANDOVER, held.side.actor)
        check_for(desk, asked, held.side.role, await carrier_of(desk, held.session, asked), handover)
        return Change(arrange(asked, held.side.actor, handover, desk.clock()))

    return await change(desk, caller, "referral.arrange-handover", referral, expected, decide)
