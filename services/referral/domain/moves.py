"""The moves of a referral, each checked against the state table, with what it changes and what it tells."""
# ruff: noqa: N818 - a refusal's name says what stands in the way

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from services.referral.domain.consent import Consent
from services.referral.domain.deadlines import handover_by
from services.referral.domain.errors import ReferralError
from services.referral.domain.identifiers import ServiceId, UserId
from services.referral.domain.outwards import OVER, Telling, is_end, to_sender
from services.referral.domain.reasons import CancelReason, DeclineReason, FailReason, Outcome
from services.referral.domain.referral import TERSE_SENDERS, Referral, SenderView, Sharing
from services.referral.domain.taxonomy import Need
from services.referral.domain.transitions import SERVING, Actor, Command, Fact, ReferralClosed, State, step
from services.referral.domain.waits import entering, on_the_list

SAFE_ATTEMPTS = 3
MOST_ALTERNATIVES = 5


class ReferralToOwnOrganization(ReferralError):
    """A referral goes to another organisation."""

    code = "referral.to-own-organization"


class RecipientUnavailable(ReferralError):
    """The service or its organisation cannot receive referrals now; it never says why."""

    code = "referral.recipient-unavailable"


class SenderNotAccredited(ReferralError):
    """The sending organisation may not handle referrals now."""

    code = "referral.sender-not-accredited"


class NeedNotCovered(ReferralError):
    """Nothing of the need could be shown to this receiver under the consent."""

    code = "referral.need-not-covered"


class OutcomeIncomplete(ReferralError):
    """Each need that was asked for has an outcome, and no other."""

    code = "referral.outcome-incomplete"


class TooFewContactAttempts(ReferralError):
    """A person is unreachable only after three attempts inside the safe contact."""

    code = "referral.too-few-contact-attempts"


class TooManyAlternatives(ReferralError):
    """At most five other services are offered."""

    code = "referral.too-many-alternatives"


class WorkerUnknown(ReferralError):
    """Someone named to meet the person does not work in the receiving organisation."""

    code = "referral.worker-unknown"


class VoidNeedsTwo(ReferralError):
    """After acceptance one party proposes and the other confirms."""

    code = "referral.void-needs-two"


class ReadingNotOffered(ReferralError):
    """There is nothing to be read once here, or it was read."""

    code = "referral.reading-not-offered"


@dataclass(frozen=True, slots=True)
class Moved:
    """A referral after a legal move, what happened, and whether the sender reads anything new."""

    referral: Referral
    facts: tuple[Fact, ...]
    told_sender: bool


def draft(**facts: Any) -> Moved:
    """Begin a referral; raises `ReferralToOwnOrganization`."""
    if facts["receiver"] == facts["sender"]:
        raise ReferralToOwnOrganization
    made = step(None, Command.DRAFT, Actor.SENDER)
    view = SenderView(word=made.to.value, version=1, changed_at=facts["created_at"])
    return Moved(Referral(state=made.to, view=view, **facts), made.facts, told_sender=False)


def move(referral: Referral, command: Command, actor: Actor, at: datetime, **changes: Any) -> Moved:
    """Make one legal move with its changes, or raise the refusal that says where the referral stands."""
    made = step(referral.state, command, actor)
    dates = entering(referral.state, made.to, referral.urgency, at)
    moved = _end(replace(referral, state=made.to, **{**dates, **changes}), at)
    facts = _facts(referral, moved, made.facts)
    view = _view(referral, moved, actor, at)
    return Moved(replace(moved, view=view), facts, told_sender=view is not referral.view)


def _end(referral: Referral, at: datetime) -> Referral:
    """Close what has ended: its time, its places; the first end's time stays."""
    if referral.is_open:
        return referral
    return replace(referral, ended_at=referral.ended_at or at, places_held=0, remind_at=None, expires_at=None)


def _facts(before: Referral, after: Referral, facts: tuple[Fact, ...]) -> tuple[Fact, ...]:
    """Keep the facts that happened: places only where some were held, and sharing ends once."""
    if Fact.SHARING_ENDED in facts and before.sharing is Sharing.ENDED:
        return ()
    if not before.was_sent:
        facts = tuple(fact for fact in facts if fact is not Fact.CLOSED)
    if before.places_held > after.places_held:
        facts = (*facts, Fact.PLACES_RELEASED)
    return facts if after.places_held else tuple(fact for fact in facts if fact is not Fact.PLACES_TAKEN)


def _view(before: Referral, after: Referral, actor: Actor, at: datetime) -> SenderView:
    """Say what the sender reads after a move; unchanged where nothing may be told, or where there is no sender."""
    if after.is_own:
        return before.view
    telling = Telling(
        state=after.state,
        sector=after.sender_sector,
        feedback=after.feedback,
        was_accepted=after.accepted_at is not None,
        sharing=after.sharing is Sharing.LIVE,
        own_act=actor is Actor.SENDER,
    )
    word = to_sender(telling, before.view.word)
    if (word, after.sharing) == (before.view.word, before.sharing):
        return before.view
    return replace(before.view, word=word, version=before.view.version + 1, changed_at=at)


def request(referral: Referral, actor: Actor, consent: Consent, at: datetime) -> Moved:
    """Send the draft under a consent; the caller has checked what it covers."""
    return move(
        referral,
        Command.REQUEST,
        actor,
        at,
        consent=consent.id,
        consent_until=consent.until,
        feedback=consent.feedback,
        requested_at=at,
    )


def accept(referral: Referral, actor: Actor, workers: frozenset[UserId], places: int, at: datetime) -> Moved:
    """Accept for the whole party, with the workers who will meet the person and the places held."""
    return move(
        referral,
        Command.ACCEPT,
        actor,
        at,
        accepted_at=at,
        handover_by=handover_by(referral.urgency, at),
        assigned=workers,
        places_held=places,
    )


