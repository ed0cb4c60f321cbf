"""What a change of consent would do, judged from what the sender reads and from the tables alone."""

from itertools import product

import pytest

from services.referral.domain.consent import Feedback, Recipient
from services.referral.domain.disclosure import Form
from services.referral.domain.moves import end_consent
from services.referral.domain.preview import ConsentChange, as_receiver, as_recipient, changes, effect_on
from services.referral.domain.referral import SenderView, Sharing
from services.referral.domain.taxonomy import AgeBand, DataClass, Need, Purpose, Sector
from services.referral.domain.transitions import SERVING, Fact, State
from tests.referral.builders import AT, IDENTITY, LATER, a_draft, a_referral

NONE = frozenset()


def word(text: str) -> SenderView:
    return SenderView(word=text, version=1, changed_at=AT)


@pytest.mark.parametrize(
    ("read", "effect"),
    [
        ("requested", "ends"),
        ("under-review", "ends"),
        ("waitlisted", "ends"),
        ("accepted", "stops-sharing"),
        ("in-progress", "stops-sharing"),
        ("on-hold", "stops-sharing"),
        ("declined", None),
        ("cancelled", None),
        ("ended", None),
    ],
)
def test_a_withdrawal_ends_what_is_unanswered_and_only_stops_the_sharing_of_the_rest(read, effect):
    assert effect_on(a_referral(view=word(read)), ConsentChange.WITHDRAW, NONE) == effect


@pytest.mark.parametrize(
    ("sector", "feedback"), [(Sector.COMMUNITY, Feedback.NONE), (Sector.LAW_ENFORCEMENT, Feedback.RECEIVED)]
)
def test_whoever_may_not_know_of_an_acceptance_reads_the_same_whatever_the_state(sector, feedback):
    for state, change in product(State, ConsentChange):
        facts = {"view": word("received"), "sender_sector": sector, "feedback": feedback}
        found = effect_on(a_referral(state, requested_at=AT, **facts), change, IDENTITY)
        expected = {"grant": None, "narrow": "narrows", "withdraw": "ends-or-stops-sharing"}
        assert found == expected[change], state


@pytest.mark.parametrize("state", [*sorted(SERVING), State.COMPLETED, State.FAILED])
def test_whoever_may_not_know_of_an_end_reads_the_same_whatever_the_state(state):
    referral = a_referral(state, view=word("accepted"))
    assert effect_on(referral, ConsentChange.WITHDRAW, NONE) == "stops-sharing"


@pytest.mark.parametrize("state", [State.ACCEPTED, State.COMPLETED])
def test_a_withdrawal_tells_whoever_may_not_know_of_an_end_that_sharing_ended_and_no_more(state):
    moved = end_consent(a_referral(state, view=word("accepted")), LATER)
    assert (moved.referral.view, moved.referral.sharing) == (
        SenderView(word="accepted", version=2, changed_at=LATER),
        Sharing.ENDED,
    )
    assert (moved.referral.state, moved.facts, moved.told_sender) == (state, (Fact.SHARING_ENDED,), True)
    again = end_consent(moved.referral, LATER)
    assert (again.referral.view, again.facts) == (moved.referral.view, ())


def test_what_no_longer_shares_or_stands_on_a_ground_of_its_own_loses_nothing():
    assert effect_on(a_referral(sharing=Sharing.ENDED), ConsentChange.WITHDRAW, NONE) is None
    assert effect_on(a_referral(ground="g1"), ConsentChange.WITHDRAW, NONE) is None


@pytest.mark.parametrize(
    ("change", "left", "effect"),
    [
        ("grant", IDENTITY, "can-be-sent"),
        ("grant", frozenset({DataClass.HEALTH}), "cannot-be-sent"),
        ("narrow", IDENTITY, "can-be-sent"),
        ("narrow", NONE, "cannot-be-sent"),
        ("withdraw", NONE, "ends"),
    ],
)
def test_a_draft_can_be_sent_under_what_is_left_or_not(change, left, effect):
    assert effect_on(a_draft(), ConsentChange(change), left) == effect


def test_what_a_recipient_would_see_is_told_class_by_class_in_the_form_its_sector_is_given():
    recipient = Recipient(organization="clinic", sector=Sector.HEALTH_SOCIAL, needs=frozenset({Need.HEALTH_CARE}))
    classes = frozenset({DataClass.IDENTITY, DataClass.IMMIGRATION, DataClass.LEGAL})
    found = changes(as_recipient(recipient, Purpose.SUPPORT, NONE, AgeBand.ADULT), classes)
    assert {each.data_class: (each.now, each.then) for each in found} == {
        DataClass.IDENTITY: (Form.NOTHING, Form.WHOLE),
        DataClass.IMMIGRATION: (Form.NOTHING, Form.COVERAGE),
    }


def test_a_receiver_never_loses_more_than_its_referral_shares():
    reading = as_receiver(a_referral(), frozenset({DataClass.IDENTITY, DataClass.HEALTH}), AgeBand.ADULT)
    assert reading.consented == IDENTITY
    assert [each.data_class for each in changes(reading, NONE)] == [DataClass.IDENTITY]
