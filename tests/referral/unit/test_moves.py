"""What each move changes and tells."""

from datetime import timedelta

import pytest

from services.referral.domain import moves
from services.referral.domain.consent import Feedback
from services.referral.domain.disclosure import Stage
from services.referral.domain.reasons import CancelReason, DeclineReason, FailReason, Outcome
from services.referral.domain.referral import SenderView, Sharing
from services.referral.domain.taxonomy import Need, Sector
from services.referral.domain.transitions import (
    SERVING,
    UNANSWERED,
    Actor,
    Command,
    Fact,
    ReferralClosed,
    ReferralNotAccepted,
    State,
)
from tests.referral.builders import AT, LATER, a_consent, a_draft, a_referral

MET = {Need.SHELTER: Outcome.MET}
ASKED = frozenset({Need.SHELTER})


def test_a_draft_is_the_senders_alone_and_tells_nobody():
    made = a_draft()
    assert (made.state, made.is_open, made.was_sent) == (State.DRAFT, True, False)
    assert made.view.word == "draft"


def test_a_referral_goes_to_another_organisation():
    with pytest.raises(moves.ReferralToOwnOrganization):
        a_draft(receiver="community")


def test_a_request_sets_its_deadlines_and_keeps_the_feedback_consented_to():
    moved = moves.request(a_draft(), Actor.SENDER, a_consent(feedback=Feedback.OUTCOME), AT)
    sent = moved.referral
    assert moved.facts == (Fact.REQUESTED,)
    assert (sent.state, sent.consent, sent.feedback) == (State.REQUESTED, "c1", Feedback.OUTCOME)
    assert (sent.requested_at, sent.consent_until) == (AT, a_consent().until)
    assert (sent.remind_at, sent.expires_at) == (AT + timedelta(minutes=15), AT + timedelta(hours=2))


def test_accepting_takes_places_and_names_who_will_meet_the_person():
    moved = moves.accept(a_referral(), Actor.RECEIVER, frozenset({"nadia"}), 2, LATER)
    taken = moved.referral
    assert moved.facts == (Fact.ACCEPTED, Fact.ASSIGNED, Fact.PLACES_TAKEN)
    assert (taken.assigned, taken.places_held, taken.accepted_at) == ({"nadia"}, 2, LATER)
    assert taken.handover_by == LATER + timedelta(hours=4)
    assert taken.expires_at is None
    assert moved.told_sender


def test_accepting_where_places_are_not_counted_tells_of_none():
    taken = moves.accept(a_referral(), Actor.RECEIVER, frozenset({"nadia"}), 0, LATER)
    assert taken.facts == (Fact.ACCEPTED, Fact.ASSIGNED)


def test_accepting_tells_a_sender_nothing_that_the_person_keeps():
    moved = moves.accept(a_referral(feedback=Feedback.NONE), Actor.RECEIVER, frozenset({"nadia"}), 1, LATER)
    assert not moved.told_sender
    assert moved.referral.view.word == "requested"


def test_declining_carries_its_reason_and_at_most_five_alternatives():
    moved = moves.decline(a_referral(), Actor.RECEIVER, DeclineReason.NO_CAPACITY, ("s2", "s3"), LATER)
    assert (moved.referral.reason, moved.referral.alternatives) == ("no-capacity", ("s2", "s3"))
    with pytest.raises(moves.TooManyAlternatives):
        moves.decline(a_referral(), Actor.RECEIVER, DeclineReason.NO_CAPACITY, tuple("abcdef"), LATER)


@pytest.mark.parametrize("state", sorted(SERVING))
def test_every_end_releases_the_places_it_held_and_only_those(state):
    held = a_referral(state, places_held=2)
    moved = moves.complete(held, Actor.RECEIVER, MET, ASKED, LATER)
    assert moved.facts == (Fact.COMPLETED, Fact.PLACES_RELEASED)
    assert (moved.referral.places_held, moved.referral.ended_at) == (0, LATER)
    assert moves.complete(a_referral(state), Actor.RECEIVER, MET, ASKED, LATER).facts == (Fact.COMPLETED,)


def test_completing_wants_an_outcome_for_each_need_asked_for_and_no_other():
    going = a_referral(State.IN_PROGRESS)
    for outcomes in ({}, {Need.TRANSPORT: Outcome.MET}, MET | {Need.TRANSPORT: Outcome.MET}):
        with pytest.raises(moves.OutcomeIncomplete):
            moves.complete(going, Actor.RECEIVER, outcomes, ASKED, LATER)
    with pytest.raises(ReferralNotAccepted):
        moves.complete(a_referral(), Actor.RECEIVER, {}, ASKED, LATER)


def test_completing_in_the_dark_asks_for_no_need_by_name():
    dark = a_referral(State.IN_PROGRESS, sharing=Sharing.ENDED)
    assert moves.complete(dark, Actor.RECEIVER, MET, frozenset(), LATER).referral.state is State.COMPLETED
    with pytest.raises(moves.OutcomeIncomplete):
        moves.complete(dark, Actor.RECEIVER, {}, frozenset(), LATER)


