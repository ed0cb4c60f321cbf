"""What is told of capacity queries; about whom, nobody can tell."""

from typing import ClassVar

from kit.messages import Message


class CapacityAsked(Message):
    """A service of the receiver is asked whether it could help someone; about whom, nobody can tell."""

    subject: ClassVar[str] = "referral.capacity-asked.v1"
    query_id: str
    sender_organization_id: str
    receiver_organization_id: str
    notify: tuple[str, ...]
    urgent: bool = False


class CapacityAnswered(Message):
    """A service answered."""

    subject: ClassVar[str] = "referral.capacity-answered.v1"
    query_id: str
    sender_organization_id: str
    receiver_organization_id: str
    notify: tuple[str, ...]
