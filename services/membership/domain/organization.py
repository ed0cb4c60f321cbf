"""An organisation's way into the coalition, through it and out of it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType

from services.membership.domain.accreditation import (
    Accreditation,
    BusinessNumber,
    Evidence,
    NotAccredited,
    accreditation,
)
from services.membership.domain.refusal import MembershipRefusal
from services.membership.domain.sector import Family, Regime, Sector, hold_together
from services.membership.domain.standing import IN_GOOD_STANDING, MEMBERS, Command, Fact, State, move
from services.membership.domain.text import Text

OrganizationId = NewType("OrganizationId", str)
UserId = NewType("UserId", str)

COALITION_ALIAS = "coalition"
BOARD_MEMBERS_TO_DECIDE = 2
TERM = timedelta(days=365)
RENEWAL_CALLED_BEFORE = timedelta(days=30)
GRACE = timedelta(days=60)


class SuspensionReason(StrEnum):
    """Why an organisation is suspended: a code, never a story."""

    SAFETY_CONCERN = "safety-concern"
    FALSE_STATEMENT = "false-statement"
    INFORMATION_INCIDENT = "information-incident"
    CONDUCT = "conduct"
    OWN_REQUEST = "own-request"


class UnknownOrganization(MembershipRefusal):
    """No such organisation, or none the caller may know of."""

    code = "membership.unknown-organization"


class OwnOrganization(MembershipRefusal):
    """Nobody decides on an organisation of their own."""

    code = "membership.own-organization"


class AlreadyVoted(MembershipRefusal):
    """A board member votes once on an application."""

    code = "membership.already-voted"


@dataclass(frozen=True, slots=True)
class Decider:
    """Who acts for the coalition: the person, their address, and every organisation they belong to."""

    user: UserId
    address: str | None
    organizations: frozenset[OrganizationId]


@dataclass(frozen=True, slots=True)
class Applicant:
    """Who applied for the organisation and becomes its first coordinator."""

    given_name: str
    family_name: str
    address: str
    language: str


@dataclass(frozen=True, slots=True)
class Profile:
    """What an organisation says of itself when it applies."""

    name: Text
    sector: Sector
    family: Family
    regime: Regime
    mission: Text
    regions: tuple[str, ...]
    website: str | None
    business_number: BusinessNumber
    # A shelter may have reasons not to be named to the public; members always see each other.
    listed: bool
    # How the organisation would like to be called where it signs in.
    short_name: str | None = None


@dataclass(frozen=True, slots=True)
class Vote:
    """One board member's decision on an application."""

    by: UserId
    choice: Command
    at: datetime


@dataclass(frozen=True, slots=True)
class Term:
    """One period of membership; a renewal is a new one, the old one stays."""

    starts: datetime
    ends: datetime
    recorded_by: UserId


@dataclass(frozen=True, slots=True)
class Suspension:
    """Why, by whom and since when an organisation is shut out."""

    reason: SuspensionReason
    by: UserId
    at: datetime


@dataclass(frozen=True, slots=True)
class Organization:
    """An organisation as the coalition knows it."""

    id: OrganizationId
    profile: Profile
    applicant: Applicant | None
    state: State
    applied_at: datetime
    alias: str | None = None
    reviewed_by: UserId | None = None
    votes: tuple[Vote, ...] = ()
    terms: tuple[Term, ...] = ()
    accreditations: tuple[Accreditation, ...] = ()
    suspension: Suspension | None = None

    @property
    def member(self) -> bool:
        """Say whether its people may act."""
        return self.state in MEMBERS

    def accreditation(self, at: datetime) -> Accreditation | None:
        """Return the accreditation that holds at an instant."""
        return next((given for given in reversed(self.accreditations) if given.live(at)), None)

    def accepts_referrals(self, at: datetime) -> bool:
        """Say whether a new referral may be addressed to it at an instant: a member in good standing, accredited."""
        return self.state in IN_GOOD_STANDING and self.accreditation(at) is not None


Outcome = tuple[Organization, tuple[Fact, ...]]


def apply(identity: OrganizationId, profile: Profile, applicant: Applicant, at: datetime) -> Outcome:
    """Record an application; raises `FamilyNotOfSector` for a combination the law does not know."""
    hold_together(profile.sector, profile.family, profile.regime)
    return Organization(identity, profile, applicant, State.APPLIED, at), (Fact.APPLIED,)


def found(identity: OrganizationId, name: Text, mission: Text, number: BusinessNumber, at: datetime) -> Outcome:
    """Record the coalition itself, once, when the system first starts: nobody could admit it."""
    everywhere = tuple(f"{code:02}" for code in range(1, 18))
    profile = Profile(
        name, Sector.COALITION, Family.COALITION, Regime.PRIVATE, mission, everywhere, None, number, listed=True
    )
    return Organization(identity, profile, None, State.ADMITTED, at, alias=COALITION_ALIAS), (Fact.ADMITTED,)


def start_review(organization: Organization, by: Decider) -> Outcome:
    """Take an application up."""
    _refuse_own(organization, by)
    moved, facts = _move(organization, Command.START_REVIEW)
    return replace(moved, reviewed_by=by.user), facts


