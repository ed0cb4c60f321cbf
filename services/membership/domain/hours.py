"""When a service can be had: weekly hours on Quebec's clock, those on call included."""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from services.membership.domain.directory import WEEKDAYS, Entry, Schedule, Status

# Where all of the coalition's regions but the easternmost keep their time (Legal Time Act, CQLR, c. T-5.1).
ZONE = ZoneInfo("America/Toronto")
HOUR = 60
DAY = 24 * HOUR
WEEK = 7 * DAY

Span = tuple[int, int]


def minute_of_week(at: datetime) -> int:
    """Return the minute since Monday 00:00 that a clock on the wall shows, 0 to 10,079."""
    local = at.astimezone(ZONE)
    return local.weekday() * DAY + local.hour * HOUR + local.minute


def spans(entry: Entry) -> tuple[Span, ...]:
    """Return from which minute of the week to before which one somebody is there or answers; none while closed."""
    if entry.status is Status.TEMPORARILY_CLOSED:
        return ()
    found = (span for schedule in entry.schedules for span in _of(schedule))
    return tuple(sorted(set(found)))


def open_at(entry: Entry, at: datetime) -> bool:
    """Say whether somebody is there or answers at an instant; who gave no hours is not known to be."""
    minute = minute_of_week(at)
    return any(start <= minute < end for start, end in spans(entry))


def _of(schedule: Schedule) -> Iterable[Span]:
    """Yield a schedule's spans; what runs past Sunday's midnight goes on on Monday."""
    opens, closes = _minute(schedule.opens_at), _minute(schedule.closes_at)
    length = closes - opens if closes > opens else closes - opens + DAY
    for day in schedule.byday:
        start = (WEEKDAYS.index(day) * DAY + opens) % WEEK
        yield start, min(start + length, WEEK)
        if start + length > WEEK:
            yield 0, start + length - WEEK


def _minute(time: str) -> int:
    hours, minutes = time.split(":")
    return int(hours) * HOUR + int(minutes)
