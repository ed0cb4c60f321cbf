"""A person's consent: person x purpose x recipient x classes x until, asked for each purpose apart."""
# ruff: noqa: N818 - a refusal's name says what stands in the way

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from services.referral.domain.disclosure_tables import CELLS, Rule, suits
from services.referral.domain.errors import ReferralError
from services.referral.domain.identifiers import ConsentId, OrganizationId, PersonId, UserId
from services.referral.domain.taxonomy import PERSONAL, AgeBand, DataClass, Need, Purpose, Sector


class ConsentState(StrEnum):
    """Where a consent stands; only `granted` permits anything, and only until its end."""

    NOT_ASKED = "not-asked"
    DEFERRED = "deferred"
    REFUSED = "refused"
    GRANTED = "granted"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class ConsentCommand(StrEnum):
    """What may happen to a consent."""

    GRANT = "grant"
    REFUSE = "refuse"
    DEFER = "defer"
    WITHDRAW = "withdraw"
    LAPSE = "lapse"


class Feedback(StrEnum):
    """What the sender learns after acceptance; a consent of its own."""

    NONE = "none"
    RECEIVED = "received"
    ENDED = "ended"
    OUTCOME = "outcome"


class GivenBy(StrEnum):
    """Who decided."""

    PERSON = "person"
    PARENT = "parent"
    TUTOR = "tutor"


class Method(StrEnum):
    """How a consent was given; a signature is never required."""

    ORAL = "oral"
    WRITTEN = "written"


class Interpreter(StrEnum):
    """Who carried the words; a relative or an employer may be the trafficker."""

    NOT_NEEDED = "not-needed"
    INDEPENDENT = "independent"
    OTHER = "other"


class Company(StrEnum):
    """Who else was in the room."""

    ALONE = "alone"
    OWN_CHILDREN = "own-children"
    CHOSEN_SUPPORT = "chosen-support"
    PARENT_OR_TUTOR = "parent-or-tutor"
    OTHERS = "others"


LONGEST = timedelta(days=366)

_UNDECIDED = (ConsentState.NOT_ASKED, ConsentState.DEFERRED, ConsentState.REFUSED)
_OVER = (ConsentState.WITHDRAWN, ConsentState.EXPIRED)
_DECISIONS = {
    ConsentCommand.GRANT: ConsentState.GRANTED,
    ConsentCommand.REFUSE: ConsentState.REFUSED,
    ConsentCommand.DEFER: ConsentState.DEFERRED,
}

# Ending what has ended changes nothing: two workers may both record what the person said.
CONSENT_TRANSITIONS: Mapping[tuple[ConsentState, ConsentCommand], ConsentState] = (
    {(state, command): to for state in _UNDECIDED for command, to in _DECISIONS.items()}
    | {
        (ConsentState.GRANTED, ConsentCommand.WITHDRAW): ConsentState.WITHDRAWN,
        (ConsentState.GRANTED, ConsentCommand.LAPSE): ConsentState.EXPIRED,
    }
    | {(state, command): state for state in _OVER for command in (ConsentCommand.WITHDRAW, ConsentCommand.LAPSE)}
)


class ConsentNotGranted(ReferralError):
    """There is nothing to withdraw: the person has not consented."""

    code = "consent.not-granted"


class ConsentAlreadyGranted(ReferralError):
    """The person has consented already; withdraw first to record another answer."""

    code = "consent.already-granted"


class ConsentOver(ReferralError):
    """This consent has ended; asking again is a new record."""

    code = "consent.over"


class ConsentNotLive(ReferralError):
    """No consent in force covers this recipient and purpose."""

    code = "consent.not-live"


class ConsentTooNarrow(ReferralError):
    """The consent does not cover every class of data asked for."""

    code = "consent.too-narrow"


class ConsentUntilInvalid(ReferralError):
    """A consent ends at an instant between now and a year from now."""

    code = "consent.until-invalid"


class ConsentToNothing(ReferralError):
    """A consent names the classes of data it covers."""

    code = "consent.no-classes"


class ConsentOpensNever(ReferralError):
    """Nothing opens this class to that recipient: the person must not be asked for it."""

    code = "consent.never-opens"


class ConsentPurposeUnsuited(ReferralError):
    """That purpose is not for this recipient."""

    code = "consent.purpose-unsuited"


class ConsentWithoutEvidence(ReferralError):
    """A consent is recorded with how it was given."""

    code = "consent.without-evidence"


class ConsentNotFree(ReferralError):
    """It was not asked freely: others were there, or the interpreter was not independent, or nothing was read back."""

    code = "consent.not-free"


class ConsentNotTheirs(ReferralError):
    """Someone else decided than the one whom the law lets decide at that age."""

    code = "consent.not-theirs"


