"""A consent made narrower: what is left keeps its record, so that whoever withdraws it by that record ends all of it.

The wider answer is kept beside it as a record of its own, withdrawn at the same instant: between the two there is no
instant at which more or less is shown than either.
"""
# ruff: noqa: N818 - a refusal's name says what stands in the way

from dataclasses import dataclass, replace
from datetime import datetime

from services.referral.domain.consent import (
    Consent,
    ConsentCommand,
    ConsentOver,
    ConsentState,
    ConsentToNothing,
    ConsentUntilInvalid,
    Feedback,
    next_state,
)
from services.referral.domain.errors import ReferralError
from services.referral.domain.identifiers import ConsentId, UserId
from services.referral.domain.outwards import is_end
from services.referral.domain.referral import Referral
from services.referral.domain.taxonomy import DataClass

# From what tells a sender least to what tells it most.
_TELLING = (Feedback.NONE, Feedback.RECEIVED, Feedback.ENDED, Feedback.OUTCOME)


class ConsentNotNarrower(ReferralError):
    """Nothing is taken out, or something is put in: that is asked anew, never added to an answer."""

    code = "consent.not-narrower"


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrower:
    """What is left of a consent; None leaves that part as it is."""

    classes: frozenset[DataClass] | None = None
    until: datetime | None = None
    feedback: Feedback | None = None


@dataclass(frozen=True, slots=True)
class Narrowed:
    """The consent as it stands now, and the wider one it was, withdrawn."""

    left: Consent
    wider: Consent


def check_in_force(consent: Consent, at: datetime) -> None:
    """Raise the named refusal unless there is something to withdraw or to narrow at this instant."""
    next_state(consent.state, ConsentCommand.WITHDRAW)
    if not consent.is_live(at):
        raise ConsentOver


def narrow(consent: Consent, to: Narrower, wider: ConsentId, at: datetime, by: UserId) -> Narrowed:
    """Take out what the person takes out; `wider` is the record the earlier answer is kept under."""
    check_in_force(consent, at)
    left = replace(
        consent,
        classes=consent.classes if to.classes is None else to.classes,
        until=to.until or consent.until,
        feedback=to.feedback or consent.feedback,
        decided_at=at,
        decided_by=by,
        reminded=None,
    )
    _check_narrower(consent, left, at)
    return Narrowed(left, replace(consent, id=wider, state=ConsentState.WITHDRAWN, ended_at=at))


def _check_narrower(before: Consent, after: Consent, at: datetime) -> None:
    if not after.classes:
        raise ConsentToNothing
    if after.until is None or after.until <= at:
        raise ConsentUntilInvalid
    wider = bool(after.classes - before.classes) or before.until is None or after.until > before.until
    if wider or _TELLING.index(after.feedback) > _TELLING.index(before.feedback):
        raise ConsentNotNarrower
    if (after.classes, after.until, after.feedback) == (before.classes, before.until, before.feedback):
        raise ConsentNotNarrower


def follow(referral: Referral, consent: Consent) -> Referral:
    """Carry a narrower consent into a referral under it: its end, and what its sender may learn from now on.

    Every referral that its sender reads as going on is treated alike, whatever it has become since.
    """
    if referral.consent != consent.id or is_end(referral.view.word):
        return referral
    least = min(referral.feedback, consent.feedback, key=_TELLING.index)
    return replace(referral, consent_until=consent.until, feedback=least)
