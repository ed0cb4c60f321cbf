"""What each field and code of a record gives away, written out once more; and HTCDS 2.0's names as it has them."""

import json
from itertools import product
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from services.referral.api.records import RecordFields, field_of
from services.referral.domain.contact import Channel
from services.referral.domain.disclosure import Decision, Form
from services.referral.domain.facts import EARLIER, FACTS, as_named_now
from services.referral.domain.htcds import COUNTRIES
from services.referral.domain.record import disclose
from services.referral.domain.reveals import Facet
from services.referral.domain.taxonomy import PERSONAL, REGIONS, AgeBand, DataClass, Need
from tests.referral.unit.test_reveals import INDIGENOUS, REVEALED_BY_NEEDS, _rows

# A row is `class.field` for what the field itself reveals, `class.field.CODE` for what one code of it does; every
# other field and code of the record reveals nothing but its own class.
REVEALED = """
exploitation.vic_TypeOfExploitation.ChildLabour                                    | identity
exploitation.vic_TypeOfExploitation.ForcedMarriage                                 | household
exploitation.vic_TypeOfExploitation.ForcedAdoption                                 | household
exploitation.vic_TypeOfExploitation.OrganRemoval                                   | health
exploitation.vic_TypeOfExploitation.Surrogacy                                      | health household
exploitation.vic_TraffickingStatusDecisionMakingOrg.Police                         | legal
exploitation.vic_TraffickingStatusDecisionMakingOrg.CourtOrProsecution             | legal
exploitation.vic_TraffickingStatusDecisionMakingOrg.NonPoliceGovernmentalOrganization | immigration
exploitation.vic_RelationshipToTrafficker.Familial                                 | household
exploitation.vic_AgeWhenTrafficked                                                 | identity
exploitation.vic_MethodOfRecruitment.ThroughFamilyOrFamilyEvents                   | household
exploitation.vic_LocationOfRecruitment                                             | immigration
exploitation.vic_LocationOfExploitation                                            | current-location
exploitation.vic_MethodsOfControl.ThreatsLawEnforcement                            | immigration
exploitation.vic_MethodsOfControl.WithholdsDocuments                               | immigration
exploitation.vic_MethodsOfControl.ThreatensChildrenFamily                          | household
exploitation.vic_MethodsOfControl.RestrictsMedicalCare                             | health
exploitation.vic_MethodsOfControl.PsychoactiveSubstance                            | health
exploitation.perpetrators.per_RoleInProcess.Smuggler                               | immigration
exploitation.perpetrators.per_RoleInProcess.BrokerTravelAgent                      | immigration
legal.entries.kind.protection-order                                                | safety
"""
LISTED = {"vic_Type", "vic_Method", "vic_Recr", "vic_ExploitationW", "needs", "languages", "prs_Citi", "per_"}


def _expected() -> dict[str, frozenset[Facet]]:
    """Everything that reveals something, from the words above, the needs, the languages and the countries."""
    told = {name: facets for name, facets in _rows(REVEALED).items() if facets}
    told |= {f"practical-needs.needs.{need}": facets for need, facets in _rows(REVEALED_BY_NEEDS).items() if facets}
    abroad = frozenset({Facet(DataClass.IMMIGRATION)})
    return told | {f"exploitation.events.hte_Country.{code}": abroad for code in COUNTRIES - {"CA"}}


def _walked(facts, path):
    """Yield (path, what it reveals) of every field, code and entry below."""
    for name, fact in facts.items():
        here = f"{path}.{name}"
        yield here, fact.reveals
        for code, facets in fact.codes.items():
            yield f"{here}.{code}", facets
        yield from _walked(fact.entries, here)


WALKED = {path: facets for data_class, facts in FACTS.items() for path, facets in _walked(facts, data_class.value)}
LANGUAGE_FIELDS = {f"identity.{name}" for name in ("languages", "prs_PrimaryLanguage", "prs_SecondaryLanguage")}


