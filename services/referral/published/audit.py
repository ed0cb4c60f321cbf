"""What is told of the audit: the end of an organisation's chain, for others to witness."""

from typing import ClassVar

from kit.messages import Message


class AuditSealed(Message):
    """An organisation's audit chain had this end: who keeps it can tell later whether it was cut or rewritten."""

    subject: ClassVar[str] = "referral.audit-sealed.v1"
    organization_id: str
    number: int
    hash: str
