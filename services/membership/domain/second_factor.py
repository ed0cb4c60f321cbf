"""A lost second factor: who manages the person asks for its reset, the coalition's coordination confirms it.

It takes two people, and neither is the one who lost it: whoever talks one of them round gets nowhere.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from services.membership.domain.refusal import MembershipRefusal
from services.membership.domain.representative import (
    Fact,
    Manager,
    Outcome,
    Representative,
    Reset,
    State,
    UnknownRepresentative,
    refuse_outsider,
)

RESET_LASTS = timedelta(hours=24)


class NotActive(MembershipRefusal):
    """The person has no account to sign in with at this moment."""

    code = "membership.not-active"


class OwnSecondFactor(MembershipRefusal):
    """Nobody asks for or confirms the reset of their own second factor."""

    code = "membership.own-second-factor"


class ResetPending(MembershipRefusal):
    """A reset was asked and waits for coordination."""

    code = "membership.reset-pending"


class NoResetPending(MembershipRefusal):
    """No reset was asked within the last 24 hours, or it has been confirmed."""

    code = "membership.no-reset-pending"


class SameAsker(MembershipRefusal):
    """Whoever asked for a reset does not confirm it."""

    code = "membership.same-asker"


def pending(person: Representative, at: datetime) -> Reset | None:
    """Return the reset that waits at an instant; the clock ends it, no timer."""
    return person.reset if person.reset is not None and at < person.reset.until else None


def ask_reset(person: Representative, by: Manager, at: datetime) -> Outcome:
    """Ask that a person's second factors be forgotten; it waits 24 hours for someone else."""
    refuse_outsider(person.organization_id, by)
    _refuse_own(person, by)
    if person.state is not State.ACTIVE:
        raise NotActive
    if pending(person, at) is not None:
        raise ResetPending
    return replace(person, reset=Reset(by.user, at, at + RESET_LASTS)), (Fact.RESET_ASKED,)


def confirm_reset(person: Representative, by: Manager, at: datetime) -> Outcome:
    """Confirm it for the coalition; only now will the second factors be forgotten."""
    if not by.coordinates:
        raise UnknownRepresentative
    _refuse_own(person, by)
    asked = pending(person, at)
    if asked is None:
        raise NoResetPending
    if asked.by == by.user:
        raise SameAsker
    return replace(person, reset=None), (Fact.RESET_CONFIRMED,)


def _refuse_own(person: Representative, by: Manager) -> None:
    if by.user == person.user:
        raise OwnSecondFactor
