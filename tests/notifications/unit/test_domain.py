"""What deserves a notice, when it leaves, and in what words: pure rules."""

from datetime import UTC, datetime, time, timedelta
from itertools import product

import pytest

from services.notifications.domain.delivery import (
    LONGEST_WAIT,
    TRANSITIONS,
    DeliveryOver,
    Plan,
    State,
    Step,
    as_of,
    plan,
    step,
)
from services.notifications.domain.errors import QuietHoursEmpty, UnknownChannel, UnknownKind
from services.notifications.domain.kinds import KINDS, Channel, kind_of
from services.notifications.domain.letter import something_new
from services.notifications.domain.preferences import Preferences, QuietHours
from services.notifications.domain.standing import Standing, Word, best_of, standing

NIGHT = QuietHours(time(22), time(7))
# 03:10 in Montréal, the worker alone.
DEEP_NIGHT = datetime(2026, 11, 24, 8, 10, tzinfo=UTC)
NOON = datetime(2026, 11, 24, 17, tzinfo=UTC)
CALM, ALARM = kind_of("referral-accepted"), kind_of("referral-reminded")

LEGAL = {
    (State.HELD, Step.RELEASE): State.WAITING,
    (State.HELD, Step.DROP): State.DROPPED,
    (State.HELD, Step.EXPIRE): State.EXPIRED,
    (State.WAITING, Step.SEND): State.SENT,
    (State.WAITING, Step.STUMBLE): State.RETRYING,
    (State.WAITING, Step.REFUSE): State.FAILED,
    (State.WAITING, Step.DROP): State.DROPPED,
    (State.WAITING, Step.EXPIRE): State.EXPIRED,
    (State.RETRYING, Step.SEND): State.SENT,
    (State.RETRYING, Step.STUMBLE): State.RETRYING,
    (State.RETRYING, Step.REFUSE): State.FAILED,
    (State.RETRYING, Step.DROP): State.DROPPED,
    (State.RETRYING, Step.EXPIRE): State.EXPIRED,
}


@pytest.mark.parametrize(("state", "taken"), list(product(State, Step)))
def test_a_delivery_moves_only_as_the_table_says(state: State, taken: Step):
    if (state, taken) in LEGAL:
        assert step(state, taken) is LEGAL[state, taken]
    else:
        with pytest.raises(DeliveryOver):
            step(state, taken)


def test_the_table_holds_no_other_row():
    assert dict(TRANSITIONS) == LEGAL


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.code)
def test_every_kind_reads_in_both_languages_and_names_itself(kind):
    assert kind.title.fr
    assert kind.title.en
    assert kind.title.fr != kind.title.en
    assert KINDS[kind.code] is kind
    assert kind.channels <= set(Channel)


def test_an_alarm_leaves_by_email_unless_its_reader_says_no():
    assert all(Channel.EMAIL in kind.channels for kind in KINDS.values() if kind.alarm)


def test_an_unknown_kind_or_channel_is_refused():
    with pytest.raises(UnknownKind):
        kind_of("referral-sneezed")
    with pytest.raises(UnknownKind):
        Preferences().with_choices({"referral-sneezed": {"email": True}})
    with pytest.raises(UnknownChannel):
        Preferences().with_choices({"referral-accepted": {"pigeon": True}})


def test_a_readers_choice_goes_before_the_kinds_default():
    silent = Preferences().with_choices({"referral-accepted": {"email": False}, "referral-started": {"email": True}})
    assert Preferences().wants(CALM, Channel.EMAIL)
    assert not silent.wants(CALM, Channel.EMAIL)
    assert silent.wants(kind_of("referral-started"), Channel.EMAIL)
    assert silent.wants(ALARM, Channel.EMAIL)


@pytest.mark.parametrize(
    ("hours", "local", "quiet"),
    [
        (NIGHT, "2026-11-24T21:59", False),
        (NIGHT, "2026-11-24T22:00", True),
        (NIGHT, "2026-11-24T00:00", True),
        (NIGHT, "2026-11-24T06:59", True),
        (NIGHT, "2026-11-24T07:00", False),
        (QuietHours(time(12), time(13)), "2026-11-24T12:30", True),
        (QuietHours(time(12), time(13)), "2026-11-24T13:00", False),
        (QuietHours(time(12), time(13)), "2026-11-24T11:59", False),
    ],
)
def test_quiet_hours_cover_their_hours_on_the_readers_clock(hours, local, quiet):
    at = datetime.fromisoformat(local + "-05:00")
    assert hours.covers(at) is quiet


def test_quiet_hours_follow_the_zone_and_the_change_of_clocks():
    islands = QuietHours(time(22), time(7), "America/Halifax")
    assert islands.covers(datetime(2026, 11, 25, 2, 30, tzinfo=UTC))  # 22:30 there, 21:30 in Montréal
    assert not NIGHT.covers(datetime(2026, 11, 25, 2, 30, tzinfo=UTC))
    # The night of 1 November 2026 has one hour more.
    assert NIGHT.end_after(datetime(2026, 11, 1, 3, tzinfo=UTC)) == datetime(2026, 11, 1, 12, tzinfo=UTC)
    assert NIGHT.end_after(datetime(2026, 10, 31, 3, tzinfo=UTC)) == datetime(2026, 10, 31, 11, tzinfo=UTC)


