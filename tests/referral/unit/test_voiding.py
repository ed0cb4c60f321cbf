"""Who may propose a void, and that proposing tells nobody how far it came."""

import pytest

from services.referral.domain import voiding
from services.referral.domain.consent import Feedback
from services.referral.domain.party import Standpoint
from services.referral.domain.referral import SenderView
from services.referral.domain.transitions import Actor, Fact, NotYourMove, ReferralClosed, State
from services.referral.domain.voiding import may_confirm, may_propose, propose_void
from tests.referral.builders import AT, LATER, a_referral

SENDER, RECEIVER = Standpoint(Actor.SENDER, user="worker"), Standpoint(Actor.RECEIVER, user="nadia")
HIDDEN = SenderView(word="requested", version=2, changed_at=AT)


def test_a_proposal_is_read_by_both_and_keeps_state_and_word():
    accepted = a_referral(State.ACCEPTED)
    assert may_propose(accepted, Actor.RECEIVER)
    moved = propose_void(accepted, RECEIVER, LATER)
    assert (moved.facts, moved.told_sender) == ((Fact.VOID_PROPOSED,), True)
    assert (moved.referral.state, moved.referral.view.word) == (State.ACCEPTED, "accepted")
    assert may_confirm(moved.referral, SENDER)
    assert not may_confirm(moved.referral, RECEIVER)
    assert not may_propose(moved.referral, Actor.SENDER)
    with pytest.raises(voiding.VoidAlreadyProposed):
        propose_void(moved.referral, SENDER, LATER)


@pytest.mark.parametrize("state", [State.REQUESTED, State.WAITLISTED, State.ACCEPTED, State.ON_HOLD, State.COMPLETED])
def test_an_untold_sender_reads_the_same_after_proposing_whatever_the_state(state):
    moved = propose_void(a_referral(state, feedback=Feedback.NONE, view=HIDDEN), SENDER, LATER)
    assert moved.referral.view == SenderView(
        word="requested", version=3, changed_at=LATER, void_proposed_by=Actor.SENDER
    )


@pytest.mark.parametrize(
    ("referral", "actor", "refusal"),
    [
        (a_referral(), Actor.SENDER, voiding.VoidAlone),
        (a_referral(State.CANCELLED, accepted_at=None), Actor.RECEIVER, NotYourMove),
        (a_referral(State.ACCEPTED, feedback=Feedback.NONE, view=HIDDEN), Actor.RECEIVER, voiding.VoidUnseen),
        (a_referral(State.CANCELLED, feedback=Feedback.NONE), Actor.SENDER, ReferralClosed),
    ],
)
def test_a_proposal_that_is_not_needed_or_would_tell_is_refused(referral, actor, refusal):
    assert not may_propose(referral, actor)
    with pytest.raises(refusal):
        propose_void(referral, Standpoint(actor), LATER)