def test_every_field_and_code_reveals_what_is_written_here_and_nothing_else():
    found = {
        path: facets for path, facets in WALKED.items() if facets and path.rsplit(".", 1)[0] not in LANGUAGE_FIELDS
    }
    assert found == _expected()
    for field, code in product(LANGUAGE_FIELDS, INDIGENOUS.split()):
        assert WALKED[f"{field}.{code}"] == {Facet(DataClass.INDIGENOUS_IDENTITY)}


def _record(path: str):
    """A record that holds this one value, and how it reads: whole, or gone."""
    data_class, name, *rest = path.split(".")
    if len(rest) > 1 or name in {"events", "perpetrators", "entries"}:
        inner = rest[0]
        value = [rest[1]] if inner.startswith("per_") else rest[1]
        return {DataClass(data_class): {name: [{inner: value}]}}
    value = rest[0] if rest else "told"
    return {DataClass(data_class): {name: [value] if rest and any(map(name.startswith, LISTED)) else value}}


def _opening(closed: frozenset[DataClass]) -> dict[DataClass, Decision]:
    return {each: Decision(Form.NOTHING if each in closed else Form.WHOLE) for each in PERSONAL}


REVEALING = sorted(path for path, facets in WALKED.items() if facets)


def test_each_reads_where_all_it_reveals_is_open_and_as_never_written_where_any_of_it_is_not():
    for path in REVEALING:
        record, revealed = _record(path), {facet.data_class for facet in WALKED[path]}
        own = next(iter(record))
        for other in PERSONAL - {own}:
            shown = disclose(_opening(frozenset({other})), record, "org").fields[own]
            assert shown == (None if other in revealed else record[own]), (path, other)


def test_what_is_hidden_of_a_list_leaves_the_rest_and_an_entry_goes_whole():
    record = {
        DataClass.EXPLOITATION: {
            "vic_MethodsOfControl": ["WithholdsDocuments", "DebtBondage"],
            "perpetrators": [{"per_RoleInProcess": ["Smuggler", "Abuser"]}, {"per_RoleInProcess": ["Abuser"]}],
            "events": [{"hte_Type": "Transit", "hte_Country": "MX"}, {"hte_Type": "Transit", "hte_Country": "CA"}],
        }
    }
    assert disclose(_opening(frozenset({DataClass.IMMIGRATION})), record, "org").fields[DataClass.EXPLOITATION] == {
        "vic_MethodsOfControl": ["DebtBondage"],
        "perpetrators": [{"per_RoleInProcess": ["Abuser"]}],
        "events": [{"hte_Type": "Transit", "hte_Country": "CA"}],
    }


def test_a_type_alone_is_still_cut_where_it_reveals():
    record = {DataClass.EXPLOITATION: {"vic_TypeOfExploitation": ["Surrogacy", "Servitude"], "facts": "secret"}}
    decisions = {each: Decision(Form.NOTHING) for each in PERSONAL} | {DataClass.EXPLOITATION: Decision(Form.TYPE)}
    assert disclose(decisions, record, "org").fields == {
        DataClass.EXPLOITATION: {"vic_TypeOfExploitation": ["Servitude"]}
    }


def test_a_field_nobody_spoke_of_is_left_out():
    record = {DataClass.HEALTH: {"note": "x", "unknown": "y"}, DataClass.LEGAL: {"entries": [{"unknown": "y"}]}}
    shown = disclose(_opening(frozenset()), record, "org").fields
    assert (shown[DataClass.HEALTH], shown[DataClass.LEGAL]) == ({"note": "x"}, None)


def test_a_record_of_an_earlier_release_reads_under_todays_names():
    assert as_named_now(DataClass.IDENTITY, {"first_name": "Ana", "age_band": "adult"}) == {
        "prs_FirstName": "Ana",
        "age_band": "adult",
    }
    assert as_named_now(DataClass.EXPLOITATION, {"types": ["Servitude"], "facts": "f"}) == {
        "vic_TypeOfExploitation": ["Servitude"],
        "facts": "f",
    }
    assert as_named_now(DataClass.IMMIGRATION, {"status": "s"}) == {"status": "s"}
    assert all(
        new in FACTS[name] and old not in FACTS[name] for name, names in EARLIER.items() for old, new in names.items()
    )


