"""Consent: every state and command, what may be asked, by whom, and when it stops."""

from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest

from services.referral.domain import consent as module
from services.referral.domain.consent import (
    CONSENT_TRANSITIONS,
    LONGEST,
    Company,
    ConsentCommand,
    ConsentState,
    GivenBy,
    Interpreter,
    Method,
    check_evidence,
    check_grant,
    next_state,
)
from services.referral.domain.taxonomy import AgeBand, DataClass, Need, Purpose, Sector
from tests.referral.builders import AT, IDENTITY, LATER, a_consent, a_recipient, evidence

LEGAL = {
    "not-asked": {"grant": "granted", "refuse": "refused", "defer": "deferred"},
    "deferred": {"grant": "granted", "refuse": "refused", "defer": "deferred"},
    "refused": {"grant": "granted", "refuse": "refused", "defer": "deferred"},
    "granted": {"withdraw": "withdrawn", "lapse": "expired"},
    "withdrawn": {"withdraw": "withdrawn", "lapse": "withdrawn"},
    "expired": {"withdraw": "expired", "lapse": "expired"},
}
REFUSED = {
    "not-asked": module.ConsentNotGranted,
    "deferred": module.ConsentNotGranted,
    "refused": module.ConsentNotGranted,
    "granted": module.ConsentAlreadyGranted,
    "withdrawn": module.ConsentOver,
    "expired": module.ConsentOver,
}


def check_consents(table) -> None:
    for state, command in product(ConsentState, ConsentCommand):
        expected = LEGAL[state].get(command)
        assert table.get((state, command)) == expected, (state, command)


@pytest.mark.parametrize(("state", "command"), list(product(ConsentState, ConsentCommand)))
def test_a_consent_moves_as_the_domain_says_or_says_where_it_stands(state, command):
    if command in LEGAL[state]:
        assert next_state(state, command) == LEGAL[state][command]
    else:
        with pytest.raises(REFUSED[state]):
            next_state(state, command)


@pytest.mark.parametrize("key", CONSENT_TRANSITIONS)
def test_bending_any_row_of_the_consent_table_is_noticed(key):
    check_consents(CONSENT_TRANSITIONS)
    other = ConsentState.GRANTED if CONSENT_TRANSITIONS[key] is not ConsentState.GRANTED else ConsentState.REFUSED
    for bent in ({**CONSENT_TRANSITIONS, key: other}, {k: v for k, v in CONSENT_TRANSITIONS.items() if k != key}):
        with pytest.raises(AssertionError):
            check_consents(bent)


@pytest.mark.parametrize(
    ("changes", "at", "live"),
    [
        ({}, AT, True),
        ({"until": LATER}, LATER, False),
        ({"until": None}, AT, False),
        ({"state": ConsentState.WITHDRAWN}, AT, False),
        ({"state": ConsentState.REFUSED}, AT, False),
    ],
)
def test_a_consent_is_live_by_the_clock_and_not_by_a_timer(changes, at, live):
    assert a_consent(**changes).is_live(at) is live


def test_a_consent_covers_its_recipient_purpose_and_classes_alone():
    consent = a_consent()
    consent.check_covers("shelter", Purpose.SUPPORT, IDENTITY, AT)
    for recipient, purpose, at in [
        ("police", Purpose.SUPPORT, AT),
        ("shelter", Purpose.COMPLAINT, AT),
        ("shelter", Purpose.SUPPORT, AT + timedelta(days=31)),
    ]:
        with pytest.raises(module.ConsentNotLive):
            consent.check_covers(recipient, purpose, IDENTITY, at)
    with pytest.raises(module.ConsentTooNarrow):
        consent.check_covers("shelter", Purpose.SUPPORT, IDENTITY | {DataClass.HEALTH}, AT)


def test_withdrawing_twice_keeps_the_first_hour():
    ended = a_consent().end(ConsentCommand.WITHDRAW, AT)
    assert (ended.state, ended.ended_at) == (ConsentState.WITHDRAWN, AT)
    assert ended.end(ConsentCommand.WITHDRAW, LATER) is ended
    assert ended.end(ConsentCommand.LAPSE, LATER) is ended


YEAR = AT + LONGEST


