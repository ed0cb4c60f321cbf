"""What carries a referral at an instant: the consent it was sent under, or the ground recorded in its place."""

from dataclasses import dataclass

from kit.mongo import Session
from services.referral.commands.desk import Desk
from services.referral.domain.consent import Consent
from services.referral.domain.grounds import Ground
from services.referral.domain.referral import Referral


@dataclass(frozen=True, slots=True)
class Carrier:
    """The consent or the ground behind a referral; neither behind what one opened for one's own person."""

    consent: Consent | None = None
    ground: Ground | None = None


async def touch_carrier(desk: Desk, session: Session, referral: Referral) -> Carrier | None:
    """Return what carries a referral, written so that whoever ends it meanwhile collides; None where it is not live."""
    if referral.is_own:
        return Carrier()
    if referral.ground is not None:
        ground = await desk.store.grounds.touch_open(session, referral.ground)
        return Carrier(ground=ground) if ground else None
    if referral.consent is None:
        return None
    consent = await desk.store.consents.touch_live(session, referral.consent, desk.clock())
    return Carrier(consent=consent) if consent else None


async def carrier_of(desk: Desk, session: Session, referral: Referral) -> Carrier:
    """Return the consent or the ground behind a referral, live or not."""
    consent = (await desk.store.consents.by_id(session, referral.consent)).state if referral.consent else None
    ground = (await desk.store.grounds.by_id(session, referral.ground)).state if referral.ground else None
    return Carrier(consent, ground)
