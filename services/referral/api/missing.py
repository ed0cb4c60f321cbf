"""The consent that a draft lacks, as its sender is told what to ask for."""

from services.referral.api.fields import View
from services.referral.commands.missing import MissingConsent
from services.referral.domain.taxonomy import DataClass, Purpose


class ConsentToAsk(View):
    """What no consent in force covers; it is asked anew for each recipient."""

    recipient_organization_id: str
    purpose: Purpose
    classes: tuple[DataClass, ...]
    code: str


def to_ask(missing: MissingConsent | None) -> ConsentToAsk | None:
    """Return what to ask for; None where nothing is missing."""
    if missing is None:
        return None
    return ConsentToAsk(
        recipient_organization_id=missing.recipient,
        purpose=missing.purpose,
        classes=tuple(name for name in DataClass if name in missing.classes),
        code=missing.code,
    )
