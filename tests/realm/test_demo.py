"""Demo people and applications, usable without a mailbox."""

import json
import stat
import time
from uuid import uuid4

import pytest

from cli import demo_people, sign_in
from cli.realm.code import composites
from services.membership.domain import region, sector
from services.membership.domain.accreditation import BusinessNumber, business_number
from services.membership.keycloak import Account, Organization
from tests.realm.conftest import REDIRECT, issuer
from tests.realm.test_tokens import claims, roles

STATED = json.loads(demo_people.DEMO.read_text(encoding="utf-8"))
PEOPLE = [person for place in (*STATED["organizations"], STATED["coalition"]) for person in place["people"]]


SMALL = {
    "coalition": {"people": STATED["coalition"]["people"][:2]},
    "organizations": [place for place in STATED["organizations"] if place["alias"].startswith(("halte-", "police-"))],
}


async def provision(keycloak) -> None:
    """Do what membership's jobs do for these organisations and people."""
    coalition = {"alias": "coalition", "sector": "coalition", "family": "coalition", "regime": "private"}
    for place in (*SMALL["organizations"], coalition | SMALL["coalition"]):
        described = [place[key] for key in ("alias", "sector", "family", "regime")]
        organization = Organization(str(uuid4()), *described)
        for person in place["people"]:
            account = Account(person["address"], person["given_name"], person["family_name"], person["language"])
            await keycloak.people.provision(organization, account, person["roles"])


@pytest.fixture
def people(tmp_path):
    found = tmp_path / "people.json"
    found.write_text(json.dumps(SMALL))
    return found


async def test_the_demo_signs_in_and_is_made_once(realm, keycloak, direct, settings, tmp_path, people):
    state = tmp_path / "demo.json"
    with pytest.raises(demo_people.AccountMissing):
        await demo_people.equip(realm, keycloak, state, within=0, people=people)
    await provision(keycloak)
    demo = await demo_people.equip(realm, keycloak, state, people=people)
    assert stat.S_IMODE(state.stat().st_mode) == 0o600
    assert demo_people.read(state) == demo

    written = state.stat().st_mtime_ns
    assert await demo_people.equip(realm, keycloak, state, people=people) == demo
    assert state.stat().st_mtime_ns == written

    officer = demo.login("olivier.marchand-dube")
    person = sign_in.Person(officer.username, officer.password, officer.totp_secret)
    held = await sign_in.tokens(direct, REDIRECT, person, "openid organization:police-val-des-erables")
    assert "police.law-enforcement.caseworker" in roles(held.access, "police-val-des-erables")

    member = demo.login("odile.saint-amand")
    person = sign_in.Person(member.username, member.password, member.totp_secret)
    held = await sign_in.tokens(direct, REDIRECT, person)
    assert set(claims(held.access)["organization"]) == {"coalition", "halte-du-sorbier"}

    assert [app.client_id for app in demo.apps] == ["demo-police-val-des-erables"]
    for app in demo.apps:
        answered = await sign_in.app_token(sign_in.Client(issuer(settings), app.client_id, app.secret))
        assert roles(answered.access, app.organization) == set(app.scopes)

    lost = await demo_people.equip(realm, keycloak, tmp_path / "another.json", people=people)
    anew = lost.login(officer.username)
    assert anew.password != officer.password
    person = sign_in.Person(anew.username, anew.password, anew.totp_secret)
    assert (await sign_in.tokens(direct, REDIRECT, person)).access


def test_the_demo_has_every_row_of_the_access_table():
    held = {
        f"{place['family']}.{place['sector']}.{role}"
        for place in STATED["organizations"]
        for person in place["people"]
        for role in person["roles"]
    }
    held |= {f"coalition.coalition.{role}" for person in STATED["coalition"]["people"] for role in person["roles"]}
    assert held == set(composites())


def test_the_access_table_has_every_family_of_every_sector():
    stated = {tuple(row.split(".")[:2]) for row in composites()} - {("coalition", "coalition")}
    allowed = {(str(family), str(found)) for found, families in sector.FAMILIES.items() for family in families}
    assert stated == allowed


def test_the_demo_has_an_application_a_sector():
    assert {place["sector"] for place in STATED["organizations"] if "app" in place} == {
        str(found) for found in sector.FAMILIES
    }


def test_the_boards_two_members_come_from_different_organisations():
    board = {person["address"] for person in STATED["coalition"]["people"] if "board" in person["roles"]}
    places = [
        place["alias"] for place in STATED["organizations"] for person in place["people"] if person["address"] in board
    ]
    coordinators = {p["address"] for p in PEOPLE if "coordinator" in p["roles"]}
    assert len(board) == len(set(places)) == 2
    assert not board & coordinators  # who applied for an organisation cannot be who admits it


def test_the_demos_organisations_could_really_apply():
    for place in STATED["organizations"]:
        sector.hold_together(
            sector.Sector(place["sector"]), sector.Family(place["family"]), sector.Regime(place["regime"])
        )
        assert business_number(place["business_number"]) == BusinessNumber(place["business_number"])
        assert all(region.known_region(code) for code in place["regions"])
        assert set(place["name"]) == set(place["mission"]) == {"fr", "en"}


def test_nobody_of_the_demo_has_a_real_address():
    assert all(person["address"].endswith(".example") for person in PEOPLE)


def a_login(username: str, sector_: str = "community", role: str = "caseworker") -> demo_people.Login:
    return demo_people.Login(username, "N", "org", sector_, (role,), "u", "p", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")


def test_the_card_shows_one_person_a_sector():
    people = (a_login("a@x.example"), a_login("b@x.example"), a_login("c@x.example", "government"))
    assert [login.username for login in demo_people.Demo(people).card()] == ["a@x.example", "c@x.example"]


def test_a_login_is_found_by_the_name_before_the_at_sign():
    demo = demo_people.Demo((a_login("a@x.example"), a_login("b@x.example"), a_login("b@y.example")))
    assert demo.login("a").username == "a@x.example"
    for unknown in ("c", "b", ""):
        with pytest.raises(demo_people.NoSuchLogin):
            demo.login(unknown)


def test_a_login_gives_its_address_for_authenticators_and_its_code():
    login = a_login("a@x.example")
    assert login.uri.startswith("otpauth://totp/Coalition:a%40x.example?secret=")
    assert len(login.code(time.time())) == 6
