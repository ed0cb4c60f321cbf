"""The words each party reads, and that a sender's word tells no more than the person lets it."""

from itertools import product

import pytest

from services.referral.domain.consent import Feedback
from services.referral.domain.outwards import Telling, to_fhir, to_receiver, to_sender
from services.referral.domain.taxonomy import Sector
from services.referral.domain.transitions import ENDED, State


@pytest.mark.parametrize("state", [State.WITHDRAWN, State.EXPIRED, State.CANCELLED])
def test_a_receiver_reads_one_word_for_every_end_that_was_not_its_own(state):
    assert to_receiver(state) == "cancelled"


def test_a_receiver_reads_every_other_state_by_name():
    for state in set(State) - {State.WITHDRAWN, State.EXPIRED}:
        assert to_receiver(state) == state.value


@pytest.mark.parametrize(
    ("word", "status", "business"),
    [
        ("draft", "draft", None),
        ("requested", "requested", None),
        ("under-review", "received", None),
        ("waitlisted", "received", "waitlisted"),
        ("accepted", "accepted", None),
        ("in-progress", "in-progress", None),
        ("on-hold", "on-hold", None),
        ("completed", "completed", None),
        ("failed", "failed", None),
        ("declined", "rejected", None),
        ("expired", "cancelled", None),
        ("withdrawn", "cancelled", None),
        ("cancelled", "cancelled", None),
        ("entered-in-error", "entered-in-error", None),
        ("received", "received", None),
        ("ended", "completed", "ended"),
    ],
)
def test_every_word_has_its_fhir_code(word, status, business):
    found = to_fhir(word)
    assert (found.status, found.business) == (status, business)


def telling(state, sector=Sector.COMMUNITY, feedback=Feedback.OUTCOME, **changes):
    facts = {"was_accepted": True, "sharing": True, "own_act": False} | changes
    return Telling(state=state, sector=sector, feedback=feedback, **facts)


@pytest.mark.parametrize(
    ("told", "before", "word"),
    [
        (telling(State.DECLINED, was_accepted=False, feedback=Feedback.NONE), "requested", "declined"),
        (telling(State.EXPIRED, was_accepted=False, feedback=Feedback.NONE), "requested", "expired"),
        (telling(State.WAITLISTED, was_accepted=False, feedback=Feedback.NONE), "requested", "waitlisted"),
        (telling(State.ACCEPTED, feedback=Feedback.NONE), "requested", "requested"),
        (telling(State.ACCEPTED, feedback=Feedback.RECEIVED), "requested", "accepted"),
        (telling(State.IN_PROGRESS, feedback=Feedback.RECEIVED), "accepted", "accepted"),
        (telling(State.COMPLETED, feedback=Feedback.RECEIVED), "accepted", "accepted"),
        (telling(State.COMPLETED, feedback=Feedback.ENDED), "accepted", "ended"),
        (telling(State.FAILED, feedback=Feedback.ENDED), "accepted", "ended"),
        (telling(State.IN_PROGRESS, feedback=Feedback.ENDED), "accepted", "accepted"),
        (telling(State.IN_PROGRESS), "accepted", "in-progress"),
        (telling(State.COMPLETED), "in-progress", "completed"),
        (telling(State.COMPLETED, sharing=False), "in-progress", "in-progress"),
        (telling(State.CANCELLED, feedback=Feedback.NONE, own_act=True), "accepted", "cancelled"),
        (telling(State.ENTERED_IN_ERROR, feedback=Feedback.NONE), "requested", "entered-in-error"),
    ],
)
def test_after_acceptance_a_sender_reads_what_the_person_lets_it(told, before, word):
    assert to_sender(told, before) == word


@pytest.mark.parametrize("sector", [Sector.LAW_ENFORCEMENT, Sector.GOVERNMENT])
def test_police_and_government_senders_read_received_or_ended(sector):
    for state, feedback in product(State, Feedback):
        told = telling(state, sector=sector, feedback=feedback, was_accepted=False)
        expected = {State.DRAFT: "draft", State.ENTERED_IN_ERROR: "entered-in-error"}.get(
            state, "ended" if state in ENDED else "received"
        )
        assert to_sender(told, "received") == expected


def test_a_police_sender_does_not_even_learn_of_an_end_the_person_keeps():
    told = telling(State.COMPLETED, sector=Sector.LAW_ENFORCEMENT, feedback=Feedback.RECEIVED)
    assert to_sender(told, "received") == "received"
    told = telling(State.COMPLETED, sector=Sector.LAW_ENFORCEMENT, feedback=Feedback.ENDED)
    assert to_sender(told, "received") == "ended"