def test_nobody_is_unreachable_before_three_safe_attempts():
    going = a_referral(State.ACCEPTED)
    with pytest.raises(moves.TooFewContactAttempts):
        moves.fail(going, Actor.RECEIVER, FailReason.UNREACHABLE, 2, LATER)
    assert moves.fail(going, Actor.RECEIVER, FailReason.UNREACHABLE, 3, LATER).referral.reason == "unreachable"
    assert moves.fail(going, Actor.RECEIVER, FailReason.LEFT_EARLY, 0, LATER).referral.state is State.FAILED


@pytest.mark.parametrize("state", sorted(UNANSWERED))
def test_before_acceptance_the_end_of_consent_ends_the_referral(state):
    moved = moves.end_consent(a_referral(state), LATER)
    assert moved.referral.state is State.WITHDRAWN
    assert moved.facts == (Fact.WITHDRAWN, Fact.CLOSED)
    again = moves.end_consent(moved.referral, LATER + timedelta(hours=1))
    assert again.facts == ()
    assert again.referral.ended_at == LATER


def test_a_draft_whose_consent_ends_closes_without_telling_its_receiver():
    assert moves.end_consent(a_draft(), LATER).facts == (Fact.WITHDRAWN,)


@pytest.mark.parametrize("state", sorted(SERVING))
def test_after_acceptance_the_end_of_consent_ends_only_the_sharing(state):
    before = a_referral(state, places_held=1, feedback=Feedback.OUTCOME)
    moved = moves.end_consent(before, LATER)
    assert (moved.referral.state, moved.referral.sharing, moved.referral.places_held) == (state, Sharing.ENDED, 1)
    assert moved.facts == (Fact.SHARING_ENDED,)
    assert moved.told_sender
    assert moved.referral.view.word == state.value
    assert moves.end_consent(moved.referral, LATER).facts == ()


def test_a_referral_that_a_ground_carries_outlives_the_consent():
    carried = a_referral(ground="g1")
    assert moves.end_consent(carried, LATER).referral is carried


@pytest.mark.parametrize("state", [State.COMPLETED, State.DECLINED, State.CANCELLED])
def test_what_has_ended_is_not_touched_by_the_end_of_consent(state):
    ended = a_referral(state)
    moved = moves.end_consent(ended, LATER)
    assert (moved.referral, moved.facts, moved.told_sender) == (ended, (), False)


def test_a_reminder_keeps_the_state_and_tells_the_sender_nothing_new():
    moved = moves.remind(a_referral(remind_at=AT), LATER)
    assert (moved.facts, moved.referral.reminded, moved.referral.remind_at) == ((Fact.REMINDED,), True, None)
    assert not moved.told_sender


@pytest.mark.parametrize(("actor", "told"), [(Actor.SENDER, True), (Actor.RECEIVER, False)])
def test_a_sender_learns_of_a_cancellation_after_acceptance_only_when_it_is_its_own(actor, told):
    moved = moves.cancel(a_referral(State.ACCEPTED), actor, CancelReason.PERSONS_WISH, LATER)
    assert moved.referral.state is State.CANCELLED
    assert moved.told_sender is told
    assert moved.facts == (Fact.CANCELLED, Fact.CLOSED)


def test_a_sender_who_may_not_know_of_the_end_cancels_as_if_it_went_on():
    view = SenderView(word="accepted", version=3, changed_at=AT)
    ended = a_referral(State.COMPLETED, view=view, ended_at=AT)
    moved = moves.cancel(ended, Actor.SENDER, CancelReason.OTHER, LATER)
    assert (moved.referral.state, moved.referral.ended_at, moved.facts) == (State.COMPLETED, AT, (Fact.CANCELLED,))
    assert (moved.referral.view.word, moved.referral.view.version, moved.told_sender) == ("cancelled", 4, True)
    with pytest.raises(ReferralClosed):
        moves.cancel(moved.referral, Actor.SENDER, CancelReason.OTHER, LATER)
    with pytest.raises(ReferralClosed):
        moves.cancel(ended, Actor.RECEIVER, CancelReason.OTHER, LATER)


def test_what_was_never_accepted_is_voided_by_its_sender():
    assert moves.void(a_referral(State.DECLINED), Actor.SENDER, LATER).referral.state is State.ENTERED_IN_ERROR
    with pytest.raises(moves.VoidNeedsTwo):
        moves.void(a_referral(State.ACCEPTED), Actor.SENDER, LATER)
    with pytest.raises(moves.VoidNeedsTwo):
        moves.void(a_referral(State.CANCELLED, accepted_at=AT), Actor.SENDER, LATER)


@pytest.mark.parametrize(
    ("referral", "may"),
    [
        (a_draft(), True),
        (a_referral(), True),
        (a_referral(feedback=Feedback.NONE), False),
        (a_referral(sender_sector=Sector.LAW_ENFORCEMENT), False),
        (a_draft(sender_sector=Sector.LAW_ENFORCEMENT), True),
        (a_referral(State.ACCEPTED), False),
    ],
)
def test_a_void_never_tells_a_sender_of_an_acceptance(referral, may):
    assert moves.may_void(referral) is may


