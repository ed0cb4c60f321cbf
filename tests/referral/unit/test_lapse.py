"""Reminders before a consent ends: at their days, once, by its own dates, and never of a consent too short for them."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.referral.domain.consent import ConsentState
from services.referral.domain.lapse import remind, reminders
from tests.referral.builders import AT, a_consent

END = AT + timedelta(days=30)


def test_a_consent_is_recalled_fourteen_and_three_days_before_its_end():
    assert reminders(a_consent()) == {14: END - timedelta(days=14), 3: END - timedelta(days=3)}


@pytest.mark.parametrize(("days", "recalled"), [(14, [3]), (14.01, [14, 3]), (3, []), (1, [])])
def test_a_consent_shorter_than_that_is_not_recalled_for_it(days, recalled):
    assert list(reminders(a_consent(until=AT + timedelta(days=days)))) == recalled


def test_an_answer_without_an_end_is_recalled_never():
    assert reminders(a_consent(until=None, state=ConsentState.REFUSED)) == {}


@pytest.mark.parametrize(
    ("left", "before", "after"),
    [
        (15, None, None),
        (14, None, 14),
        (10, 14, 14),
        (3, 14, 3),
        (2, None, 3),
        (2, 3, 3),
    ],
)
def test_a_timer_that_is_early_late_or_fires_twice_tells_once(left, before, after):
    consent = a_consent(reminded=before)
    marked = remind(consent, END - timedelta(days=left))
    assert marked.reminded == after
    assert (marked is consent) is (before == after)


@pytest.mark.parametrize("changes", [{"state": ConsentState.WITHDRAWN}, {"until": AT + timedelta(days=20)}])
def test_what_has_ended_is_not_recalled(changes):
    consent = replace(a_consent(), **changes)
    assert remind(consent, END) is consent