@pytest.mark.parametrize(
    ("recipient", "purpose", "classes", "until", "refusal"),
    [
        (a_recipient(), Purpose.SUPPORT, IDENTITY, YEAR, None),
        (a_recipient(), Purpose.SUPPORT, frozenset(), YEAR, module.ConsentToNothing),
        (a_recipient(), Purpose.SUPPORT, frozenset({DataClass.AGGREGATES}), YEAR, module.ConsentToNothing),
        (a_recipient(), Purpose.SUPPORT, IDENTITY, None, module.ConsentUntilInvalid),
        (a_recipient(), Purpose.SUPPORT, IDENTITY, AT, module.ConsentUntilInvalid),
        (a_recipient(), Purpose.SUPPORT, IDENTITY, YEAR + timedelta(seconds=1), module.ConsentUntilInvalid),
        (a_recipient(), Purpose.COMPLAINT, IDENTITY, YEAR, module.ConsentPurposeUnsuited),
        (a_recipient(Sector.LAW_ENFORCEMENT), Purpose.COMPLAINT, IDENTITY, YEAR, None),
        (
            a_recipient(Sector.LAW_ENFORCEMENT),
            Purpose.COMPLAINT,
            IDENTITY | {DataClass.IMMIGRATION},
            YEAR,
            module.ConsentOpensNever,
        ),
        (
            a_recipient(Sector.COMMUNITY, Need.LEGAL_REPRESENTATION),
            Purpose.LEGAL_REPRESENTATION,
            IDENTITY,
            YEAR,
            None,
        ),
    ],
)
def test_only_a_consent_that_could_mean_something_is_asked_for(recipient, purpose, classes, until, refusal):
    if refusal is None:
        check_grant(recipient, purpose, classes, until, AT)
    else:
        with pytest.raises(refusal):
            check_grant(recipient, purpose, classes, until, AT)


@pytest.mark.parametrize(
    ("changes", "free"),
    [
        ({}, True),
        ({"company": Company.OWN_CHILDREN}, True),
        ({"company": Company.CHOSEN_SUPPORT}, True),
        ({"company": Company.OTHERS}, False),
        ({"company": Company.PARENT_OR_TUTOR}, False),
        ({"company": Company.PARENT_OR_TUTOR, "given_by": GivenBy.PARENT}, True),
        ({"interpreter": Interpreter.INDEPENDENT}, True),
        ({"interpreter": Interpreter.OTHER}, False),
        ({"read_back": False}, False),
        ({"read_back": False, "method": Method.WRITTEN}, True),
    ],
)
def test_a_consent_counts_only_when_asked_freely(changes, free):
    assert evidence(**changes).is_free is free


@pytest.mark.parametrize(
    ("changes", "sector", "age", "refusal"),
    [
        ({}, Sector.COMMUNITY, AgeBand.ADULT, None),
        ({}, Sector.COMMUNITY, AgeBand.UNKNOWN, None),
        ({}, Sector.COMMUNITY, AgeBand.FROM_14_TO_17, None),
        ({}, Sector.COMMUNITY, AgeBand.UNDER_14, module.ConsentNotTheirs),
        ({"given_by": GivenBy.PARENT}, Sector.COMMUNITY, AgeBand.UNDER_14, None),
        ({"given_by": GivenBy.PARENT}, Sector.COMMUNITY, AgeBand.FROM_14_TO_17, module.ConsentNotTheirs),
        ({"given_by": GivenBy.TUTOR}, Sector.COMMUNITY, AgeBand.ADULT, module.ConsentNotTheirs),
        ({"company": Company.OTHERS}, Sector.COMMUNITY, AgeBand.ADULT, module.ConsentNotFree),
        ({}, Sector.LAW_ENFORCEMENT, AgeBand.ADULT, module.ConsentPoliceUnexplained),
        ({"police_warning": True}, Sector.LAW_ENFORCEMENT, AgeBand.ADULT, None),
        ({}, Sector.YOUTH_PROTECTION, AgeBand.ADULT, module.ConsentAdultToYouthProtection),
        ({}, Sector.YOUTH_PROTECTION, AgeBand.UNKNOWN, None),
    ],
)
def test_whose_consent_it_is_and_what_must_be_explained(changes, sector, age, refusal):
    given = replace(evidence(), **changes)
    if refusal is None:
        check_evidence(given, sector, age)
    else:
        with pytest.raises(refusal):
            check_evidence(given, sector, age)


def test_a_consent_without_a_word_on_how_it_was_given_is_none():
    with pytest.raises(module.ConsentWithoutEvidence):
        check_evidence(None, Sector.COMMUNITY, AgeBand.ADULT)
