"""A need that a referral left open goes further in one call, with consent asked anew."""

import pytest

from tests.referral.several import several
from tests.referral.world import NEED


async def _declined(scene, *alternatives: str, **options) -> str:
    referral = await scene.requested(**options)
    body = {"reason": "no-capacity", "alternative_service_ids": list(alternatives)}
    assert (await scene.intake.post(f"/referrals/{referral}/decline", body)).status_code == 200
    return referral


async def test_an_alternative_becomes_the_next_referral_in_one_call_and_consent_is_asked_anew(scene):
    many = await several(scene, 2)
    query = await scene.caseworker.post("/capacity-queries", {"query": NEED, "service_ids": [scene.service]})
    answer = {"service_id": scene.service, "answer": "capacity"}
    await scene.intake.post(f"/capacity-requests/{query.json()['id']}/answer", answer)
    await scene.consented()
    who = {"person_id": scene.person, "purpose": "support", "classes": ["identity"], "service_id": scene.service}
    first = (await scene.caseworker.post(f"/capacity-queries/{query.json()['id']}/referral", who)).json()["id"]
    await scene.caseworker.post(f"/referrals/{first}/request")
    body = {"reason": "no-capacity", "alternative_service_ids": [many.services[1]]}
    await scene.intake.post(f"/referrals/{first}/decline", body)
    read = (await scene.caseworker.get(f"/referrals/{first}")).json()
    assert (read["needs_left"], read["next_referral_ids"]) == (["shelter-tonight"], [])

    made = await scene.caseworker.post(f"/referrals/{first}/next", {"service_id": read["alternatives"][0]})
    assert (made.status_code, made.json()["state"], made.json()["linked_from"]) == (201, "draft", first)
    asked = made.json()["consent_to_ask"]
    assert asked == {
        "recipient_organization_id": many.members[1].id,
        "purpose": "support",
        "classes": ["identity"],
        "code": "consent.not-live",
    }
    following = made.json()["id"]
    stored = [await scene.world.stored("referrals", each) for each in (first, following)]
    assert stored[0]["query"] == stored[1]["query"] == query.json()["id"]
    refused = await scene.caseworker.post(f"/referrals/{following}/request")
    assert refused.json()["code"] == "consent.not-live"
    await many.consent_to(many.members[1])
    assert (await scene.caseworker.post(f"/referrals/{following}/request")).status_code == 200
    shown = (await scene.caseworker.get(f"/referrals/{following}")).json()
    assert (shown["linked_from"], shown["need"], shown["shares"]) == (first, read["need"], ["identity"])
    assert (await scene.caseworker.get(f"/referrals/{first}")).json()["next_referral_ids"] == [following]


async def test_the_next_receiver_learns_nothing_of_the_earlier_one_nor_it_of_the_next(scene):
    many = await several(scene, 2)
    first = await _declined(scene, many.services[1])
    await many.consent_to(many.members[1])
    following = (await scene.caseworker.post(f"/referrals/{first}/next", {"service_id": many.services[1]})).json()["id"]
    await scene.caseworker.post(f"/referrals/{following}/request")
    later, earlier = [
        await intake.get(f"/referrals/{each}")
        for intake, each in zip(many.intakes[::-1], (following, first), strict=True)
    ]
    assert (later.json()["linked_from"], later.json()["needs_left"]) == (None, None)
    assert first not in later.text
    assert scene.receiver.id not in later.text
    assert following not in earlier.text
    assert earlier.json()["next_referral_ids"] is None


async def test_needs_not_met_stay_open_and_the_linked_referral_asks_for_them_alone(scene_of):
    scene = await scene_of("community", "shelter-tonight", "transport", "food-clothing")
    many = await several(scene, 2)
    needs = ["shelter-tonight", "transport", "food-clothing"]
    referral = await scene.accepted(needs=needs, consent={"feedback": "outcome"})
    outcomes = {"shelter-tonight": "met", "transport": "not-met", "food-clothing": "partly-met"}
    await scene.intake.post(f"/referrals/{referral}/complete", {"outcomes": outcomes})
    assert (await scene.caseworker.get(f"/referrals/{referral}")).json()["needs_left"] == needs[1:]
    path, to = f"/referrals/{referral}/next", {"service_id": many.services[1]}
    one = await scene.caseworker.post(path, to | {"needs": ["transport"]})
    rest = await scene.caseworker.post(path, to)
    carried = [(await scene.caseworker.get(f"/referrals/{each.json()['id']}")).json()["need"] for each in (one, rest)]
    assert [need["needs"] for need in carried] == [["transport"], needs[1:]]
    refused = await scene.caseworker.post(path, to | {"needs": ["shelter-tonight"]})
    assert (refused.status_code, refused.json()["code"]) == (409, "referral.nothing-left-open")


