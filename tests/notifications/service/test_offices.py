"""What happens to members and their services is told to who holds the role to act on it."""

from datetime import timedelta
from uuid import uuid4

from kit.clock import utc_now
from kit.testing import eventually, tokens
from tests.notifications.service.test_inbox import INBOX, filled, inbox

COORDINATOR = ("coordinator",)


async def quiet_after(api, tellers, someone, *others) -> None:
    """Wait until one more fact has come through, then see that nobody else was told anything."""
    await tellers.of_service(someone.organization, stale=True)
    await filled(api, someone)
    for other in others:
        assert (await inbox(api, other))["items"] == []


async def test_a_stale_entry_reminds_its_owners_coordinators_and_nobody_else(api, tellers, hire, post):
    house = str(uuid4())
    first, second = await hire(house, roles=COORDINATOR), await hire(house, roles=("intake", "coordinator"))
    caseworker, elsewhere = await hire(house, roles=("caseworker",)), await hire(roles=COORDINATOR)
    service = await tellers.of_service(house, stale=True)
    for someone in (first, second):
        [entry] = await filled(api, someone)
        assert (entry["kind"], entry["link"], entry["alarm"]) == ("service-stale", f"/services/{service}", False)
        assert entry["title"]["fr"] == "Un service du répertoire est à vérifier"

        async def mailed(someone=someone):
            return post.to(someone.email)

        assert service not in str(await eventually(mailed))
    await quiet_after(api, tellers, await hire(roles=COORDINATOR), caseworker, elsewhere)


async def test_an_entry_changed_and_not_stale_reminds_nobody(api, tellers, hire):
    boss = await hire(roles=COORDINATOR)
    await tellers.of_service(boss.organization, stale=False)
    await quiet_after(api, tellers, await hire(roles=COORDINATOR), boss)


async def test_a_new_application_is_told_to_the_board_wherever_it_sits(api, tellers, hire):
    coalition, applicant = str(uuid4()), str(uuid4())
    member, staff = await hire(coalition, roles=("board",)), await hire(coalition, roles=("coordination",))
    await tellers.of_organization("applied", applicant)
    [entry] = await filled(api, member)
    assert (entry["kind"], entry["link"]) == ("application-received", f"/organizations/{applicant}")
    await quiet_after(api, tellers, await hire(roles=COORDINATOR), staff)


async def test_a_renewal_and_an_accreditation_that_ends_soon_are_told_to_the_organisations_coordinators(
    api, tellers, hire
):
    boss, elsewhere = await hire(roles=COORDINATOR), await hire(roles=COORDINATOR)
    until = (utc_now() + timedelta(days=30)).isoformat()
    await tellers.of_organization("renewal-called", boss.organization, until=until)
    ending = {"accreditation": "may-handle-referrals", "until": until}
    await tellers.of_organization("accreditation-ending", boss.organization, **ending)
    entries = await filled(api, boss, 2)
    assert [entry["kind"] for entry in entries] == ["accreditation-ending", "renewal-due"]
    assert {entry["link"] for entry in entries} == {f"/organizations/{boss.organization}"}
    await quiet_after(api, tellers, await hire(roles=COORDINATOR), elsewhere)


async def test_a_reset_that_waits_is_told_to_coordination(api, tellers, hire):
    staff, boss, person = await hire(roles=("coordination",)), await hire(roles=COORDINATOR), str(uuid4())
    who = {"representative_id": person, "organization_id": boss.organization}
    await tellers.tell("membership.representative-reset-asked", f"representative:{person}", who)
    [entry] = await filled(api, staff)
    assert (entry["kind"], entry["link"]) == ("reset-asked", f"/representatives/{person}")
    await quiet_after(api, tellers, await hire(roles=COORDINATOR), boss)


async def test_whoever_holds_the_role_at_that_moment_is_told(api, tellers, hire):
    house = str(uuid4())
    former, gone = await hire(house, roles=COORDINATOR), await hire(house, roles=COORDINATOR)
    new = await hire(house, roles=("intake",))
    await tellers.change_roles(former.user, house, former.representative, "caseworker")
    await tellers.change_roles(new.user, house, new.representative, "coordinator")
    await tellers.deactivate(gone.user, house, gone.representative)
    await tellers.of_service(house, stale=True)
    assert len(await filled(api, new)) == 1
    assert (await inbox(api, former))["items"] == []
    answer = await api.get(INBOX, headers=tokens.as_coordinator(user=gone.user, organization=house))
    assert answer.status_code == 403


async def test_a_role_given_long_ago_counts_and_a_fact_of_long_ago_does_not(api, tellers, hire, book):
    long_ago, house, user = utc_now() - timedelta(days=800), str(uuid4()), str(uuid4())
    book.write(user, "old@example.org")
    who = {"representative_id": "r", "organization_id": house, "user_id": user, "roles": ["coordinator"]}
    await tellers.tell("membership.representative-activated", "representative:r", who, long_ago)
    old = {"organization_id": house, "until": long_ago.isoformat()}
    await tellers.tell("membership.organization-renewal-called", f"organization:{house}", old, long_ago)
    service = await tellers.of_service(house, stale=True)
    headers = tokens.as_coordinator(user=user, organization=house)

    async def told():
        return (await api.get(INBOX, headers=headers)).json()["items"]

    assert [entry["link"] for entry in await eventually(told)] == [f"/services/{service}"]