def test_quiet_hours_end_the_next_morning_and_the_same_morning():
    assert NIGHT.end_after(datetime(2026, 11, 25, 4, tzinfo=UTC)) == datetime(2026, 11, 25, 12, tzinfo=UTC)
    assert NIGHT.end_after(DEEP_NIGHT) == datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_quiet_hours_that_say_nothing_are_refused():
    with pytest.raises(QuietHoursEmpty):
        QuietHours(time(7), time(7))


@pytest.mark.parametrize(
    ("kind", "preferences", "now", "expected"),
    [
        (CALM, Preferences(), NOON, State.WAITING),
        (CALM, Preferences(quiet=NIGHT), NOON, State.WAITING),
        (CALM, Preferences(quiet=NIGHT), DEEP_NIGHT, State.HELD),
        (ALARM, Preferences(quiet=NIGHT), DEEP_NIGHT, State.WAITING),
    ],
)
def test_quiet_hours_hold_an_email_back_and_never_an_alarm(kind, preferences, now, expected):
    planned = plan(kind, preferences, now, now)
    assert planned is not None
    assert planned.state is expected
    assert planned.due == (NIGHT.end_after(now) if expected is State.HELD else now)
    assert planned.until == now + timedelta(hours=24)


def test_no_email_is_planned_where_its_reader_wants_none():
    assert plan(kind_of("referral-started"), Preferences(), NOON, NOON) is None


def test_no_email_leaves_a_day_after_what_it_tells_of():
    assert plan(CALM, Preferences(), NOON - LONGEST_WAIT, NOON) == Plan(State.EXPIRED, NOON, NOON)


def word(*, granted: bool = True, told: int = 1, revoked: int = 0, parked: bool = False) -> Word:
    return Word(granted, told, revoked, parked)


NEVER_SUSPENDED = word(told=0)


@pytest.mark.parametrize(
    ("people", "organization", "expected"),
    [
        ([word()], NEVER_SUSPENDED, Standing.ACTIVE),
        ([], NEVER_SUSPENDED, Standing.UNKNOWN),
        ([word(granted=False)], NEVER_SUSPENDED, Standing.ENDED),
        ([word(told=1, revoked=2)], NEVER_SUSPENDED, Standing.ENDED),
        ([word(told=3, revoked=2)], NEVER_SUSPENDED, Standing.ACTIVE),
        ([word(granted=False, told=2, revoked=2)], NEVER_SUSPENDED, Standing.ENDED),
        ([word(parked=True)], NEVER_SUSPENDED, Standing.ENDED),
        ([word(granted=False), word()], NEVER_SUSPENDED, Standing.ACTIVE),
        ([word()], word(told=0, revoked=4), Standing.ENDED),
        ([word()], word(granted=False, told=4, revoked=4), Standing.ENDED),
        ([word()], word(granted=True, told=5, revoked=4), Standing.ACTIVE),
        ([word()], word(parked=True), Standing.ENDED),
        ([], word(told=0, revoked=4), Standing.SHUT),
    ],
)
def test_a_person_stands_where_nothing_newer_took_access_away(people, organization, expected):
    assert standing(people, organization) is expected


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([Standing.UNKNOWN, Standing.ACTIVE], Standing.ACTIVE),
        ([Standing.ENDED, Standing.ACTIVE], Standing.ACTIVE),
        ([Standing.UNKNOWN, Standing.ENDED], Standing.ENDED),
        ([Standing.SHUT, Standing.UNKNOWN], Standing.UNKNOWN),
        ([Standing.SHUT, Standing.SHUT], Standing.SHUT),
    ],
)
def test_towards_two_parties_what_is_known_of_a_person_goes_before_what_is_not(found, expected):
    assert best_of(found) is expected


SUBJECTS = [("fr", "Du nouveau vous attend"), ("en", "Something new awaits you")]


@pytest.mark.parametrize(("language", "subject"), SUBJECTS)
def test_the_letter_says_that_something_new_waits_and_nothing_more(language, subject):
    letter = something_new(language, "https://coalition.example")
    assert letter.subject == subject
    assert "https://coalition.example\n" in letter.text
    for telling in ("référ", "referral", "orientation", "organis", "/referrals"):
        assert telling not in (letter.subject + letter.text).lower()


@pytest.mark.parametrize("state", State)
def test_what_was_not_sent_within_a_day_has_expired_and_what_is_over_stays_as_it_ended(state: State):
    unsent = state in (State.HELD, State.WAITING, State.RETRYING)
    assert as_of(state, NOON, NOON - timedelta(seconds=1)) is state
    assert as_of(state, NOON, NOON) is (State.EXPIRED if unsent else state)
