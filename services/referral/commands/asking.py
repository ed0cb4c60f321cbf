"""The questions to put to a person before a consent is recorded."""

from services.referral.commands.desk import Caller, Desk, attempting
from services.referral.domain.consent import Recipient
from services.referral.domain.identifiers import OrganizationId
from services.referral.domain.moves import RecipientUnavailable
from services.referral.domain.party import check_works
from services.referral.domain.questions import Sheet, sheet
from services.referral.domain.taxonomy import Purpose


async def read_questions(
    desk: Desk, caller: Caller, organization: OrganizationId, purpose: Purpose
) -> tuple[Recipient, Sheet]:
    """Return what to ask for one recipient and purpose; it is about nobody."""
    async with attempting(desk, caller, "consent.questions") as attempt:
        check_works(caller.reader)
        attempt.owner = caller.organization
        recipient = await desk.directory.recipient(organization)
        if recipient is None:
            raise RecipientUnavailable
        found = sheet(recipient, purpose)
        await attempt.done(desk, None, purpose=purpose.value)
        return recipient, found
