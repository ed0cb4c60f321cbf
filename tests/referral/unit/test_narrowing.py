"""Narrowing a consent: only ever less, kept under the same record, and carried into every referral alike."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.referral.domain import consent as module
from services.referral.domain.consent import ConsentState, Feedback
from services.referral.domain.narrowing import ConsentNotNarrower, Narrower, follow, narrow
from services.referral.domain.referral import SenderView
from services.referral.domain.taxonomy import DataClass
from services.referral.domain.transitions import State
from tests.referral.builders import AT, IDENTITY, LATER, a_consent, a_draft, a_referral

WIDE = frozenset({DataClass.IDENTITY, DataClass.HEALTH})
END = AT + timedelta(days=30)


def narrowed(to: Narrower, **changes):
    return narrow(a_consent(classes=WIDE, **changes), to, "c2", LATER, "nadia")


def test_what_is_left_keeps_its_record_and_the_wider_answer_is_withdrawn_beside_it():
    made = narrowed(Narrower(classes=IDENTITY))
    assert (made.left.id, made.left.classes, made.left.state) == ("c1", IDENTITY, ConsentState.GRANTED)
    assert (made.left.until, made.left.decided_at, made.left.decided_by) == (END, LATER, "nadia")
    assert (made.wider.id, made.wider.classes, made.wider.state) == ("c2", WIDE, ConsentState.WITHDRAWN)
    assert (made.wider.decided_at, made.wider.ended_at) == (AT, LATER)


def test_an_end_may_come_earlier_and_a_sender_may_be_told_less():
    made = narrowed(Narrower(until=END - timedelta(days=1), feedback=Feedback.NONE))
    assert (made.left.classes, made.left.until) == (WIDE, END - timedelta(days=1))
    assert made.left.feedback is Feedback.NONE


@pytest.mark.parametrize(
    ("to", "refusal"),
    [
        (Narrower(), ConsentNotNarrower),
        (Narrower(classes=WIDE), ConsentNotNarrower),
        (Narrower(classes=WIDE | {DataClass.LEGAL}), ConsentNotNarrower),
        (Narrower(classes=IDENTITY, until=END + timedelta(seconds=1)), ConsentNotNarrower),
        (Narrower(classes=IDENTITY, feedback=Feedback.OUTCOME), ConsentNotNarrower),
        (Narrower(classes=frozenset()), module.ConsentToNothing),
        (Narrower(until=LATER), module.ConsentUntilInvalid),
    ],
)
def test_nothing_is_ever_put_in(to, refusal):
    with pytest.raises(refusal):
        narrowed(to)


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"state": ConsentState.REFUSED}, module.ConsentNotGranted),
        ({"state": ConsentState.WITHDRAWN}, module.ConsentOver),
        ({"until": LATER}, module.ConsentOver),
    ],
)
def test_what_is_not_in_force_cannot_be_narrowed(changes, refusal):
    with pytest.raises(refusal):
        narrowed(Narrower(classes=IDENTITY), **changes)


@pytest.mark.parametrize("state", [State.REQUESTED, State.ACCEPTED, State.COMPLETED])
def test_every_referral_that_its_sender_reads_as_going_on_is_treated_alike(state):
    view = SenderView(word="requested", version=3, changed_at=AT)
    left = a_consent(until=LATER, feedback=Feedback.NONE)
    followed = follow(a_referral(state, view=view, feedback=Feedback.OUTCOME), left)
    assert (followed.consent_until, followed.feedback) == (LATER, Feedback.NONE)
    assert (followed.view, followed.state) == (view, state)


def test_a_consent_that_lets_more_be_told_never_widens_what_a_referral_was_sent_under():
    followed = follow(a_referral(feedback=Feedback.NONE), a_consent(feedback=Feedback.OUTCOME))
    assert followed.feedback is Feedback.NONE


@pytest.mark.parametrize("untouched", [a_draft(), a_referral(State.DECLINED), replace(a_referral(), consent="another")])
def test_drafts_ends_and_referrals_under_another_consent_stay_as_they_are(untouched):
    assert follow(untouched, a_consent(until=LATER)) is untouched
