"""Which consent a draft still lacks, so that it is asked of the person, for that recipient, before anything is sent."""

from dataclasses import dataclass

from kit.mongo import Session
from services.referral.commands.desk import Desk
from services.referral.domain.consent import ConsentNotLive, ConsentTooNarrow
from services.referral.domain.identifiers import OrganizationId
from services.referral.domain.referral import Referral
from services.referral.domain.taxonomy import DataClass, Purpose
from services.referral.domain.transitions import State


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingConsent:
    """What to ask for: the recipient, the purpose and the classes that no consent in force covers."""

    recipient: OrganizationId
    purpose: Purpose
    classes: frozenset[DataClass]
    code: str


async def missing_consent(desk: Desk, referral: Referral, session: Session | None = None) -> MissingConsent | None:
    """Return the consent that a draft lacks at this instant; None once it is sent, or where nothing is missing."""
    if referral.state is not State.DRAFT:
        return None
    found = await desk.store.consents.open_one(session, referral.person, referral.receiver, referral.purpose)
    live = found is not None and found.state.is_live(desk.clock())
    covered = found.state.classes if found is not None and live else frozenset()
    left = referral.classes - covered
    if live and not left:
        return None
    code = ConsentTooNarrow.code if live else ConsentNotLive.code
    return MissingConsent(recipient=referral.receiver, purpose=referral.purpose, classes=left, code=code)
