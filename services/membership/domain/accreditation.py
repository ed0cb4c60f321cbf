"""Accreditation: the right to handle referrals, shown by evidence and never without an end.

Admission says who belongs to the coalition; accreditation says who may be told about a person.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NewType

from services.membership.domain.refusal import MembershipRefusal

MAY_HANDLE_REFERRALS = "may-handle-referrals"
LONGEST = timedelta(days=2 * 366)
# Long enough to renew training and find two references.
CALLED_BEFORE = timedelta(days=60)
REFERENCES = 2

# A Quebec enterprise number: ten digits, of a business (11), a person (22), a partnership (33) or a public body (88).
BusinessNumber = NewType("BusinessNumber", str)
_BUSINESS_NUMBER = re.compile(r"(?:11|22|33|88)\d{8}")


class BusinessNumberMalformed(MembershipRefusal):
    """This is no Quebec enterprise number."""

    code = "membership.business-number-malformed"


class EvidenceInFuture(MembershipRefusal):
    """Something is said to have happened after today."""

    code = "membership.evidence-in-future"


class ReferencesMissing(MembershipRefusal):
    """Two different people of two different organisations must answer for the organisation."""

    code = "membership.references-missing"


class EndOutOfBounds(MembershipRefusal):
    """An accreditation ends after today and at most two years later."""

    code = "membership.accreditation-end-out-of-bounds"


class NotAccredited(MembershipRefusal):
    """The organisation holds no accreditation at this moment."""

    code = "membership.not-accredited"


@dataclass(frozen=True, slots=True)
class PrivacyOfficer:
    """The person in charge of the protection of personal information (P-39.1 s. 3.1; A-2.1 s. 8)."""

    name: str
    title: str
    address: str


@dataclass(frozen=True, slots=True)
class Reference:
    """Someone of another organisation who answers for this one."""

    name: str
    organization: str
    checked_on: date


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an organisation shows before it is told about anyone; the papers themselves stay with the coalition."""

    information_agreement_signed_on: date
    privacy_officer: PrivacyOfficer
    training_completed_on: date
    vetting_attested_on: date
    business_number: BusinessNumber
    references: tuple[Reference, ...]


@dataclass(frozen=True, slots=True)
class Accreditation:
    """One accreditation, from the day it was given until its end; the next one is a new record."""

    evidence: Evidence
    given_by: str
    given_at: datetime
    until: datetime
    ended_at: datetime | None = None
    called_at: datetime | None = None

    @property
    def call(self) -> datetime:
        """Return when its holder is told that it ends soon."""
        return self.until - CALLED_BEFORE

    def live(self, at: datetime) -> bool:
        """Say whether it holds at an instant; the clock decides, not the timer that records its end."""
        return self.ended_at is None and at < self.until


def business_number(text: str) -> BusinessNumber:
    """Return the enterprise number without its blanks; raises `BusinessNumberMalformed`."""
    digits = text.replace(" ", "")
    if _BUSINESS_NUMBER.fullmatch(digits) is None:
        raise BusinessNumberMalformed
    return BusinessNumber(digits)


def accreditation(evidence: Evidence, by: str, until: datetime, at: datetime) -> Accreditation:
    """Give an accreditation on evidence; raises the name of what is missing."""
    if any(day > at.date() for day in _days(evidence)):
        raise EvidenceInFuture
    people = {reference.name.casefold() for reference in evidence.references}
    organizations = {reference.organization.casefold() for reference in evidence.references}
    if min(len(people), len(organizations)) < REFERENCES:
        raise ReferencesMissing
    if not at < until <= at + LONGEST:
        raise EndOutOfBounds
    return Accreditation(evidence, by, at, until)


def _days(evidence: Evidence) -> tuple[date, ...]:
    checked = tuple(reference.checked_on for reference in evidence.references)
    said = (evidence.information_agreement_signed_on, evidence.training_completed_on, evidence.vetting_attested_on)
    return said + checked
