"""Where an organisation stands with the coalition, as a table: every legal move is a row, every other has a name."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from services.membership.domain.refusal import MembershipRefusal


class State(StrEnum):
    """Where an organisation stands with the coalition."""

    APPLIED = "applied"
    UNDER_REVIEW = "under-review"
    ADMITTED = "admitted"
    DECLINED = "declined"
    SUSPENDED = "suspended"
    RENEWAL_DUE = "renewal-due"
    LAPSED = "lapsed"
    WITHDRAWN = "withdrawn"


class Command(StrEnum):
    """What can be asked about an organisation."""

    START_REVIEW = "start-review"
    ADMIT = "admit"
    DECLINE = "decline"
    SUSPEND = "suspend"
    REINSTATE = "reinstate"
    CALL_RENEWAL = "call-renewal"
    RENEW = "renew"
    LAPSE = "lapse"
    WITHDRAW = "withdraw"
    ACCREDIT = "accredit"


class Fact(StrEnum):
    """What happened, as the message that tells it is named."""

    APPLIED = "organization-applied"
    REVIEW_STARTED = "organization-review-started"
    ADMITTED = "organization-admitted"
    DECLINED = "organization-declined"
    SUSPENDED = "organization-suspended"
    REINSTATED = "organization-reinstated"
    RENEWAL_CALLED = "organization-renewal-called"
    RENEWED = "organization-renewed"
    LAPSED = "organization-lapsed"
    WITHDRAWN = "organization-withdrawn"
    ACCREDITED = "organization-accredited"
    ACCREDITATION_ENDING = "organization-accreditation-ending"
    ACCREDITATION_ENDED = "organization-accreditation-ended"


Moves = Mapping[tuple[State, Command], tuple[State, Fact]]

TRANSITIONS: Moves = MappingProxyType(
    {
        (State.APPLIED, Command.START_REVIEW): (State.UNDER_REVIEW, Fact.REVIEW_STARTED),
        (State.UNDER_REVIEW, Command.ADMIT): (State.ADMITTED, Fact.ADMITTED),
        (State.UNDER_REVIEW, Command.DECLINE): (State.DECLINED, Fact.DECLINED),
        (State.ADMITTED, Command.SUSPEND): (State.SUSPENDED, Fact.SUSPENDED),
        (State.RENEWAL_DUE, Command.SUSPEND): (State.SUSPENDED, Fact.SUSPENDED),
        (State.LAPSED, Command.SUSPEND): (State.SUSPENDED, Fact.SUSPENDED),
        (State.SUSPENDED, Command.REINSTATE): (State.ADMITTED, Fact.REINSTATED),
        (State.ADMITTED, Command.CALL_RENEWAL): (State.RENEWAL_DUE, Fact.RENEWAL_CALLED),
        (State.RENEWAL_DUE, Command.RENEW): (State.ADMITTED, Fact.RENEWED),
        (State.LAPSED, Command.RENEW): (State.ADMITTED, Fact.RENEWED),
        (State.RENEWAL_DUE, Command.LAPSE): (State.LAPSED, Fact.LAPSED),
        (State.ADMITTED, Command.WITHDRAW): (State.WITHDRAWN, Fact.WITHDRAWN),
        (State.RENEWAL_DUE, Command.WITHDRAW): (State.WITHDRAWN, Fact.WITHDRAWN),
        (State.LAPSED, Command.WITHDRAW): (State.WITHDRAWN, Fact.WITHDRAWN),
        (State.SUSPENDED, Command.WITHDRAW): (State.WITHDRAWN, Fact.WITHDRAWN),
        (State.ADMITTED, Command.ACCREDIT): (State.ADMITTED, Fact.ACCREDITED),
        (State.RENEWAL_DUE, Command.ACCREDIT): (State.RENEWAL_DUE, Fact.ACCREDITED),
    }
)

# A lapse is administrative: it stops new referrals and never cuts the help under way.
MEMBERS = frozenset({State.ADMITTED, State.RENEWAL_DUE, State.LAPSED})
IN_GOOD_STANDING = MEMBERS - {State.LAPSED}


class NotApplied(MembershipRefusal):
    """The application does not wait for a review."""

    code = "membership.not-applied"


class NotUnderReview(MembershipRefusal):
    """The application is not under review: it is decided, or not yet reviewed."""

    code = "membership.not-under-review"


class NotMember(MembershipRefusal):
    """The organisation is not a member at this moment."""

    code = "membership.not-a-member"


class NotSuspended(MembershipRefusal):
    """The organisation is not suspended."""

    code = "membership.not-suspended"


class RenewalNotDue(MembershipRefusal):
    """The membership is not up for renewal."""

    code = "membership.renewal-not-due"


REFUSALS: Mapping[Command, type[MembershipRefusal]] = MappingProxyType(
    {
        Command.START_REVIEW: NotApplied,
        Command.ADMIT: NotUnderReview,
        Command.DECLINE: NotUnderReview,
        Command.SUSPEND: NotMember,
        Command.REINSTATE: NotSuspended,
        Command.CALL_RENEWAL: NotMember,
        Command.RENEW: RenewalNotDue,
        Command.LAPSE: RenewalNotDue,
        Command.WITHDRAW: NotMember,
        Command.ACCREDIT: NotMember,
    }
)


def move(state: State, command: Command) -> tuple[State, Fact]:
    """Look the move up; an illegal one raises its name."""
    row = TRANSITIONS.get((state, command))
    if row is None:
        raise REFUSALS[command]
    return row
