"""The root of every refusal this domain makes."""

from typing import ClassVar


class ReferralError(Exception):
    """A move the domain refuses; `code` is stable and carries no personal data."""

    code: ClassVar[str] = "referral.refused"

    def __init__(self) -> None:
        super().__init__(self.code)
