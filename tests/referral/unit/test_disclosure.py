"""Every cell of both tables, and that bending any of them is noticed."""

from dataclasses import replace
from itertools import product

import pytest

from services.referral.domain.disclosure import (
    TABLES,
    Form,
    Reading,
    Reason,
    Role,
    Stage,
    Tables,
    decide,
    decide_all,
    opened,
    shows_need,
)
from services.referral.domain.disclosure_tables import CELLS, PURPOSES, Cell, Rule, suits
from services.referral.domain.reveals import Facet, Part
from services.referral.domain.taxonomy import PERSONAL, AgeBand, DataClass, Need, Purpose, Sector
from tests.referral.unit.disclosure_walk import WORDS, check_cell, check_every_cell, check_words

POLICE = Reading(
    sector=Sector.LAW_ENFORCEMENT,
    role=Role.INTAKE,
    stage=Stage.ACCEPTED,
    purpose=Purpose.COMPLAINT,
    consented=PERSONAL,
)
SHELTER = Reading(
    sector=Sector.COMMUNITY,
    role=Role.ASSIGNED,
    stage=Stage.ACCEPTED,
    purpose=Purpose.SUPPORT,
    needs=frozenset({Need.SHELTER}),
    consented=PERSONAL,
)


def test_the_walk_holds_every_cell():
    assert set(WORDS) == {(data_class, sector) for data_class in DataClass for sector in Sector}
    check_words()
    check_every_cell()


@pytest.mark.parametrize("sector", Sector)
@pytest.mark.parametrize("data_class", DataClass)
def test_bending_any_cell_is_noticed(data_class, sector):
    for rule, ground in product(Rule, (False, True)):
        bent = Cell(rule, ground)
        if bent == CELLS[data_class][sector]:
            continue
        tables = Tables(cells={**CELLS, data_class: {**CELLS[data_class], sector: bent}})
        with pytest.raises((AssertionError, KeyError)):
            check_words(tables)
        if not _decide_alike(bent, CELLS[data_class][sector]):
            with pytest.raises((AssertionError, KeyError)):
                check_cell(data_class, sector, tables)


def _decide_alike(one: Cell, other: Cell) -> bool:
    """`never` and `suppressed` know no ground, and two rules that open nothing differ in their reason alone."""
    if one.rule is other.rule:
        return one.rule in {Rule.NEVER, Rule.SUPPRESSED}
    return one.ground == other.ground and {one.rule, other.rule} == {Rule.CLOSED, Rule.PURPOSE}


@pytest.mark.parametrize("purpose", Purpose)
def test_bending_any_purpose_is_noticed(purpose):
    opening = PURPOSES[purpose]
    bent = [replace(opening, sectors=opening.sectors ^ {sector}) for sector in Sector]
    bent += [replace(opening, opens=opening.opens ^ {data_class}) for data_class in PERSONAL]
    bent += [replace(opening, clinics=not opening.clinics)]
    for changed in bent:
        with pytest.raises(AssertionError):
            check_words(Tables(purposes={**PURPOSES, purpose: changed}))


@pytest.mark.parametrize("purpose", [purpose for purpose in Purpose if purpose is not Purpose.SUPPORT])
@pytest.mark.parametrize("sector", Sector)
def test_telling_a_purpose_to_another_sector_changes_what_is_decided(purpose, sector):
    opening = PURPOSES[purpose]
    changed = replace(opening, sectors=opening.sectors ^ {sector})
    with pytest.raises(AssertionError):
        check_every_cell(Tables(purposes={**PURPOSES, purpose: changed}))


