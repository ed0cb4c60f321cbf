"""One need sent to several: who has it, how the others close, and what a sender kept in the dark still reads."""

from datetime import timedelta

import pytest

from services.referral.domain import moves
from services.referral.domain.consent import Feedback
from services.referral.domain.deadlines import ASK_EXPIRES, ASKED_AGAIN
from services.referral.domain.overdue import is_told, judge
from services.referral.domain.race import Mode, Recipient, ReferralSet, SetNotReady, lose, sent_twice
from services.referral.domain.reasons import CancelReason
from services.referral.domain.referral import Sharing
from services.referral.domain.taxonomy import Sector, Urgency
from services.referral.domain.transitions import BEFORE_ACCEPTANCE, Actor, Command, Fact, ReferralClosed, State
from services.referral.domain.waits import Wait, waits_of
from tests.referral.builders import AT, LATER, a_consent, a_draft, a_referral

HIDDEN = a_referral(State.ACCEPTED, id="winner", feedback=Feedback.NONE)
TOLD = a_referral(State.ACCEPTED, id="winner")


def _requested(**facts):
    return moves.request(a_draft(**facts), Actor.SENDER, a_consent(), AT).referral


def _listed():
    return moves.move(_requested(), Command.WAITLIST, Actor.RECEIVER, AT).referral


def a_set(mode=Mode.FIRST_ACCEPT_WINS, **facts) -> ReferralSet:
    recipients = tuple(Recipient(referral=each) for each in ("r1", "r2", "r3"))
    fixed = {"id": "set", "person": "p1", "sender": "community", "created_by": "worker", "created_at": AT}
    return ReferralSet(mode=mode, recipients=recipients, **fixed, **facts)


def test_the_first_has_it_and_no_other():
    won = a_set().won_by("r2")
    assert (won.winner, won.others("r2")) == ("r2", ("r1", "r3"))
    for late in ("r1", "r2"):
        with pytest.raises(ReferralClosed):
            won.won_by(late)


def test_with_all_nobody_has_it_alone():
    every = a_set(Mode.ALL)
    assert every.won_by("r1") is every


def test_an_organisation_named_twice_is_noticed():
    assert sent_twice(["a", "b", "a", "c", "c"]) == {"a", "c"}
    assert sent_twice(["a", "b"]) == frozenset()


@pytest.mark.parametrize("state", sorted(BEFORE_ACCEPTANCE))
def test_whoever_was_not_quick_enough_closes_where_the_acceptance_may_be_known(state):
    lost = lose(a_referral(state), TOLD, LATER)
    assert (lost.referral.state, lost.referral.view.word, lost.told_sender) == (State.CANCELLED, "cancelled", True)
    assert lost.facts == ((Fact.CANCELLED,) if state is State.DRAFT else (Fact.CANCELLED, Fact.CLOSED))
    assert (lost.referral.ended_at, lost.referral.veil, lost.referral.reason) == (LATER, None, None)


@pytest.mark.parametrize("winner", [HIDDEN, a_referral(State.ACCEPTED, sender_sector=Sector.LAW_ENFORCEMENT)])
def test_where_it_may_not_be_known_nothing_changes_for_the_sender(winner):
    asked = _requested()
    lost = lose(asked, winner, LATER)
    assert (lost.referral.state, lost.referral.view, lost.told_sender) == (State.CANCELLED, asked.view, False)
    assert lost.facts == (Fact.CANCELLED, Fact.CLOSED)
    draft = a_draft()
    assert (lose(draft, winner, LATER).referral, lose(draft, winner, LATER).facts) == (draft, ())


def test_what_it_hears_of_an_unanswered_request_it_still_hears_and_its_receiver_does_not():
    asked = _requested()
    lost = lose(asked, HIDDEN, AT + timedelta(minutes=5)).referral
    assert waits_of(lost) == {wait: at for wait, at in waits_of(asked).items() if wait is not Wait.ESCALATION}
    assert is_told(lost, Wait.REMINDER)
    recalled = judge(lost, Wait.REMINDER, asked.remind_at)
    assert (recalled.facts, recalled.told_sender, recalled.referral.view) == ((Fact.REMINDED,), True, asked.view)
    assert waits_of(recalled.referral) == {Wait.EXPIRY: asked.expires_at}
    over = judge(recalled.referral, Wait.EXPIRY, asked.expires_at)
    assert (over.facts, over.told_sender) == ((Fact.EXPIRED,), True)
    expired = judge(asked, Wait.EXPIRY, asked.expires_at)
    assert over.referral.view == expired.referral.view
    assert (over.referral.state, waits_of(over.referral), over.referral.veil.unseen) == (State.CANCELLED, {}, 2)


def test_one_already_recalled_is_not_recalled_again():
    recalled = moves.remind(_requested(), AT + timedelta(minutes=15)).referral
    assert set(waits_of(lose(recalled, HIDDEN, LATER).referral)) == {Wait.EXPIRY}


def test_a_terse_sender_reads_its_one_word_at_the_end():
    asked = _requested(sender_sector=Sector.GOVERNMENT)
    lost = lose(asked, a_referral(State.ACCEPTED, sender_sector=Sector.GOVERNMENT), LATER).referral
    assert lost.view.word == "received"
    assert judge(lost, Wait.EXPIRY, asked.expires_at).referral.view.word == "ended"


def test_on_a_waiting_list_the_end_comes_when_the_ask_would_have_gone_unanswered():
    listed = _listed()
    asked = AT + ASKED_AGAIN[Urgency.BED_TONIGHT]
    assert waits_of(lose(listed, HIDDEN, LATER).referral) == {Wait.EXPIRY: asked + ASK_EXPIRES}
    recalled = judge(listed, Wait.REMINDER, asked + timedelta(hours=1)).referral
    assert waits_of(lose(recalled, HIDDEN, asked + timedelta(hours=2)).referral) == {Wait.EXPIRY: recalled.expires_at}


def test_a_withdrawal_behind_the_veil_reads_as_one_of_an_unanswered_request():
    asked = _requested()
    lost = lose(asked, HIDDEN, LATER).referral
    withdrawn, plain = [moves.end_consent(each, LATER).referral for each in (lost, asked)]
    assert withdrawn.view == plain.view
    assert (withdrawn.state, withdrawn.sharing, waits_of(withdrawn)) == (State.CANCELLED, Sharing.ENDED, {})


def test_a_cancellation_behind_the_veil_reads_as_one_of_an_unanswered_request():
    asked = _requested()
    lost = lose(asked, HIDDEN, LATER).referral
    cancelled, plain = [_cancel(each) for each in (lost, asked)]
    assert cancelled.view == plain.view
    assert waits_of(cancelled) == {}


def _cancel(referral):
    return moves.cancel(referral, Actor.SENDER, CancelReason.OTHER, LATER).referral


def test_a_refusal_of_a_set_names_each_recipient_in_the_way():
    errors = [{"pointer": "/recipients/1", "code": "consent.not-live"}]
    assert (SetNotReady(errors).code, SetNotReady(errors).errors) == ("referral-set.not-ready", errors)
