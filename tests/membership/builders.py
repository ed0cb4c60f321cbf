"""Organisations, people and services as tests need them."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from services.membership.domain.accreditation import BusinessNumber, Evidence, PrivacyOfficer, Reference
from services.membership.domain.directory import Capacity, Eligibility, Entry, Location, Phone, Schedule
from services.membership.domain.organization import (
    Applicant,
    Decider,
    Organization,
    OrganizationId,
    Profile,
    Term,
    UserId,
)
from services.membership.domain.representative import Manager, Representative, RepresentativeId, invitation
from services.membership.domain.representative import State as PersonState
from services.membership.domain.role import Role
from services.membership.domain.sector import Family, Regime, Sector
from services.membership.domain.standing import State
from services.membership.domain.text import Text

AT = datetime(2026, 11, 24, 3, 10, tzinfo=UTC)
ORGANIZATION = OrganizationId("6f1c1f0e-0000-4000-8000-000000000001")
OTHER = OrganizationId("6f1c1f0e-0000-4000-8000-000000000002")
COALITION = OrganizationId("6f1c1f0e-0000-4000-8000-00000000000c")
CODE = "ABCD EFGH"


def a_profile(**changes) -> Profile:
    profile = Profile(
        name=Text("Maison de l'Érable", "Maple House"),
        sector=Sector.COMMUNITY,
        family=Family.NGO,
        regime=Regime.PRIVATE,
        mission=Text("Héberger des femmes.", "Shelter women."),
        regions=("06",),
        website=None,
        business_number=BusinessNumber("1166000001"),
        listed=True,
    )
    return replace(profile, **changes)


def an_applicant(**changes) -> Applicant:
    return replace(Applicant("Ada", "Tremblay", "ada@erable.example", "fr"), **changes)


def an_organization(state: State = State.ADMITTED, **changes) -> Organization:
    terms = (Term(AT, AT + timedelta(days=365), UserId("board-1")),)
    organization = Organization(ORGANIZATION, a_profile(), an_applicant(), state, AT, alias="erable", terms=terms)
    return replace(organization, **changes)


def a_decider(user: str = "board-1", **changes) -> Decider:
    return replace(Decider(UserId(user), f"{user}@coalition.example", frozenset({COALITION})), **changes)


def evidence(**changes) -> Evidence:
    day = date(2026, 11, 1)
    found = Evidence(
        information_agreement_signed_on=day,
        privacy_officer=PrivacyOfficer("Bea Roy", "Responsable", "vie.privee@erable.example"),
        training_completed_on=day,
        vetting_attested_on=day,
        business_number=BusinessNumber("1166000001"),
        references=(Reference("Cam Lee", "Abri Sud", day), Reference("Dee Fox", "Abri Nord", day)),
    )
    return replace(found, **changes)


def a_manager(user: str = "manager", organization: OrganizationId = ORGANIZATION, **changes) -> Manager:
    return replace(Manager(UserId(user), organization), **changes)


def a_person(state: PersonState = PersonState.ACTIVE, **changes) -> Representative:
    person = Representative(
        id=RepresentativeId("person-1"),
        organization_id=ORGANIZATION,
        address="eve@erable.example",
        roles=(Role.CASEWORKER,),
        state=state,
        invitation=invitation(CODE, UserId("manager"), AT),
        user=UserId("eve") if state is PersonState.ACTIVE else None,
    )
    return replace(person, **changes)


def an_entry(**changes) -> Entry:
    entry = Entry(
        name=Text("Hébergement d'urgence", "Emergency shelter"),
        description=Text("Des lits pour cette nuit.", "Beds for tonight."),
        needs=("shelter-tonight", "shelter"),
        service_areas=("06",),
        languages=("fra", "eng"),
        eligibility=Eligibility(("women",), minimum_age=18),
        locations=(Location("06", "123, rue Inventée", "Montréal", "H0H 0H0", 45.5, -73.6),),
        phones=(Phone("+15145550101"),),
        schedules=(Schedule(("MO", "TU"), "00:00", "24:00"),),
        capacity=Capacity.COUNTED,
        places=4,
    )
    return replace(entry, **changes)
