"""Cutting a record to what is open, and that what is withheld changes no byte."""

from hypothesis import given
from hypothesis import strategies as st

from services.referral.domain.disclosure import Decision, Form, Reading, Role, Stage, decide_all
from services.referral.domain.record import classes_to_open, disclose
from services.referral.domain.reveals import Facet, Part, is_shown, of_code
from services.referral.domain.taxonomy import PERSONAL, DataClass, Need, Purpose, Sector

NOTHING = dict.fromkeys(PERSONAL, Decision(Form.NOTHING))


def opening(**forms):
    return NOTHING | {DataClass(name.replace("_", "-")): Decision(Form(form)) for name, form in forms.items()}


def test_each_form_shows_its_part():
    record = {
        DataClass.EXPLOITATION: {"vic_TypeOfExploitation": ["ForcedLabour"], "facts": "secret"},
        DataClass.IMMIGRATION: {"insured": False, "status": "secret"},
        DataClass.HEALTH: {"attestation_signed": None, "note": "secret"},
        DataClass.IDENTITY: {"prs_FirstName": "A"},
    }
    decisions = opening(exploitation="type", immigration="coverage", health="attestation", identity="whole")
    assert disclose(decisions, record, "org").fields == {
        DataClass.EXPLOITATION: {"vic_TypeOfExploitation": ["ForcedLabour"]},
        DataClass.IMMIGRATION: {"insured": False},
        DataClass.HEALTH: None,
        DataClass.IDENTITY: {"prs_FirstName": "A"},
    }


def test_police_read_the_entries_they_wrote_themselves():
    entries = [{"author_organization_id": "police", "reference": "1"}, {"author_organization_id": "other"}]
    record = {DataClass.LEGAL: {"entries": entries}}
    assert disclose(opening(legal="own"), record, "police").fields == {DataClass.LEGAL: {"entries": entries[:1]}}
    assert disclose(opening(legal="own"), record, "third").fields == {DataClass.LEGAL: None}


def test_an_open_class_without_data_reads_none_and_one_reading_opens_nothing_by_itself():
    assert disclose(opening(identity="whole"), {}, "org").fields == {DataClass.IDENTITY: None}
    assert classes_to_open(opening(current_location="once", identity="whole")) == (DataClass.IDENTITY,)


def test_a_code_that_reveals_a_withheld_class_goes_with_it():
    record = {
        DataClass.IDENTITY: {"languages": ["fra", "iku"]},
        DataClass.PRACTICAL_NEEDS: {"needs": ["transport", "immigration-help"]},
    }
    decisions = opening(identity="whole", practical_needs="whole")
    assert disclose(decisions, record, "org").fields == {
        DataClass.IDENTITY: {"languages": ["fra"]},
        DataClass.PRACTICAL_NEEDS: {"needs": ["transport"]},
    }
    wider = decisions | opening(
        identity="whole", practical_needs="whole", indigenous_identity="whole", immigration="whole"
    )
    assert disclose(wider, record, "org").fields[DataClass.IDENTITY] == {"languages": ["fra", "iku"]}


def test_a_part_opens_what_reveals_that_part_and_the_whole_opens_every_part():
    labour = of_code(Need.LABOUR_STANDARDS)
    assert is_shown(labour, frozenset({Facet(DataClass.EXPLOITATION, Part.TYPE)}))
    assert is_shown(labour, frozenset({Facet(DataClass.EXPLOITATION)}))
    assert not is_shown(of_code(Need.DETOX), frozenset({Facet(DataClass.HEALTH, Part.ATTESTATION)}))
    assert of_code("no-such-code") == frozenset()


VALUES = st.dictionaries(st.sampled_from(["note", "status", "prs_FirstName"]), st.text(max_size=8), max_size=3)
RECORDS = st.dictionaries(st.sampled_from(sorted(PERSONAL)), VALUES, max_size=11)
READINGS = st.builds(
    Reading,
    sector=st.sampled_from(Sector),
    role=st.sampled_from(Role),
    stage=st.sampled_from(Stage),
    purpose=st.sampled_from(Purpose),
    needs=st.frozensets(st.sampled_from(Need), max_size=3),
    consented=st.frozensets(st.sampled_from(sorted(PERSONAL))),
    grounds=st.frozensets(st.sampled_from(sorted(PERSONAL))),
)


@given(READINGS, RECORDS, RECORDS)
def test_two_worlds_that_differ_only_in_withheld_classes_read_the_same(reading, one, other):
    decisions = decide_all(reading)
    whole = {data_class for data_class, decision in decisions.items() if decision.form is Form.WHOLE}
    partial = {data_class for data_class in classes_to_open(decisions) if data_class not in whole}
    differing = {c: v for c, v in one.items() if c not in whole | partial}
    same = {c: v for c, v in other.items() if c in whole | partial}
    first = disclose(decisions, same | differing, "org")
    second = disclose(decisions, same, "org")
    assert first == second
