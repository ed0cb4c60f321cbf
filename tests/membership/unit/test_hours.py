from datetime import UTC, datetime, timedelta

import pytest

from services.membership.domain.directory import WEEKDAYS, Presence, Schedule, Status
from services.membership.domain.hours import DAY, WEEK, minute_of_week, open_at, spans
from tests.membership.builders import an_entry

# Tuesday 24 November 2026, 03:10 in Quebec, which is five hours behind UTC.
AT = datetime(2026, 11, 24, 8, 10, tzinfo=UTC)
EVERY_DAY = Schedule(WEEKDAYS, "00:00", "24:00")


def hours(*schedules: Schedule, **changes):
    return an_entry(schedules=schedules, **changes)


@pytest.mark.parametrize(
    ("at", "minute"),
    [
        (datetime(2026, 11, 23, 5, 0, tzinfo=UTC), 0),
        (AT, DAY + 3 * 60 + 10),
        (datetime(2026, 11, 30, 4, 59, tzinfo=UTC), WEEK - 1),
        (datetime(2026, 7, 6, 4, 0, tzinfo=UTC), 0),  # summer time
        (datetime(2026, 11, 1, 5, 30, tzinfo=UTC), 6 * DAY + 90),  # 01:30 twice that night
        (datetime(2026, 11, 1, 6, 30, tzinfo=UTC), 6 * DAY + 90),
    ],
)
def test_the_minute_of_the_week_is_what_the_clock_on_the_wall_shows(at, minute):
    assert minute_of_week(at) == minute


@pytest.mark.parametrize(
    ("schedules", "opened"),
    [
        ((), False),
        ((EVERY_DAY,), True),
        ((Schedule(("TU",), "03:10", "03:11"),), True),
        ((Schedule(("TU",), "03:11", "12:00"),), False),
        ((Schedule(("TU",), "00:00", "03:10"),), False),
        ((Schedule(("MO",), "22:00", "06:00"),), True),  # since yesterday evening
        ((Schedule(("TU",), "22:00", "06:00"),), False),
        ((Schedule(("MO",), "24:00", "06:00"),), True),
        ((Schedule(("TU",), "09:00", "17:00"), Schedule(("TU",), "03:00", "04:00", Presence.ON_CALL)), True),
    ],
)
def test_a_service_is_open_when_somebody_is_there_or_on_call(schedules, opened):
    assert open_at(hours(*schedules), AT) is opened


def test_a_night_from_sunday_goes_on_on_monday():
    night = hours(Schedule(("SU",), "22:00", "06:00"))
    assert spans(night) == ((0, 6 * 60), (WEEK - 120, WEEK))
    assert open_at(night, datetime(2026, 11, 23, 10, 59, tzinfo=UTC))
    assert not open_at(night, datetime(2026, 11, 23, 11, 0, tzinfo=UTC))


def test_a_service_closed_for_a_while_is_open_at_no_hour():
    assert not open_at(hours(EVERY_DAY, status=Status.TEMPORARILY_CLOSED), AT)


def test_a_service_of_every_hour_is_open_in_every_minute_of_the_week():
    always = hours(EVERY_DAY)
    assert all(open_at(always, AT + timedelta(minutes=step)) for step in range(0, WEEK, 7))