def vote(organization: Organization, by: Decider, choice: Command, alias: str, at: datetime) -> Outcome:
    """Record a board member's vote; two that agree decide, and an admission begins a term under `alias`."""
    _refuse_own(organization, by)
    moved, facts = _move(organization, choice)
    if any(cast.by == by.user for cast in organization.votes):
        raise AlreadyVoted
    votes = (*organization.votes, Vote(by.user, choice, at))
    if sum(cast.choice == choice for cast in votes) < BOARD_MEMBERS_TO_DECIDE:
        return replace(organization, votes=votes), ()
    decided = replace(moved, votes=votes)
    if choice is Command.DECLINE:
        return decided, facts
    return replace(decided, alias=alias, terms=(Term(at, at + TERM, by.user),)), facts


def suspend(organization: Organization, by: Decider, reason: SuspensionReason, at: datetime) -> Outcome:
    """Shut an organisation out at once; its referrals under way are handed over."""
    _refuse_own(organization, by)
    moved, facts = _move(organization, Command.SUSPEND)
    return replace(moved, suspension=Suspension(reason, by.user, at)), facts


def reinstate(organization: Organization, by: Decider) -> Outcome:
    """Let a suspended organisation back in."""
    _refuse_own(organization, by)
    moved, facts = _move(organization, Command.REINSTATE)
    return replace(moved, suspension=None), facts


def call_renewal(organization: Organization, at: datetime) -> Outcome:
    """Ask for the renewal when the term is about to end; before that nothing happens."""
    if organization.state is not State.ADMITTED or at < renewal_call(organization):
        return organization, ()
    return _move(organization, Command.CALL_RENEWAL)


def renew(organization: Organization, by: Decider, at: datetime) -> Outcome:
    """Begin a new term where the last one ends, or now when it has ended."""
    _refuse_own(organization, by)
    moved, facts = _move(organization, Command.RENEW)
    starts = max(at, organization.terms[-1].ends)
    return replace(moved, terms=(*organization.terms, Term(starts, starts + TERM, by.user))), facts


def lapse(organization: Organization, at: datetime) -> Outcome:
    """Let a membership lapse when the grace is over; before that nothing happens."""
    if organization.state is not State.RENEWAL_DUE or at < lapse_due(organization):
        return organization, ()
    return _move(organization, Command.LAPSE)


def withdraw(organization: Organization) -> Outcome:
    """Let an organisation leave; whatever accreditation it holds stays as a record and opens nothing."""
    return _move(organization, Command.WITHDRAW)


def accredit(organization: Organization, by: Decider, evidence: Evidence, until: datetime, at: datetime) -> Outcome:
    """Give the right to handle referrals; it replaces the one that holds, if any."""
    _refuse_own(organization, by)
    moved, facts = _move(organization, Command.ACCREDIT)
    given = accreditation(evidence, by.user, until, at)
    earlier = tuple(_ended(record, at) for record in organization.accreditations)
    return replace(moved, accreditations=(*earlier, given)), facts


def end_accreditation(organization: Organization, at: datetime) -> Outcome:
    """End the accreditation that holds before its date; raises `NotAccredited`."""
    if organization.accreditation(at) is None:
        raise NotAccredited
    return _without_accreditation(organization, at)


def call_accreditation(organization: Organization, at: datetime) -> Outcome:
    """Tell once that the accreditation that holds ends soon; before its time, nothing happens."""
    held = organization.accreditation(at)
    if held is None or held.called_at is not None or at < held.call:
        return organization, ()
    called = replace(held, called_at=at)
    records = tuple(called if record is held else record for record in organization.accreditations)
    return replace(organization, accreditations=records), (Fact.ACCREDITATION_ENDING,)


def record_accreditation_end(organization: Organization, at: datetime) -> Outcome:
    """Record that the accreditation has run out; when none has, nothing happens."""
    last = organization.accreditations[-1] if organization.accreditations else None
    if last is None or last.ended_at is not None or at < last.until:
        return organization, ()
    return _without_accreditation(organization, last.until)


def renewal_call(organization: Organization) -> datetime:
    """Return when the renewal is called."""
    return organization.terms[-1].ends - RENEWAL_CALLED_BEFORE


def lapse_due(organization: Organization) -> datetime:
    """Return when the grace is over."""
    return organization.terms[-1].ends + GRACE


def _without_accreditation(organization: Organization, at: datetime) -> Outcome:
    ended = tuple(_ended(record, at) for record in organization.accreditations)
    return replace(organization, accreditations=ended), (Fact.ACCREDITATION_ENDED,)


def _ended(record: Accreditation, at: datetime) -> Accreditation:
    return record if record.ended_at else replace(record, ended_at=at)


def _move(organization: Organization, command: Command) -> Outcome:
    """Make a move of the table."""
    state, fact = move(organization.state, command)
    return replace(organization, state=state), (fact,)


def _refuse_own(organization: Organization, by: Decider) -> None:
    """Hold that nobody decides on an organisation of their own, nor on an application they made."""
    applied = organization.applicant is not None and organization.applicant.address == by.address
    if organization.id in by.organizations or applied:
        raise OwnOrganization