def test_after_acceptance_one_proposes_the_void_and_the_other_confirms():
    proposed = moves.move(
        a_referral(State.COMPLETED, ended_at=AT),
        Command.PROPOSE_VOID,
        Actor.SENDER,
        LATER,
        void_proposed_by=Actor.SENDER,
    ).referral
    with pytest.raises(moves.VoidNeedsTwo):
        moves.confirm_void(proposed, Actor.SENDER, LATER)
    with pytest.raises(moves.VoidNeedsTwo):
        moves.confirm_void(a_referral(State.COMPLETED), Actor.RECEIVER, LATER)
    voided = moves.confirm_void(proposed, Actor.RECEIVER, LATER).referral
    assert (voided.state, voided.ended_at) == (State.ENTERED_IN_ERROR, AT)


def test_the_one_reading_is_given_once():
    read = moves.read_once(a_referral(State.ACCEPTED), LATER)
    assert read.read_once_at == LATER
    with pytest.raises(moves.ReadingNotOffered):
        moves.read_once(read, LATER)


def test_a_closed_referral_refuses_with_one_word():
    with pytest.raises(ReferralClosed):
        moves.accept(a_referral(State.EXPIRED), Actor.RECEIVER, frozenset({"nadia"}), 1, LATER)


@pytest.mark.parametrize(
    ("state", "sharing", "live", "stage"),
    [
        (State.REQUESTED, Sharing.LIVE, True, Stage.BEFORE),
        (State.REQUESTED, Sharing.LIVE, False, Stage.ENDED),
        (State.WAITLISTED, Sharing.LIVE, True, Stage.BEFORE),
        (State.ACCEPTED, Sharing.LIVE, True, Stage.ACCEPTED),
        (State.ON_HOLD, Sharing.LIVE, False, Stage.DARK),
        (State.IN_PROGRESS, Sharing.ENDED, True, Stage.DARK),
        (State.COMPLETED, Sharing.LIVE, True, Stage.ENDED),
        (State.DRAFT, Sharing.LIVE, True, Stage.ENDED),
    ],
)
def test_the_stage_follows_the_state_the_sharing_and_the_clock(state, sharing, live, stage):
    assert a_referral(state, sharing=sharing).stage(live) is stage


def test_a_police_sender_gets_no_word_of_a_review():
    sent = moves.request(a_draft(sender_sector=Sector.LAW_ENFORCEMENT), Actor.SENDER, a_consent(), AT).referral
    assert sent.view.word == "received"
    assert not moves.move(sent, Command.REVIEW, Actor.RECEIVER, LATER).told_sender


UNTOLD = [
    {"feedback": Feedback.NONE},
    {"sender_sector": Sector.LAW_ENFORCEMENT},
    {"sender_sector": Sector.GOVERNMENT, "feedback": Feedback.OUTCOME},
]


@pytest.mark.parametrize("untold", UNTOLD)
def test_when_consent_ends_a_sender_who_may_not_know_reads_the_same_whatever_went_on(untold):
    sent = moves.request(a_draft(**untold), Actor.SENDER, a_consent(**_feedback(untold)), AT).referral
    accepted = moves.accept(sent, Actor.RECEIVER, frozenset({"nadia"}), 1, LATER).referral
    over = moves.fail(accepted, Actor.RECEIVER, FailReason.LEFT_EARLY, 0, LATER).referral
    worlds = [moves.end_consent(world, LATER) for world in (sent, accepted)]
    if over.view == sent.view:  # police and government read that it is over
        worlds.append(moves.end_consent(over, LATER))
    assert {(moved.referral.view, moved.told_sender) for moved in worlds} == {(worlds[0].referral.view, True)}
    for moved in worlds:
        with pytest.raises(ReferralClosed):
            moves.cancel(moved.referral, Actor.SENDER, CancelReason.OTHER, LATER)
        assert moves.end_consent(moved.referral, LATER).referral.view == moved.referral.view


def _feedback(untold: dict) -> dict:
    return {"feedback": untold.get("feedback", Feedback.RECEIVED)}


def test_a_service_goes_on_behind_the_word_its_untold_sender_reads():
    accepted = a_referral(
        State.ACCEPTED, feedback=Feedback.NONE, view=SenderView(word="requested", version=2, changed_at=AT)
    )
    dark = moves.end_consent(accepted, LATER).referral
    assert (dark.state, dark.view.word) == (State.ACCEPTED, "withdrawn")
    started = moves.move(dark, Command.START, Actor.RECEIVER, LATER)
    assert (started.referral.state, started.referral.view, started.told_sender) == (
        State.IN_PROGRESS,
        dark.view,
        False,
    )


def test_a_referral_stops_sharing_at_the_instant_its_consent_does():
    accepted = a_referral(State.ACCEPTED, consent_until=LATER)
    assert accepted.shares(LATER - timedelta(seconds=1))
    assert not accepted.shares(LATER)