# The API takes exactly these fields and codes -------------------------------------------------------------------------


def _model(annotation) -> type[BaseModel] | None:
    if isinstance(annotation, type):
        return annotation if issubclass(annotation, BaseModel) else None
    return next((found for each in get_args(annotation) if (found := _model(each))), None)


def _codes(schema, definitions) -> set[str]:
    """Return the closed list of codes anywhere in a field's schema."""
    if "$ref" in schema:
        schema = definitions[schema["$ref"].rsplit("/", 1)[1]]
    parts = [*schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else ())]
    return set(schema.get("enum", ())).union(*(_codes(part, definitions) for part in parts))


def _same(model: type[BaseModel], facts, path) -> None:
    schema = model.model_json_schema()
    assert set(schema["properties"]) == set(facts), path
    for name, field in model.model_fields.items():
        told = field.alias or name
        fact, inner = facts[told], _model(field.annotation)
        if fact.entries:
            _same(inner, fact.entries, f"{path}.{told}")
        elif codes := _codes(schema["properties"][told], schema.get("$defs", {})):
            assert codes == set(fact.codes), f"{path}.{told}"


def test_the_api_takes_exactly_the_fields_and_codes_of_the_table():
    models = {name: _model(field.annotation) for name, field in RecordFields.model_fields.items()}
    assert set(models) == {field_of(data_class) for data_class in FACTS} == {field_of(each) for each in PERSONAL}
    for data_class, facts in FACTS.items():
        _same(models[field_of(data_class)], facts, data_class.value)
    assert {each.value for each in Channel} == set(FACTS[DataClass.SAFE_CONTACT]["channel"].codes)
    assert {each.value for each in AgeBand} == set(FACTS[DataClass.IDENTITY]["age_band"].codes)
    assert {each.value for each in Need} == set(FACTS[DataClass.PRACTICAL_NEEDS]["needs"].codes)
    assert set(FACTS[DataClass.CURRENT_LOCATION]["region"].codes) == REGIONS


# The standard itself --------------------------------------------------------------------------------------------------

STANDARD = Path(__file__).resolve().parents[4] / "shared" / "htcds" / "fields-2.0.json"
PREFIXES = ("prs_", "vic_", "hte_", "per_")
# Left out on purpose: ways to reach a person beside their safe contact, what is deprecated, what others record.
LEFT_OUT = """
prs_Salutation prs_Title prs_Deceased prs_Email prs_HomePhone prs_MobilePhone prs_MailingCity prs_MailingCountry
prs_MailingState prs_MailingStreet prs_MailingPostalCode prs_MailingLongitude prs_MailingLatitude
vic_AgreementToManagePersonalData vic_Vulnerabilities vic_DetailsOfVulnerabilities
hte_Longitude hte_Latitude hte_Street hte_PostalCode
"""
# The standard names another list for these: ISO 639-2 and ISO 3166.
ELSEWHERE = {"prs_PrimaryLanguage", "prs_SecondaryLanguage", "prs_Citizenship"}


@pytest.fixture
def standard():
    if not STANDARD.exists():
        pytest.skip("the standard's own table is not in this checkout: ../shared/htcds/fields-2.0.json")
    return {row["name"]: row["values"] for row in json.loads(STANDARD.read_text()) if row["name"].startswith(PREFIXES)}


def _named(facts):
    for name, fact in facts.items():
        if name.startswith(PREFIXES):
            yield name, set(fact.codes)
        yield from _named(fact.entries)


def test_names_and_codes_are_the_standards_letter_for_letter(standard):
    ours = {name: codes for facts in FACTS.values() for name, codes in _named(facts)}
    assert set(ours) | set(LEFT_OUT.split()) == set(standard)
    assert not set(ours) & set(LEFT_OUT.split())
    assert {n: c for n, c in ours.items() if n not in ELSEWHERE | {"hte_Country"}} == {
        name: set(standard[name]) for name in ours if name not in ELSEWHERE | {"hte_Country"}
    }
