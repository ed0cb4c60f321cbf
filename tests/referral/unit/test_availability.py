"""When others learn whether a place is left, and what they never learn."""

from datetime import UTC, datetime, timedelta

import pytest

from services.referral.domain.availability import (
    HELD_BACK,
    Availability,
    Shown,
    availability_of,
    telling_after,
)

AT = datetime(2026, 11, 24, 3, 10, tzinfo=UTC)
FULL = Shown(id="s1").turned(Availability.NONE, AT)


@pytest.mark.parametrize(
    ("changed", "told"),
    [("00:00", "06:00"), ("03:10", "06:00"), ("05:00", "06:00"), ("05:01", "12:00"), ("16:59", "18:00")],
)
def test_a_change_is_told_at_the_next_fixed_hour_that_is_an_hour_away(changed, told):
    hour, minute = changed.split(":")
    at = telling_after(AT.replace(hour=int(hour), minute=int(minute)))
    assert f"{at:%d %H:%M}" == f"24 {told}"


def test_late_at_night_it_is_told_the_next_day():
    assert telling_after(AT.replace(hour=23, minute=30)) == datetime(2026, 11, 25, 6, tzinfo=UTC)


def test_the_last_place_taken_leaves_none_and_a_total_lowered_too():
    assert [availability_of(2, taken) for taken in (0, 1, 2, 3)] == ["some", "some", "none", "none"]


def test_what_does_not_turn_keeps_its_instant():
    assert FULL.turned(Availability.NONE, AT + HELD_BACK) is FULL
    assert FULL.turned(Availability.SOME, AT + HELD_BACK).since == AT + HELD_BACK


@pytest.mark.parametrize(
    ("due", "after", "said"),
    [(None, 90, False), (timedelta(minutes=60), 59, False), (timedelta(minutes=60), 60, True)],
)
def test_it_is_said_once_its_hour_has_come_and_it_has_held(due, after, said):
    shown = Shown(id="s1", now=FULL.now, since=AT, due=AT + due if due else None)
    assert shown.may_be_said(AT + timedelta(minutes=after)) is said
    assert Shown(id="s1", due=AT).may_be_said(AT) is True
    assert Shown(id="s1", since=AT, due=AT).may_be_said(AT) is False


def test_once_told_it_awaits_nothing():
    told = Shown(id="s1", now=Availability.NONE, since=AT, due=AT + HELD_BACK).tell()
    assert (told.said, told.due, told.since) == (Availability.NONE, None, AT)
