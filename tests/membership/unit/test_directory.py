from dataclasses import replace
from datetime import timedelta

import pytest

from services.membership.domain import directory
from services.membership.domain.directory import (
    AgesInconsistent,
    Assurance,
    Capacity,
    Eligibility,
    Fact,
    Location,
    PlacesInconsistent,
    Schedule,
    ScheduleMalformed,
    Service,
    ServiceWithdrawn,
    UnknownService,
    UnknownTerm,
)
from services.membership.domain.region import NEIGHBOURS, REGIONS, UnknownRegion, near
from services.membership.domain.standing import NotMember, State
from services.membership.domain.taxonomy import ACCESSIBILITY, NEEDS, POPULATIONS
from tests.membership.builders import AT, ORGANIZATION, OTHER, an_entry, an_organization


def a_service(**changes) -> Service:
    return replace(Service("s", ORGANIZATION, directory.sound(an_entry()), Assurance("eve", AT)), **changes)


def test_a_member_publishes_a_service_and_so_assures_it():
    service, facts = directory.publish("s", an_organization(), "eve", an_entry(), AT)
    assert (service.assurance, service.stale, facts) == (Assurance("eve", AT), False, (Fact.PUBLISHED,))
    assert service.entry.needs == ("shelter", "shelter-tonight")


@pytest.mark.parametrize("state", [State.SUSPENDED, State.APPLIED, State.WITHDRAWN])
def test_who_is_no_member_publishes_nothing(state):
    with pytest.raises(NotMember):
        directory.publish("s", an_organization(state), "eve", an_entry(), AT)


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"needs": ("shelter", "gold")}, UnknownTerm),
        ({"languages": ("fra", "fr")}, UnknownTerm),
        ({"accessibility": ("wings",)}, UnknownTerm),
        ({"eligibility": Eligibility(("dragons",))}, UnknownTerm),
        ({"service_areas": ("18",)}, UnknownRegion),
        ({"locations": (Location("99"),)}, UnknownRegion),
        ({"places": None}, PlacesInconsistent),
        ({"capacity": Capacity.OPEN}, PlacesInconsistent),
        ({"eligibility": Eligibility(("women",), minimum_age=30, maximum_age=18)}, AgesInconsistent),
        ({"schedules": (Schedule((), "08:00", "17:00"),)}, ScheduleMalformed),
        ({"schedules": (Schedule(("LU",), "08:00", "17:00"),)}, ScheduleMalformed),
        ({"schedules": (Schedule(("MO",), "8:00", "17:00"),)}, ScheduleMalformed),
        ({"schedules": (Schedule(("MO",), "08:00", "25:00"),)}, ScheduleMalformed),
        ({"schedules": (Schedule(("MO",), "08:00", "08:00"),)}, ScheduleMalformed),
    ],
)
def test_an_entry_that_breaks_a_rule_is_refused_by_its_name(changes, refusal):
    with pytest.raises(refusal):
        directory.publish("s", an_organization(), "eve", an_entry(**changes), AT)


def test_a_change_replaces_the_entry_and_assures_it():
    later = AT + timedelta(days=3)
    changed, facts = directory.change(a_service(stale=True), ORGANIZATION, "fay", an_entry(places=2), later)
    assert (changed.entry.places, changed.assurance, changed.stale) == (2, Assurance("fay", later), False)
    assert facts == (Fact.CHANGED,)


def test_the_same_entry_again_only_assures_it():
    later = AT + timedelta(days=3)
    assured, facts = directory.assure(a_service(), ORGANIZATION, "fay", later)
    assert (assured.assurance.at, facts) == (later, ())
    assert directory.assure(a_service(stale=True), ORGANIZATION, "fay", later)[1] == (Fact.CHANGED,)


@pytest.mark.parametrize(
    "act",
    [
        lambda service, by: directory.change(service, by, "eve", an_entry(), AT),
        lambda service, by: directory.assure(service, by, "eve", AT),
        directory.withdraw,
    ],
)
def test_only_its_own_organisation_touches_a_service_and_only_while_it_is_there(act):
    with pytest.raises(UnknownService):
        act(a_service(), OTHER)
    with pytest.raises(ServiceWithdrawn):
        act(a_service(withdrawn=True), ORGANIZATION)


def test_a_service_is_withdrawn_for_good():
    gone, facts = directory.withdraw(a_service(), ORGANIZATION)
    assert (gone.withdrawn, facts) == (True, (Fact.WITHDRAWN,))


def test_an_entry_nobody_assures_is_flagged_once_after_half_a_year():
    service = a_service()
    due = service.stale_from
    assert directory.flag_stale(service, due - timedelta(seconds=1)) == (service, ())
    flagged, facts = directory.flag_stale(service, due)
    assert (flagged.stale, facts) == (True, (Fact.CHANGED,))
    assert directory.flag_stale(flagged, due) == (flagged, ())
    gone = a_service(withdrawn=True)
    assert directory.flag_stale(gone, due) == (gone, ())


def test_an_open_place_is_shown_whole():
    assert directory.public_entry(an_entry()) == an_entry()


def test_a_confidential_place_shows_its_region_only():
    secret = an_entry(confidential=True, url="https://erable.example", contacts=(directory.Contact("Eve"),))
    shown = directory.public_entry(secret)
    assert (shown.locations, shown.phones, shown.contacts, shown.url) == ((Location("06"),), (), (), None)
    text = repr(shown)
    assert not any(word in text for word in ("Inventée", "H0H", "45.5", "5550101", "erable.example", "Eve"))
    assert (shown.name, shown.needs) == (secret.name, secret.needs)
    assert (secret.places, shown.places) == (4, None)


def test_there_are_seventeen_regions_and_neighbours_agree():
    assert sorted(REGIONS) == sorted(NEIGHBOURS) == [f"{n:02}" for n in range(1, 18)]
    assert all(code in NEIGHBOURS[other] for code, others in NEIGHBOURS.items() for other in others)
    assert not any(code in others for code, others in NEIGHBOURS.items())


def test_near_is_next_door_and_not_here():
    assert near(("06",)) == {"13", "14", "16"}
    assert near(("06", "13")) == {"14", "15", "16"}


def test_every_term_is_said_in_both_languages():
    for taxonomy in (NEEDS, POPULATIONS, ACCESSIBILITY, REGIONS):
        assert all(text.fr and text.en for text in taxonomy.values())
