"""Asking without saying whom."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.referral.domain import capacity
from services.referral.domain.capacity import (
    Accessibility,
    Answer,
    ChildBand,
    Eligibility,
    Query,
    check_answer,
    check_rate,
    coarsen,
    may_be_asked,
    open_until,
    shown,
)
from services.referral.domain.reveals import Facet
from services.referral.domain.taxonomy import DataClass, Need, Sector, Urgency
from tests.referral.builders import AT

PLAIN = Query(needs=(Need.SHELTER_TONIGHT,), urgency=Urgency.BED_TONIGHT)


@pytest.mark.parametrize(
    "changes",
    [
        {"needs": ()},
        {"region": "18"},
        {"region": "06"} | {"areas_to_avoid": ("Montréal",)},
        {"party_size": 0},
        {"party_size": 51},
    ],
)
def test_what_no_list_holds_is_refused(changes):
    with pytest.raises(capacity.QueryInvalid):
        replace(PLAIN, **changes)


@pytest.mark.parametrize(
    ("changes", "sent", "why"),
    [
        ({"language": "fra"}, {}, ()),
        ({"language": "tgl"}, {"language": "interpreter"}, ("rare-language",)),
        ({"language": "iku"}, {"language": "interpreter"}, ("rare-language",)),
        (
            {"accessibility": (Accessibility.SIGN_LANGUAGE, Accessibility.STEP_FREE)},
            {"language": "interpreter", "accessibility": (Accessibility.STEP_FREE,)},
            ("sign-language", "sign-language"),
        ),
        (
            {"children": (ChildBand.UNDER_5,) * 3 + (ChildBand.FROM_5_TO_11,)},
            {"children": (ChildBand.FROM_5_TO_11, ChildBand.UNDER_5)},
            ("large-family",),
        ),
        ({"children": (ChildBand.UNDER_5,) * 3}, {}, ()),
        ({"eligibility": Eligibility.TRANS_INCLUSIVE}, {"eligibility": Eligibility.ANYONE}, ("small-group",)),
        ({"eligibility": Eligibility.WOMEN}, {}, ()),
        ({"areas_to_avoid": ("01", "02", "03", "04")}, {"areas_to_avoid": ()}, ("many-areas",)),
        ({"areas_to_avoid": ("01", "02", "03")}, {}, ()),
    ],
)
def test_what_singles_out_is_made_coarser_and_said(changes, sent, why):
    asked = replace(PLAIN, **changes)
    coarse, changed = coarsen(asked)
    assert coarse == replace(asked, **sent)
    assert tuple(one.why for one in changed) == why
    assert coarsen(coarse) == (coarse, ())


@pytest.mark.parametrize("sector", Sector)
def test_police_and_government_are_never_asked_for_places(sector):
    assert may_be_asked(sector) is (sector not in {Sector.LAW_ENFORCEMENT, Sector.GOVERNMENT})


def test_a_query_is_open_as_long_as_its_urgency_lets_a_request_wait():
    assert open_until(PLAIN, AT) == AT + timedelta(hours=2)


def test_a_worker_asks_twenty_times_an_hour_and_no_more():
    check_rate(19)
    with pytest.raises(capacity.TooManyQueries):
        check_rate(20)


UNTIL = AT + timedelta(hours=2)


@pytest.mark.parametrize(
    ("earlier", "answer", "information", "at", "refusal"),
    [
        (None, Answer.CAPACITY, (), AT, None),
        (Answer.MORE_INFORMATION, Answer.CAPACITY, (), AT, None),
        (None, Answer.MORE_INFORMATION, ("children",), AT, None),
        (None, Answer.MORE_INFORMATION, (), AT, capacity.InformationNotSaid),
        (None, Answer.MORE_INFORMATION, ("name",), AT, capacity.InformationNotSaid),
        (None, Answer.CAPACITY, ("children",), AT, capacity.InformationNotSaid),
        (Answer.CAPACITY, Answer.NO_CAPACITY, (), AT, capacity.QueryAlreadyAnswered),
        (None, Answer.CAPACITY, (), UNTIL, capacity.QueryClosed),
    ],
)
def test_an_answer_is_taken_once_in_time_and_in_codes(earlier, answer, information, at, refusal):
    if refusal is None:
        check_answer(earlier, answer, frozenset(information), UNTIL, at)
    else:
        with pytest.raises(refusal):
            check_answer(earlier, answer, frozenset(information), UNTIL, at)


def test_a_receiver_is_not_shown_what_reveals_a_withheld_class():
    query = replace(PLAIN, children=(ChildBand.UNDER_5,), areas_to_avoid=("06",), region="03")
    bare = shown(query, (Need.SHELTER_TONIGHT,), frozenset())
    assert "children" not in bare
    assert "areas_to_avoid" not in bare
    assert bare["region"] == "03"
    whole = shown(query, query.needs, frozenset({Facet(DataClass.HOUSEHOLD), Facet(DataClass.SAFETY)}))
    assert whole["children"] == (ChildBand.UNDER_5,)
    assert whole["areas_to_avoid"] == ("06",)