@pytest.mark.parametrize(
    ("feedback", "left"),
    [("none", []), ("received", []), ("ended", None), ("outcome", ["shelter-tonight"])],
)
async def test_what_stays_open_is_told_as_far_as_the_person_lets_the_sender_know(scene, feedback, left):
    referral = await scene.accepted(consent={"feedback": feedback})
    before = (await scene.caseworker.get(f"/referrals/{referral}")).json()
    await scene.intake.post(f"/referrals/{referral}/complete", {"outcomes": {"shelter-tonight": "not-met"}})
    seen = (await scene.caseworker.get(f"/referrals/{referral}")).json()
    assert seen["needs_left"] == left
    if left == []:
        assert seen == before
    made = await scene.caseworker.post(f"/referrals/{referral}/next", {"service_id": scene.service})
    assert made.status_code == (409 if left == [] else 201)


@pytest.mark.parametrize(
    ("end", "body", "left"),
    [
        ("decline", {"reason": "other"}, ["shelter-tonight"]),
        ("cancel", {"reason": "other"}, []),
        ("consent-withdrawal", None, []),
        ("expiry", None, ["shelter-tonight"]),
        ("fail", {"reason": "left-early"}, ["shelter-tonight"]),
    ],
)
async def test_each_end_says_which_needs_stay_open(scene, clock, end, body, left):
    referral = await scene.requested(consent={"feedback": "outcome"})
    assert (await scene.caseworker.get(f"/referrals/{referral}")).json()["needs_left"] == []
    if end == "fail":
        await scene.intake.post(f"/referrals/{referral}/accept", {})
    if end == "expiry":
        clock.advance((await scene.world.stored("referrals", referral))["expires_at"] - clock())
        await scene.world.due()
    else:
        await scene.intake.post(f"/referrals/{referral}/{end}", body)
    assert (await scene.caseworker.get(f"/referrals/{referral}")).json()["needs_left"] == left


async def test_the_need_of_someone_who_came_by_themselves_goes_further_too(scene):
    own = await scene.world.service(scene.sender)
    intake = await scene.world.worker(scene.sender, "intake", "caseworker")
    opening = {"person_id": scene.person, "service_id": own, "source": "walk-in", "need": NEED}
    referral = (await intake.post("/own-referrals", opening)).json()["id"]
    await intake.post(f"/referrals/{referral}/decline", {"reason": "no-capacity"})
    assert (await intake.get(f"/referrals/{referral}")).json()["needs_left"] == ["shelter-tonight"]
    to = {"service_id": scene.service, "classes": ["identity"]}
    made = await intake.post(f"/referrals/{referral}/next", to)
    assert (made.status_code, made.json()["receiver_organization_id"]) == (201, scene.receiver.id)


async def test_no_alternative_leads_to_whom_the_person_excludes(scene):
    many = await several(scene, 2)
    referral = await _declined(scene, many.services[1])
    listed = {"organization_ids": [many.members[1].id], "user_ids": []}
    await scene.caseworker.post(f"/persons/{scene.person}/exclusions", listed)
    assert (await scene.caseworker.get(f"/referrals/{referral}")).json()["alternatives"] == []
    refused = await scene.caseworker.post(f"/referrals/{referral}/next", {"service_id": many.services[1]})
    assert (refused.status_code, refused.json()["code"]) == (409, "referral.recipient-unavailable")


async def test_nobody_else_takes_a_need_further(scene):
    many = await several(scene, 2)
    referral = await _declined(scene, many.services[1])
    both = scene.world.signed_in(scene.receiver, scene.intake.id, "intake", "caseworker")
    refused = await both.post(f"/referrals/{referral}/next", {"service_id": many.services[1]})
    assert (refused.status_code, refused.json()["code"]) == (409, "referral.not-your-move")
    stranger = await scene.world.worker(await scene.world.member())
    hidden = await stranger.post(f"/referrals/{referral}/next", {"service_id": many.services[1]})
    assert (hidden.status_code, hidden.json()["code"]) == (404, "referral.not-found")
    assert await scene.world.db["referrals"].count_documents({}) == 1
