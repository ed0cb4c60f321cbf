from dataclasses import replace

import pytest

from services.membership.domain import app as apps
from services.membership.domain.app import AppAlreadyRemoved, Fact, UnknownApp
from services.membership.domain.organization import UnknownOrganization
from services.membership.domain.standing import MEMBERS, NotMember, State
from tests.membership.builders import AT, ORGANIZATION, OTHER, an_organization

SCOPES = frozenset({"referral:read", "directory:read"})
ADA = (ORGANIZATION, "ada")
LATER = AT.replace(hour=9)


def registered():
    return apps.register("3f1b8f0a-2c4d", an_organization(), ADA, "Dossiers", SCOPES, AT)[0]


def test_an_application_is_called_after_its_organisation_and_told_apart():
    app, facts = apps.register("3f1b8f0a-2c4d", an_organization(), ADA, "Dossiers", SCOPES, AT)
    assert (app.client_id, app.scopes, facts) == (
        "erable-3f1b8f0a",
        ("directory:read", "referral:read"),
        (Fact.REGISTERED,),
    )


@pytest.mark.parametrize("state", sorted(set(State) - MEMBERS))
def test_only_members_have_software(state):
    with pytest.raises(NotMember):
        apps.register("a", an_organization(state), ADA, "Dossiers", SCOPES, AT)


def test_another_organisations_coordinator_learns_nothing():
    with pytest.raises(UnknownOrganization):
        apps.register("a", an_organization(), (OTHER, "bob"), "Dossiers", SCOPES, AT)
    for command in (apps.rotate, apps.remove):
        with pytest.raises(UnknownApp):
            command(registered(), OTHER, AT)


def test_another_secret_and_the_end_are_told():
    app = registered()
    assert apps.rotate(app, ORGANIZATION, LATER) == (replace(app, rotated_at=LATER), (Fact.SECRET_ROTATED,))
    assert apps.remove(app, ORGANIZATION, LATER) == (replace(app, removed_at=LATER), (Fact.REMOVED,))


def test_what_was_removed_is_over():
    gone, _ = apps.remove(registered(), ORGANIZATION, AT)
    for command in (apps.rotate, apps.remove):
        with pytest.raises(AppAlreadyRemoved):
            command(gone, ORGANIZATION, AT)