@pytest.mark.parametrize(
    ("reading", "data_class", "form", "reason"),
    [
        (POLICE, DataClass.IMMIGRATION, Form.NOTHING, None),
        (POLICE, DataClass.IDENTITY, Form.WHOLE, None),
        (replace(POLICE, purpose=Purpose.SUPPORT), DataClass.IDENTITY, Form.NOTHING, Reason.NEEDS_PURPOSE),
        (POLICE, DataClass.CURRENT_LOCATION, Form.ONCE, Reason.ONE_READING),
        (replace(POLICE, already_read=True), DataClass.CURRENT_LOCATION, Form.NOTHING, Reason.ALREADY_READ),
        (POLICE, DataClass.LEGAL, Form.OWN, Reason.OWN_ONLY),
        (POLICE, DataClass.PRACTICAL_NEEDS, Form.NOTHING, Reason.NOT_FOR_YOUR_SECTOR),
        (SHELTER, DataClass.CURRENT_LOCATION, Form.WHOLE, None),
        (SHELTER, DataClass.HEALTH, Form.NOTHING, Reason.NOT_FOR_THIS_SERVICE),
        (SHELTER, DataClass.EXPLOITATION, Form.TYPE, Reason.TYPE_ONLY),
        (replace(SHELTER, consented=frozenset()), DataClass.IDENTITY, Form.NOTHING, Reason.NOT_CONSENTED),
        (replace(SHELTER, stage=Stage.BEFORE), DataClass.IDENTITY, Form.NOTHING, Reason.BEFORE_ACCEPTANCE),
        (replace(SHELTER, stage=Stage.DARK), DataClass.IDENTITY, Form.NOTHING, Reason.SHARING_ENDED),
        (replace(SHELTER, stage=Stage.ENDED), DataClass.IDENTITY, Form.NOTHING, Reason.REFERRAL_ENDED),
        (replace(SHELTER, role=Role.OTHER), DataClass.IDENTITY, Form.NOTHING, Reason.NOT_YOUR_PART),
        (replace(SHELTER, purpose=Purpose.COMPLAINT), DataClass.IDENTITY, Form.NOTHING, Reason.NEEDS_PURPOSE),
        (SHELTER, DataClass.AGGREGATES, Form.SUPPRESSED, None),
    ],
)
def test_each_refusal_says_why_unless_naming_reveals(reading, data_class, form, reason):
    decision = decide(reading, data_class)
    assert (decision.form, decision.reason) == (form, reason)


def test_a_purpose_names_classes_only_to_those_who_may_hear_of_it():
    assert suits(Purpose.COMPLAINT, Sector.LAW_ENFORCEMENT, frozenset())
    assert not suits(Purpose.COMPLAINT, Sector.COMMUNITY, frozenset())
    clinic = frozenset({Need.LEGAL_REPRESENTATION})
    assert suits(Purpose.LEGAL_REPRESENTATION, Sector.COMMUNITY, clinic)
    assert not suits(Purpose.LEGAL_REPRESENTATION, Sector.COMMUNITY, frozenset({Need.SHELTER}))
    assert not suits(Purpose.LEGAL_REPRESENTATION, Sector.LAW_ENFORCEMENT, clinic)


def test_decisions_cover_every_personal_class_in_one_order_safe_contact_first():
    decisions = decide_all(SHELTER)
    assert set(decisions) == PERSONAL
    assert next(iter(decisions)) is DataClass.SAFE_CONTACT


def test_what_is_open_is_told_by_facets():
    facets = opened(decide_all(SHELTER))
    assert Facet(DataClass.EXPLOITATION, Part.TYPE) in facets
    assert Facet(DataClass.EXPLOITATION) not in facets
    assert Facet(DataClass.IDENTITY) in facets
    assert Facet(DataClass.LEGAL) not in facets


@pytest.mark.parametrize(
    ("reading", "need", "shown"),
    [
        (SHELTER, Need.SHELTER, True),
        (SHELTER, Need.LABOUR_STANDARDS, True),
        (SHELTER, Need.IMMIGRATION_HELP, False),
        (SHELTER, Need.MENTAL_HEALTH, False),
        (replace(SHELTER, needs=frozenset({Need.MENTAL_HEALTH})), Need.MENTAL_HEALTH, True),
        (replace(SHELTER, needs=frozenset({Need.DETOX}), consented=frozenset()), Need.DETOX, False),
        (POLICE, Need.POLICE_COMPLAINT, True),
        (POLICE, Need.IMMIGRATION_HELP, False),
        (replace(POLICE, needs=frozenset({Need.IMMIGRATION_HELP})), Need.IMMIGRATION_HELP, False),
        (
            replace(SHELTER, sector=Sector.VICTIM_SERVICES, needs=frozenset({Need.MENTAL_HEALTH})),
            Need.MENTAL_HEALTH,
            True,
        ),
        (replace(SHELTER, sector=Sector.VICTIM_SERVICES), Need.MENTAL_HEALTH, False),
    ],
)
def test_a_need_is_shown_only_where_what_it_reveals_is_open(reading, need, shown):
    assert shows_need(reading, need, opened(decide_all(reading))) is shown


def test_adults_are_never_told_to_youth_protection_whatever_is_recorded():
    reading = Reading(
        sector=Sector.YOUTH_PROTECTION,
        role=Role.INTAKE,
        stage=Stage.ACCEPTED,
        purpose=Purpose.PROTECTION,
        consented=PERSONAL,
        grounds=PERSONAL,
        named=PERSONAL,
        age=AgeBand.ADULT,
    )
    assert all(decision.form is Form.NOTHING and decision.reason is None for decision in decide_all(reading).values())
    assert not shows_need(reading, Need.SHELTER, frozenset())
    assert shows_need(replace(reading, age=AgeBand.UNKNOWN), Need.SHELTER, frozenset())


def test_the_tables_can_be_bent_only_by_a_test():
    assert TABLES.cells is CELLS
    assert TABLES.purposes is PURPOSES