class ConsentPoliceUnexplained(ReferralError):
    """The person was not told that the accused may obtain what the police receive."""

    code = "consent.police-unexplained"


class ConsentAdultToYouthProtection(ReferralError):
    """Adults are never disclosed to youth protection."""

    code = "consent.adult-to-youth-protection"


_REFUSALS: Mapping[ConsentState, type[ReferralError]] = {
    **dict.fromkeys(_UNDECIDED, ConsentNotGranted),
    ConsentState.GRANTED: ConsentAlreadyGranted,
    **dict.fromkeys(_OVER, ConsentOver),
}

# Civil Code of Quebec, art. 14; a parent overrides nobody from 14 on. Unknown age is treated as 14 to 17.
_DECIDES: Mapping[AgeBand, frozenset[GivenBy]] = {
    AgeBand.UNDER_14: frozenset({GivenBy.PARENT, GivenBy.TUTOR}),
    AgeBand.FROM_14_TO_17: frozenset({GivenBy.PERSON}),
    AgeBand.UNKNOWN: frozenset({GivenBy.PERSON}),
    AgeBand.ADULT: frozenset({GivenBy.PERSON}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """How consent was given; names and papers are optional and sealed with it."""

    given_by: GivenBy
    method: Method
    company: Company
    language: str
    interpreter: Interpreter
    read_back: bool
    explained_by: UserId
    police_warning: bool = False
    note: str | None = None

    @property
    def is_free(self) -> bool:
        """Say whether nothing recorded casts doubt on the person's freedom."""
        # A guardian may be the trafficker: present, only where it is theirs to decide.
        guarded = self.company is Company.PARENT_OR_TUTOR and self.given_by is GivenBy.PERSON
        seen_apart = self.company is not Company.OTHERS and not guarded
        understood = self.method is Method.WRITTEN or self.read_back
        return seen_apart and understood and self.interpreter is not Interpreter.OTHER


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """The organisation that would receive, as far as consent depends on it."""

    organization: OrganizationId
    sector: Sector
    needs: frozenset[Need]


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """One record of what a person answered for one purpose and one recipient; granting again is a new record."""

    id: ConsentId
    person: PersonId
    owner: OrganizationId
    recipient: OrganizationId
    purpose: Purpose
    classes: frozenset[DataClass]
    until: datetime | None
    state: ConsentState
    feedback: Feedback
    decided_at: datetime
    decided_by: UserId
    ended_at: datetime | None = None
    reminded: int | None = None  # days before its end, at the last reminder

    def is_live(self, at: datetime) -> bool:
        """Say whether it permits anything at that instant; the clock decides, not the timer."""
        return self.state is ConsentState.GRANTED and self.until is not None and at < self.until

    def check_covers(
        self, recipient: OrganizationId, purpose: Purpose, classes: frozenset[DataClass], at: datetime
    ) -> None:
        """Raise the named refusal unless it is live and covers all of this."""
        if not self.is_live(at) or (self.recipient, self.purpose) != (recipient, purpose):
            raise ConsentNotLive
        if not classes <= self.classes:
            raise ConsentTooNarrow

    def end(self, command: ConsentCommand, at: datetime) -> "Consent":
        """Withdraw it or let it lapse; what has ended stays as it ended."""
        state = next_state(self.state, command)
        return self if state is self.state else replace(self, state=state, ended_at=at)


def next_state(state: ConsentState, command: ConsentCommand) -> ConsentState:
    """Find where a consent goes, or raise the refusal that says where it stands."""
    found = CONSENT_TRANSITIONS.get((state, command))
    if found is None:
        raise _REFUSALS[state]
    return found


def check_grant(
    recipient: Recipient, purpose: Purpose, classes: frozenset[DataClass], until: datetime | None, at: datetime
) -> None:
    """Raise the named refusal where such a consent could not be asked for."""
    if not classes or classes - PERSONAL:
        raise ConsentToNothing
    if until is None or not at < until <= at + LONGEST:
        raise ConsentUntilInvalid
    if not suits(purpose, recipient.sector, recipient.needs):
        raise ConsentPurposeUnsuited
    if any(CELLS[data_class][recipient.sector].rule is Rule.NEVER for data_class in classes):
        raise ConsentOpensNever


def check_evidence(evidence: Evidence | None, sector: Sector, age: AgeBand) -> None:
    """Raise the named refusal where the consent was not free, not explained, or not theirs to give."""
    if evidence is None:
        raise ConsentWithoutEvidence
    if evidence.given_by not in _DECIDES[age]:
        raise ConsentNotTheirs
    if not evidence.is_free:
        raise ConsentNotFree
    if sector is Sector.LAW_ENFORCEMENT and not evidence.police_warning:
        raise ConsentPoliceUnexplained
    if sector is Sector.YOUTH_PROTECTION and not age.may_be_minor:
        raise ConsentAdultToYouthProtection
