"""What is told of a service's places to whoever shows the directory: one of two words."""

from typing import ClassVar, Literal

from kit.messages import Message


class AvailabilityChanged(Message):
    """A service that counts its places has some left, or none; of a confidential one this is told hours later."""

    subject: ClassVar[str] = "referral.availability-changed.v1"
    service_id: str
    organization_id: str
    availability: Literal["none", "some"]
