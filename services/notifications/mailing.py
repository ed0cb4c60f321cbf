"""The e-mail itself: one letter that something new waits, to whoever still may and wants to know."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiosmtplib import SMTPDataError, SMTPRecipientsRefused

from kit.clock import Clock
from kit.jobs import Job, Permanent
from kit.mail import HeaderInjection, Mail, Mailer
from services.notifications.addresses import Address, NoAddress
from services.notifications.commands import may_receive
from services.notifications.domain.delivery import State, Step
from services.notifications.domain.kinds import kind_of
from services.notifications.domain.letter import something_new
from services.notifications.domain.standing import DENIED, Standing
from services.notifications.store import Access, Deliveries, Delivery, Wishes

# Shorter than the job's own limit, so that a server that hangs is written down as a stumble.
SECONDS = 15
_OVER = frozenset({State.SENT, State.FAILED, State.DROPPED, State.EXPIRED})
_PERMANENT = 500


class NotYetKnown(Exception):  # noqa: N818 - it reads as what happened
    """The projection has not heard of the person yet: writing must wait until it says they may be written to."""


@dataclass(frozen=True, slots=True)
class Mailing:
    """Sends deliveries; `address_of` asks Keycloak, `public_url` is the only link, `domain` ends the Message-ID."""

    deliveries: Deliveries
    wishes: Wishes
    access: Access
    address_of: Callable[[str], Awaitable[Address]]
    mailer: Mailer
    public_url: str
    domain: str
    clock: Clock

    async def send(self, job: Job) -> None:
        """Send one job's deliveries as one letter; what became of it is logged before the job learns it."""
        ids = job.payload["deliveries"]
        pending = [found for found in await self.deliveries.load(ids) if found.state not in _OVER]
        try:
            async with asyncio.timeout(SECONDS):
                wanted = [found for found in pending if await self._still_wanted(found)]
                if wanted:
                    await self._write(job, wanted[0].user)
        except Permanent as error:
            await self.deliveries.move(ids, Step.REFUSE, self.clock(), error.reason)
            raise
        except Exception as error:
            await self.deliveries.move(ids, Step.STUMBLE, self.clock(), type(error).__name__)
            raise
        await self.deliveries.move(ids, Step.SEND, self.clock())

    async def _still_wanted(self, delivery: Delivery) -> bool:
        """Ask again at the last moment; what nobody may or wants to receive is dropped with its reason."""
        standing = await may_receive(self.access, delivery.user, delivery.organizations)
        if standing is Standing.UNKNOWN:
            raise NotYetKnown
        wishes = await self.wishes.of(delivery.user)
        if standing is Standing.ACTIVE and wishes.wants(kind_of(delivery.kind), delivery.channel):
            return True
        reason = "access-ended" if standing in DENIED else "switched-off"
        await self.deliveries.move([delivery.id], Step.DROP, self.clock(), reason)
        return False

    async def _write(self, job: Job, user: str) -> None:
        """Write to the person in their language; raises `Permanent` where no try can ever succeed."""
        address = await self._address(user)
        wishes = await self.wishes.of(user)
        language = wishes.language or address.language
        letter = something_new(language, self.public_url)
        name = job.key.removeprefix("mail:").replace(":", ".")
        mail = Mail(address.email, letter.subject, letter.text, f"{name}@{self.domain}", language)
        try:
            await self.mailer.send(mail)
        except HeaderInjection:
            raise Permanent("address-malformed") from None
        except (SMTPRecipientsRefused, SMTPDataError) as error:
            # Whatever else the server refuses (credentials, sender, encryption) is ours to repair: it is tried again.
            raise _final(error) or error from None

    async def _address(self, user: str) -> Address:
        try:
            return await self.address_of(user)
        except NoAddress as error:
            raise Permanent(error.reason) from None


def _final(error: SMTPRecipientsRefused | SMTPDataError) -> Permanent | None:
    """Return the refusal when the server said that it is for good (RFC 5321, 4.2.1: a code of 500 and above)."""
    codes = [error.code] if isinstance(error, SMTPDataError) else [refused.code for refused in error.recipients]
    return Permanent("refused-by-server") if min(codes) >= _PERMANENT else None
