"""Who may refer and receive: accredited, not suspended, whatever order membership's messages come in."""

from datetime import timedelta

import pytest

from kit.marks import Marks
from services.referral import consumed
from services.referral.consumed import REVOCATIONS
from tests.referral.world import NEED

MAY = {"accreditation": "may-handle-referrals"}


async def _send(scene):
    referral = await scene.drafted()
    return await scene.caseworker.post(f"/referrals/{referral}/request")


@pytest.mark.parametrize(
    ("side", "message", "fields", "code"),
    [
        ("receiver", consumed.OrganizationSuspended, {}, "referral.recipient-unavailable"),
        ("receiver", consumed.OrganizationLapsed, {}, "referral.recipient-unavailable"),
        ("receiver", consumed.OrganizationWithdrawn, {}, "referral.recipient-unavailable"),
        ("receiver", consumed.OrganizationAccreditationEnded, MAY, "referral.recipient-unavailable"),
        ("sender", consumed.OrganizationSuspended, {}, "referral.sender-not-accredited"),
        ("sender", consumed.OrganizationAccreditationEnded, MAY, "referral.sender-not-accredited"),
    ],
)
async def test_nothing_is_sent_to_or_by_an_organisation_that_may_not(scene, side, message, fields, code):
    await scene.consented()
    referral = await scene.drafted()
    await scene.world.about(getattr(scene, side), message, **fields)
    refused = await scene.caseworker.post(f"/referrals/{referral}/request")
    assert refused.json()["code"] == code
    assert (await scene.world.stored("referrals", referral))["state"] == "draft"


async def test_an_accreditation_over_its_date_is_over_without_any_message(scene, clock):
    await scene.consented(days=300)
    referral = await scene.drafted()
    clock.advance(timedelta(days=366))
    refused = await scene.caseworker.post(f"/referrals/{referral}/request")
    assert refused.json()["code"] == "referral.sender-not-accredited"


async def test_a_suspension_is_lifted_by_its_own_message_and_by_no_other(scene):
    await scene.consented()
    await scene.world.about(scene.receiver, consumed.OrganizationSuspended)
    await scene.world.accredit(scene.receiver)
    await scene.world.about(scene.receiver, consumed.OrganizationRenewed)
    assert (await scene.draft()).json()["code"] == "referral.recipient-unavailable"
    await scene.world.about(scene.receiver, consumed.OrganizationReinstated)
    assert (await _send(scene)).status_code == 200


async def test_a_grant_with_a_lower_sequence_than_the_revocation_changes_nothing(scene):
    """The two durables deliver in any order: what counts is the order in which membership decided."""
    await scene.consented()
    world, member = scene.world, scene.receiver
    ended = consumed.OrganizationAccreditationEnded(organization_id=member.id, **MAY)
    until = world.clock() + timedelta(days=90)
    granted = consumed.OrganizationAccredited(organization_id=member.id, until=until, **MAY)
    aggregate = f"organization:{member.id}"
    await world.told(aggregate, 9, ended)
    await world.told(aggregate, 8, granted)
    assert (await scene.draft()).json()["code"] == "referral.recipient-unavailable"
    await world.told(aggregate, 10, granted)
    await world.told(aggregate, 9, ended)
    assert (await _send(scene)).status_code == 200


async def test_a_parked_revocation_denies(scene):
    await scene.consented()
    marks = Marks(scene.world.db, REVOCATIONS.name).marks
    aggregate = f"organization:{scene.receiver.id}"
    row = {"_id": f"{REVOCATIONS.name}|{aggregate}", "consumer": REVOCATIONS.name, "aggregate": aggregate}
    await marks.insert_one(row | {"sequence": 0, "parked": 1})
    assert (await scene.draft()).json()["code"] == "referral.recipient-unavailable"
    await marks.update_one({"_id": row["_id"]}, {"$set": {"parked": 0}})
    assert (await _send(scene)).status_code == 200


async def test_a_lapse_stops_new_referrals_and_never_cuts_live_ones_a_suspension_does(scene):
    referral = await scene.requested()
    await scene.world.about(scene.receiver, consumed.OrganizationLapsed)
    assert (await scene.intake.post(f"/referrals/{referral}/review")).status_code == 200
    await scene.world.about(scene.receiver, consumed.OrganizationSuspended)
    refused = await scene.intake.post(f"/referrals/{referral}/accept", {})
    assert (refused.status_code, refused.json()["code"]) == (409, "referral.closed")
    await scene.world.about(scene.receiver, consumed.OrganizationReinstated)
    assert (await scene.intake.post(f"/referrals/{referral}/accept", {})).status_code == 200


async def test_a_service_that_closed_or_left_receives_nothing(scene):
    await scene.consented()
    referral = await scene.drafted()
    gone = consumed.ServiceWithdrawn(service_id=scene.service)
    await scene.world.told(f"service:{scene.service}", 2, gone)
    refused = await scene.caseworker.post(f"/referrals/{referral}/request")
    assert refused.json()["code"] == "referral.recipient-unavailable"


async def test_an_unknown_organisation_or_service_is_unavailable_and_nothing_more(scene):
    scene.service = "0b5e1c2a-8f5d-4c7f-9a51-1d2c3b4a5f60"
    refused = await scene.draft()
    assert (refused.status_code, refused.json()["code"]) == (409, "referral.recipient-unavailable")


async def test_a_referral_goes_to_another_organisation(scene):
    await scene.world.worker(scene.sender, "intake")
    scene.service = await scene.world.service(scene.sender)
    refused = await scene.draft()
    assert (refused.status_code, refused.json()["code"]) == (422, "referral.to-own-organization")


async def test_a_service_where_nobody_is_there_to_answer_can_be_neither_asked_nor_sent_to(scene):
    empty = await scene.world.member()
    await scene.world.worker(empty, "caseworker")
    scene.service = await scene.world.service(empty)
    asked = await scene.caseworker.post("/capacity-queries", {"query": NEED, "service_ids": [scene.service]})
    for refused in (asked, await scene.draft()):
        assert (refused.status_code, refused.json()["code"]) == (409, "referral.recipient-unavailable")
    await scene.world.worker(empty, "coordinator")
    assert (await scene.draft()).status_code == 201
