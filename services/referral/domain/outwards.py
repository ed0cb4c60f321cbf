"""The words each party reads: neutral towards a receiver, by consent towards a sender, FHIR's for both."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.referral.domain.consent import Feedback
from services.referral.domain.referral import TERSE_SENDERS
from services.referral.domain.taxonomy import Sector
from services.referral.domain.transitions import ENDED, State

RECEIVED = "received"
OVER = "ended"

# An end that was not the receiver's own reads the same whatever it was: it tells nothing about the person.
_NEUTRAL: Mapping[State, State] = {State.WITHDRAWN: State.CANCELLED, State.EXPIRED: State.CANCELLED}

_ENDS: frozenset[str] = frozenset(state.value for state in ENDED) | {OVER}

_TELLS_END = frozenset({Feedback.ENDED, Feedback.OUTCOME})


@dataclass(frozen=True, slots=True)
class FhirStatus:
    """Task.status and, where it says more, Task.businessStatus (FHIR R5)."""

    status: str
    business: str | None = None


_FHIR: Mapping[str, FhirStatus] = {
    State.UNDER_REVIEW: FhirStatus("received"),
    State.WAITLISTED: FhirStatus("received", "waitlisted"),
    State.DECLINED: FhirStatus("rejected"),
    State.WITHDRAWN: FhirStatus("cancelled"),
    State.EXPIRED: FhirStatus("cancelled"),
    OVER: FhirStatus("completed", "ended"),
}


def is_end(word: str) -> bool:
    """Say whether a word that a party reads is an end."""
    return word in _ENDS


def to_receiver(state: State) -> str:
    """Return the word a receiver reads; withdrawn, expired, cancelled and lost races are one word."""
    return _NEUTRAL.get(state, state).value


# A sender's word that is no state: what may follow is judged from the word, never from the state it hides.
_AS_STATE: Mapping[str, State] = {RECEIVED: State.REQUESTED, OVER: State.COMPLETED}


def as_state(word: str) -> State:
    """Return the state that a sender's word stands for, as far as that sender may know."""
    return _AS_STATE[word] if word in _AS_STATE else State(word)


def to_fhir(word: str) -> FhirStatus:
    """Return the FHIR Task codes of a word that a party reads."""
    return _FHIR.get(word) or FhirStatus(word)


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """What decides the word a sender reads: the true state, and what the person lets the sender know."""

    state: State
    sector: Sector
    feedback: Feedback
    was_accepted: bool
    sharing: bool
    own_act: bool


def to_sender(telling: Telling, before: str) -> str:
    """Return the word a sender reads now, given the one read `before`; what may not be told changes nothing."""
    if telling.state is State.ENTERED_IN_ERROR:
        return telling.state.value
    if telling.was_accepted and not telling.own_act and not _may_learn(telling):
        return before
    return _terse(telling.state) if telling.sector in TERSE_SENDERS else _full(telling)


def _may_learn(telling: Telling) -> bool:
    """Say whether the person lets the sender learn of this state, once accepted."""
    if not telling.sharing or telling.feedback is Feedback.NONE:
        return False
    return telling.state not in ENDED or telling.feedback in _TELLS_END


def _terse(state: State) -> str:
    if state is State.DRAFT:
        return state.value
    return OVER if state in ENDED else RECEIVED


def _full(telling: Telling) -> str:
    """Say it in full before acceptance, for the sender's own act, and where the outcome may be told."""
    if not telling.was_accepted or telling.own_act or telling.feedback is Feedback.OUTCOME:
        return telling.state.value
    return OVER if telling.state in ENDED else State.ACCEPTED.value
