"""The three tests of re-identification (A-2.1, r. 0.1), on people invented by the thousand; and nothing to subtract."""

import random
from collections import Counter, defaultdict
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.referral.domain.anonymity import ANY, FEWEST_PEOPLE, MOST_ALIKE, Case, crowds
from services.referral.domain.coarse import ASKED, ENDED, GROUP_OF, SURVIVING, ZONE_OF
from services.referral.domain.taxonomy import REGIONS, AgeBand, Need, Sector

BATCHES, PEOPLE = 6, 700
OUTCOMES = ("met", "partly-met", "not-met", "declined", "expired")


def somebody(chance: random.Random, quarter: str) -> Case:
    """Someone of a lopsided world: a few needs and regions are common, most are rare."""
    needs, regions = [need.value for need in Need], sorted(REGIONS)
    facts = {
        "period": quarter,
        "need": needs[min(int(chance.expovariate(0.3)), len(needs) - 1)],
        "region": regions[min(int(chance.expovariate(0.4)), len(regions) - 1)],
        "age": chance.choices([age.value for age in AgeBand], (1, 4, 80, 15))[0],
        "gender": chance.choices(("feminine", "masculine", "other-or-unknown"), (80, 15, 5))[0],
        "sector": chance.choices([sector.value for sector in Sector], (60, 15, 15, 3, 5, 2))[0],
        "outcome": chance.choices(OUTCOMES, (50, 20, 15, 10, 5))[0],
    }
    return Case(facts, facts["outcome"], f"o{min(int(chance.expovariate(0.1)), 60)}")


@pytest.fixture(scope="module", params=range(4))
def retained(request):
    """Batches anonymised one after the other, as months go by."""
    chance = random.Random(request.param)
    batches = [[somebody(chance, f"2026-Q{1 + n % 4}") for _ in range(PEOPLE)] for n in range(BATCHES)]
    return [crowd for batch in batches for crowd in crowds(batch, SURVIVING)]


def test_nobody_is_singled_out_by_any_combination_of_facts(retained):
    names = [ladder.name for ladder in SURVIVING]
    for size in range(1, len(names) + 1):
        for chosen in combinations(names, size):
            counted, organizations = Counter(), defaultdict(set)
            for crowd in retained:
                known = tuple(crowd.facts[name] for name in chosen)
                counted[known] += len(crowd.cases)
                organizations[known] |= {case.organization for case in crowd.cases}
            assert min(counted.values()) >= FEWEST_PEOPLE, chosen
            assert min(map(len, organizations.values())) >= 3, chosen


def may_be(crowd, case) -> bool:
    """Say whether someone who knows everything of a case could take it for one of the crowd."""
    steps = {ladder.name: ladder.steps for ladder in SURVIVING}
    return all(
        value == ANY or value in {step(case.facts[name]) for step in steps[name]} for name, value in crowd.facts.items()
    )


def test_whoever_knows_a_whole_record_links_it_no_better_than_one_in_eleven(retained):
    chance, right, tried = random.Random(7), 0, 0
    people = [case for crowd in retained for case in crowd.cases]
    for case in chance.sample(people, 300):
        candidates = [other for crowd in retained if may_be(crowd, case) for other in crowd.cases]
        assert len(candidates) >= FEWEST_PEOPLE
        right += chance.choice(candidates) is case
        tried += 1
    assert right / tried <= 1 / FEWEST_PEOPLE


def test_an_outcome_is_never_nearly_certain_of_whoever_is_in_a_crowd(retained):
    told = [crowd for crowd in retained if crowd.outcomes is not None]
    assert len(told) > len(retained) / 2
    for crowd in told:
        counted = Counter(crowd.outcomes)
        assert len(counted) >= 2
        assert max(counted.values()) <= MOST_ALIKE * len(crowd.outcomes)


def test_something_is_left_to_count_with(retained):
    assert sum(len(crowd.cases) for crowd in retained) == BATCHES * PEOPLE
    assert len({crowd.facts["need"] for crowd in retained}) > 4
    assert len({crowd.facts["sector"] for crowd in retained}) > 3


CASES = st.lists(
    st.builds(
        lambda need, region, age, sector, outcome, organization: Case(
            {"need": need, "region": region, "age": age, "gender": "feminine", "sector": sector, "outcome": outcome},
            outcome,
            organization,
        ),
        st.sampled_from(["shelter", "detox", "education", "mental-health"]),
        st.sampled_from(["01", "06", "13", ANY]),
        st.sampled_from([age.value for age in AgeBand]),
        st.sampled_from(["community", "government", "health-social"]),
        st.sampled_from(OUTCOMES),
        st.sampled_from("abcde"),
    ),
    max_size=120,
)


@given(CASES, st.sampled_from([ASKED, ENDED]))
def test_crowds_share_nobody_leave_nobody_out_and_none_is_too_small(cases, ladders):
    found = crowds(cases, ladders)
    everybody = [id(case) for crowd in found for case in crowd.cases]
    assert len(everybody) == len(set(everybody)) == (len(cases) if found else 0)
    for crowd in found:
        assert len(crowd.cases) >= FEWEST_PEOPLE
        assert len({case.organization for case in crowd.cases}) >= 3


@given(CASES)
def test_no_subtraction_within_or_between_the_two_tables_bounds_a_small_cell(cases):
    """Disjoint partitions share only their total; what both say of a meeting of cells are Fréchet's bounds."""
    asked, ended = ([len(crowd.cases) for crowd in crowds(cases, ladders)] for ladders in (ASKED, ENDED))
    total = len(cases)
    for one in asked:
        for other in ended:
            least, most = max(0, one + other - total), min(one, other)
            assert most - least >= FEWEST_PEOPLE or total in {one, other}


def test_too_few_leave_nothing_and_those_of_two_organisations_are_too_few():
    chance = random.Random(1)
    few = [somebody(chance, "2026-Q1") for _ in range(10)]
    assert crowds(few, SURVIVING) == []
    alike = [Case({**case.facts}, "met", f"o{n % 2}") for n, case in enumerate(few * 5)]
    assert crowds(alike, SURVIVING) == []


def test_an_outcome_that_most_share_is_not_told():
    chance = random.Random(1)
    people = [somebody(chance, "2026-Q1") for _ in range(40)]
    alike = [Case(case.facts, "met", case.organization) for case in people]
    assert {crowd.outcomes for crowd in crowds(alike, SURVIVING)} == {None}


def test_every_need_has_its_group_and_every_region_its_zone():
    assert set(GROUP_OF) == {need.value for need in Need}
    assert set(ZONE_OF) == REGIONS | {ANY}


def test_a_large_part_of_two_organisations_takes_another_with_it():
    facts = {"age": "adult", "need": "detox", "region": ANY, "gender": "feminine"}
    many = [Case(facts | {"age": "14-17"}, "met", f"o{n % 2}") for n in range(20)]
    others = [Case(facts, "met", f"o{n % 3}") for n in range(11)]
    assert {crowd.facts["age"] for crowd in crowds(many + others, ASKED)} == {ANY}