def decline(
    referral: Referral, actor: Actor, reason: DeclineReason, alternatives: tuple[ServiceId, ...], at: datetime
) -> Moved:
    """Decline with a coded reason and other services to try."""
    if len(alternatives) > MOST_ALTERNATIVES:
        raise TooManyAlternatives
    return move(referral, Command.DECLINE, actor, at, reason=reason.value, alternatives=alternatives)


def complete(
    referral: Referral, actor: Actor, outcomes: Mapping[Need, Outcome], asked: frozenset[Need], at: datetime
) -> Moved:
    """Complete with an outcome for each need asked for; once the data are dark, for any need."""
    incomplete = not outcomes if referral.sharing is Sharing.ENDED else frozenset(outcomes) != asked
    moved = move(referral, Command.COMPLETE, actor, at)
    if incomplete:
        raise OutcomeIncomplete
    return moved


def fail(referral: Referral, actor: Actor, reason: FailReason, safe_attempts: int, at: datetime) -> Moved:
    """End without success, with a coded reason."""
    moved = move(referral, Command.FAIL, actor, at, reason=reason.value)
    if reason is FailReason.UNREACHABLE and safe_attempts < SAFE_ATTEMPTS:
        raise TooFewContactAttempts
    return moved


def cancel(referral: Referral, actor: Actor, reason: CancelReason, at: datetime) -> Moved:
    """Cancel with a coded reason that the other party never reads."""
    if actor is Actor.SENDER and is_end(referral.view.word):
        raise ReferralClosed  # As it reads; what goes on behind that word is not for it to know.
    if actor is Actor.SENDER and not referral.is_open:
        return _cancel_unknowing(referral, at)
    return move(referral, Command.CANCEL, actor, at, reason=reason.value)


def _cancel_unknowing(referral: Referral, at: datetime) -> Moved:
    """Let a sender who may not know of the end cancel: refusing would tell it; nothing changes but what it reads."""
    word = OVER if referral.sender_sector in TERSE_SENDERS else State.CANCELLED.value
    view = SenderView(word=word, version=referral.view.version + 1, changed_at=at)
    return Moved(replace(referral, view=view), (Fact.CANCELLED,), told_sender=True)


def end_consent(referral: Referral, at: datetime) -> Moved:
    """Follow the end of a consent: before acceptance the referral ends, after it only the sharing, once."""
    if referral.ground is not None or referral.is_own:
        return Moved(referral, (), told_sender=False)
    if referral.accepted_at is None and (referral.is_open or referral.state is State.WITHDRAWN):
        return move(referral, Command.WITHDRAW, Actor.CONSENT, at)
    if referral.state in SERVING:
        ended = move(referral, Command.END_SHARING, Actor.CONSENT, at, sharing=Sharing.ENDED)
        return _withdrawn_to_the_untold(ended, referral.view, at)
    return _withdrawn_to_the_untold(Moved(referral, (), told_sender=False), referral.view, at)


def _withdrawn_to_the_untold(moved: Moved, before: SenderView, at: datetime) -> Moved:
    """Show a sender what it would read had nothing happened that it may not know of: no acceptance, or no end."""
    referral = moved.referral
    if not referral.was_sent or is_end(before.word):
        return moved
    if not referral.is_untold and (referral.is_open or referral.sharing is Sharing.ENDED):
        return moved
    word = _once_withdrawn(referral, before)
    view = SenderView(word=word, version=before.version + 1, changed_at=at)
    shown = replace(referral, view=view, sharing=Sharing.ENDED)
    return Moved(shown, moved.facts or (Fact.SHARING_ENDED,), told_sender=True)


def _once_withdrawn(referral: Referral, before: SenderView) -> str:
    """Return the word after a withdrawal: one that knows of an acceptance and of no end reads on as before."""
    if not referral.is_untold and referral.veil is None:
        return before.word
    return OVER if referral.sender_sector in TERSE_SENDERS else State.WITHDRAWN.value


def remind(referral: Referral, at: datetime) -> Moved:
    """Recall what waits, once."""
    return move(referral, Command.REMIND, Actor.TIMER, at, reminded=True, remind_at=None)


def keep_waiting(referral: Referral, actor: Actor, at: datetime) -> Moved:
    """Answer an ask: the person still waits, and the receiver is asked again later."""
    return move(referral, Command.KEEP_WAITING, actor, at, **on_the_list(referral.urgency, at))


def may_void(referral: Referral) -> bool:
    """Say whether the sender alone may void; once sent, never where the answer would tell it of an acceptance."""
    untold = referral.was_sent and referral.is_untold and not referral.is_own
    return referral.accepted_at is None and not untold


def void(referral: Referral, actor: Actor, at: datetime) -> Moved:
    """Take back what was entered in error, before anyone accepted it."""
    if not may_void(referral):
        raise VoidNeedsTwo
    # Who opened it for their own person is both sides of it.
    return move(referral, Command.VOID, Actor.SENDER if referral.is_own else actor, at)


def confirm_void(referral: Referral, actor: Actor, at: datetime) -> Moved:
    """Confirm what the other party proposed to void."""
    if referral.void_proposed_by in {None, actor}:
        raise VoidNeedsTwo
    return move(referral, Command.CONFIRM_VOID, actor, at)


def read_once(referral: Referral, at: datetime) -> Referral:
    """Mark the one reading as taken, or raise `ReadingNotOffered`."""
    if referral.read_once_at is not None:
        raise ReadingNotOffered
    return replace(referral, read_once_at=at)
