"""How to reach a person without their trafficker knowing; the system itself never does."""
# ruff: noqa: N818 - a refusal's name says what stands in the way

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from services.referral.domain.errors import ReferralError


class Channel(StrEnum):
    """The ways to reach a person, or that the person alone makes contact."""

    PHONE = "phone"
    SMS = "sms"
    EMAIL = "email"
    MESSAGING = "messaging"
    IN_PERSON = "in-person"
    THROUGH_WORKER = "through-worker"
    PERSON_CALLS_US = "person-calls-us"


NEEDS_ADDRESS: frozenset[Channel] = frozenset(Channel) - {Channel.THROUGH_WORKER, Channel.PERSON_CALLS_US}


class SafeContactWithoutAddress(ReferralError):
    """This channel needs a number, an address or a place."""

    code = "person.safe-contact-without-address"


class SafeContactWithAddress(ReferralError):
    """Where the person calls, no address may be kept: someone would use it."""

    code = "person.safe-contact-with-address"


@dataclass(frozen=True, slots=True, kw_only=True)
class SafeContact:
    """What the person says is safe; None is unknown, which permits nothing."""

    channel: Channel
    address: str | None = None
    hours: str | None = None
    ask_for: str | None = None
    code_word: str | None = None
    voicemail: bool | None = None
    sms: bool | None = None
    email: bool | None = None
    device_seen_by: str | None = None
    verified_on: date | None = None

    def __post_init__(self) -> None:
        """Refuse a contact that could not be made, or that could be made when it must not."""
        if self.channel in NEEDS_ADDRESS and not self.address:
            raise SafeContactWithoutAddress
        if self.channel is Channel.PERSON_CALLS_US and self.address:
            raise SafeContactWithAddress

    def permits(self, channel: Channel) -> bool:
        """Say whether this channel is safe: its own, or one the person said yes to."""
        extra = {Channel.SMS: self.sms, Channel.EMAIL: self.email}
        return channel is self.channel or extra.get(channel) is True
