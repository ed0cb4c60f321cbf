"""What carries a referral at an instant: the consent it was sent under, or the ground recorded in its place."""

from kit.mongo import Session
from services.referral.commands.desk import Desk
from services.referral.domain.consent import Consent
from services.referral.domain.grounds import Ground
from services.referral.domain.referral import Referral


async def touch_carrier(desk: Desk, session: Session, referral: Referral) -> bool:
    """Say whether what carries a referral is live, and write it so that whoever ends it meanwhile collides with us."""
    if referral.ground is not None:
        return await desk.store.grounds.touch_open(session, referral.ground) is not None
    if referral.consent is None:
        return False
    return await desk.store.consents.touch_live(session, referral.consent, desk.clock()) is not None


async def carrier_of(desk: Desk, session: Session, referral: Referral) -> tuple[Consent | None, Ground | None]:
    """Return the consent or the ground behind a referral, live or not."""
    consent = (await desk.store.consents.by_id(session, referral.consent)).state if referral.consent else None
    ground = (await desk.store.grounds.by_id(session, referral.ground)).state if referral.ground else None
    return consent, ground
