"""What is told of consents: that one ends soon."""

from typing import ClassVar

from kit.messages import Message


class ConsentLapsing(Message):
    """A consent ends soon: whoever follows the person may ask again; about whom and what, this does not say."""

    subject: ClassVar[str] = "referral.consent-lapsing.v1"
    consent_id: str
    owner_organization_id: str
    notify: tuple[str, ...]
