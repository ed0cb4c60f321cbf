"""Who is not let in: nobody, strangers, the wrong side, the wrong moment; each refusal alike, and written down."""

import pytest

from kit.testing import tokens
from services.referral.domain.transitions import UNANSWERED
from tests.referral.world import API, NEED

SOMEONE = "0b5e1c2a-8f5d-4c7f-9a51-1d2c3b4a5f60"
ROUTES = [
    ("POST", "/persons"),
    ("GET", "/persons"),
    ("POST", "/persons/find"),
    ("GET", f"/persons/{SOMEONE}"),
    ("PATCH", f"/persons/{SOMEONE}"),
    ("POST", f"/persons/{SOMEONE}/consents"),
    ("GET", f"/persons/{SOMEONE}/consents"),
    ("POST", f"/consents/{SOMEONE}/withdraw"),
    ("POST", f"/persons/{SOMEONE}/consent-preview"),
    ("GET", f"/consents/{SOMEONE}"),
    ("GET", "/consent-questions"),
    ("GET", f"/persons/{SOMEONE}/exclusions"),
    ("POST", f"/persons/{SOMEONE}/exclusions"),
    ("POST", f"/persons/{SOMEONE}/exclusions/lift"),
    ("POST", f"/consents/{SOMEONE}/narrow"),
    ("POST", "/capacity-preview"),
    ("POST", "/capacity-queries"),
    ("GET", "/capacity-queries"),
    ("GET", f"/capacity-queries/{SOMEONE}"),
    ("POST", f"/capacity-queries/{SOMEONE}/referral"),
    ("GET", "/capacity-requests"),
    ("GET", f"/services/{SOMEONE}/availability"),
    ("GET", f"/capacity-requests/{SOMEONE}"),
    ("POST", f"/capacity-requests/{SOMEONE}/answer"),
    ("POST", "/referrals"),
    ("GET", "/referrals"),
    ("GET", f"/referrals/{SOMEONE}"),
    ("GET", f"/referrals/{SOMEONE}/readings"),
    ("POST", f"/referrals/{SOMEONE}/next"),
    ("POST", "/referral-sets"),
    ("GET", f"/referral-sets/{SOMEONE}"),
    ("POST", f"/referral-sets/{SOMEONE}/request"),
    *(
        ("POST", f"/referrals/{SOMEONE}/{move}")
        for move in (
            *("request", "cancel", "void", "consent-withdrawal", "review", "accept", "decline", "start", "hold"),
            *("resume", "complete", "fail", "location-reading"),
            *("waitlist", "keep-waiting", "resume-review", "arrange-handover", "assign"),
            *("propose-void", "confirm-void", "log-attempt"),
        )
    ),
    ("GET", "/audit"),
    ("GET", "/audit/export"),
    ("GET", "/intake-queue"),
    ("POST", "/own-referrals"),
    ("GET", f"/referrals/{SOMEONE}/contact-attempts"),
    ("POST", f"/persons/{SOMEONE}/grounds"),
    ("GET", f"/persons/{SOMEONE}/grounds"),
    ("GET", f"/grounds/{SOMEONE}"),
    ("POST", f"/grounds/{SOMEONE}/close"),
    ("POST", f"/referrals/{SOMEONE}/request-on-ground"),
    ("POST", f"/persons/{SOMEONE}/emergencies"),
    ("GET", f"/persons/{SOMEONE}/emergencies"),
    ("POST", f"/persons/{SOMEONE}/outside-disclosures"),
    ("GET", "/received-emergencies"),
    ("GET", "/emergencies"),
    ("GET", f"/emergencies/{SOMEONE}"),
    ("GET", f"/emergencies/{SOMEONE}/disclosed"),
    ("POST", f"/emergencies/{SOMEONE}/end"),
    ("POST", f"/emergencies/{SOMEONE}/review"),
    ("POST", f"/referrals/{SOMEONE}/emergency-reading"),
    ("GET", f"/emergency-readings/{SOMEONE}"),
    ("POST", f"/persons/{SOMEONE}/youth-reports"),
    ("GET", f"/persons/{SOMEONE}/youth-reports"),
    ("GET", "/youth-reports"),
    ("GET", f"/youth-reports/{SOMEONE}"),
    ("GET", "/register"),
    ("GET", "/register/export"),
]
MOVES = {
    "review": None,
    "accept": {},
    "decline": {"reason": "other"},
    "waitlist": None,
    "keep-waiting": None,
    "resume-review": None,
    "arrange-handover": {"at": "2027-01-01T00:00:00Z", "way": "taxi"},
    "assign": {"assigned_user_ids": [SOMEONE]},
    "log-attempt": {"at": "2026-01-01T00:00:00Z", "channel": "phone", "result": "no-answer", "within_hours": True},
    "start": None,
    "hold": None,
    "resume": None,
    "complete": {"outcomes": {"shelter-tonight": "met"}},
    "fail": {"reason": "other"},
    "cancel": {"reason": "other"},
    "location-reading": None,
    "propose-void": None,
    "confirm-void": None,
    "consent-withdrawal": None,
}


OF_BOTH_SIDES = {"cancel", "location-reading", "consent-withdrawal", "propose-void", "confirm-void"}
AFTER_AN_ANSWER = ("complete", "fail", "keep-waiting", "resume-review", "arrange-handover", "assign", "log-attempt")


def test_the_list_of_routes_is_whole(world):
    paths = world.app.openapi()["paths"]
    declared = {(method.upper(), path) for path, item in paths.items() for method in item}
    tried = {(method, API + path.replace(SOMEONE, "{}")) for method, path in ROUTES}
    assert {(method, _blank(path)) for method, path in declared} == tried


def _blank(path: str) -> str:
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))


async def test_nobody_is_let_in_without_a_token(world):
    for method, path in ROUTES:
        answer = await world.client.request(method, API + path, json={} if method != "GET" else None)
        assert (answer.status_code, answer.json()["code"]) == (401, "auth.invalid-token"), path


async def test_a_role_without_the_scope_is_refused_at_the_door(scene):
    officer = await scene.world.worker(scene.sender, "privacy-officer")
    assert (await officer.get("/persons")).json()["code"] == "auth.missing-scope"
    assert (await scene.intake.post("/referrals", {})).json()["code"] == "auth.missing-scope"


@pytest.mark.parametrize("sector", ["law-enforcement", "government", "community"])
async def test_anyone_not_party_to_a_referral_is_told_that_it_does_not_exist(scene, sector):
    referral = await scene.accepted()
    stranger_of = await scene.world.member(sector)
    stranger = await scene.world.worker(stranger_of, "coordinator")
    real = await stranger.get(f"/referrals/{referral}")
    invented = await stranger.get(f"/referrals/{SOMEONE}")
    assert real.status_code == invented.status_code == 404
    assert _but_ids(real.json()) == _but_ids(invented.json())
    for move, body in MOVES.items():
        answer = await stranger.post(f"/referrals/{referral}/{move}", body)
        assert (answer.status_code, answer.json()["code"]) == (404, "referral.not-found"), move
    refused = [row for row in await scene.world.acts(stranger_of.id) if row["outcome"] == "refused"]
    assert len(refused) == 2 + len(MOVES)
    assert {row["detail"] for row in refused} == {"referral.not-found"}
    assert [row["owner"] for row in refused if row["action"] == "referral.read"] == [scene.sender.id, None]
    stored = await scene.world.stored("referrals", referral)
    assert (stored["state"], stored["sharing"]) == ("accepted", "live")


def _but_ids(body: dict) -> dict:
    return {name: value for name, value in body.items() if name != "request_id"}


async def test_inside_the_receiver_only_intake_the_assigned_and_the_coordinator_see_it(scene):
    referral = await scene.accepted()
    world, receiver = scene.world, scene.receiver
    colleague = await world.worker(receiver, "caseworker")
    assert (await colleague.get(f"/referrals/{referral}")).status_code == 404
    assert (await colleague.get("/referrals", direction="received")).json()["items"] == []
    for role in ("intake", "coordinator"):
        one = await world.worker(receiver, role)
        assert (await one.get(f"/referrals/{referral}")).status_code == 200
        assert len((await one.get("/referrals", direction="received")).json()["items"]) == 1


async def test_an_assigned_caseworker_sees_it(scene):
    named = await scene.world.worker(scene.receiver, "caseworker")
    referral = await scene.requested()
    assert (await named.get(f"/referrals/{referral}")).status_code == 404
    taken = await scene.intake.post(f"/referrals/{referral}/accept", {"assigned_user_ids": [named.id]})
    assert taken.json()["assigned_user_ids"] == [named.id]
    assert (await named.get(f"/referrals/{referral}")).json()["disclosed"]["identity"]["preferred_name"] == "Lina"
    assert len((await named.get("/referrals", direction="received")).json()["items"]) == 1


async def test_only_someone_of_the_receiver_can_be_named(scene):
    referral = await scene.requested()
    answer = await scene.intake.post(f"/referrals/{referral}/accept", {"assigned_user_ids": [scene.caseworker.id]})
    assert (answer.status_code, answer.json()["code"]) == (422, "referral.worker-unknown")
    assert (await scene.world.stored("referrals", referral))["state"] == "requested"


@pytest.mark.parametrize("move", sorted(set(MOVES) - OF_BOTH_SIDES))
async def test_a_sender_cannot_make_the_receivers_moves(scene, move):
    referral = await scene.requested()
    answer = await scene.caseworker.post(f"/referrals/{referral}/{move}", MOVES[move])
    assert answer.status_code == 409
    expected = {"start": "referral.not-accepted", "hold": "referral.not-accepted", "resume": "referral.not-accepted"}
    late = dict.fromkeys(AFTER_AN_ANSWER, "referral.not-accepted")
    assert answer.json()["code"] == (expected | late).get(move, "referral.not-your-move")


async def test_a_receiver_cannot_send_or_void(scene):
    referral = await scene.requested()
    coordinator = await scene.world.worker(scene.receiver, "coordinator")
    for move, code in (("request", "referral.not-accepted"), ("void", "referral.not-your-move")):
        answer = await coordinator.post(f"/referrals/{referral}/{move}")
        assert (answer.status_code, answer.json()["code"]) == (409, code)


async def test_a_sender_does_not_see_its_own_draft_offered_to_the_receiver(scene):
    referral = await scene.drafted()
    for move, body in MOVES.items():
        assert (await scene.intake.post(f"/referrals/{referral}/{move}", body)).status_code == 404
    assert (await scene.intake.get("/referrals", direction="received")).json()["items"] == []


@pytest.mark.parametrize(
    ("done", "tried", "code"),
    [
        ([], "start", "referral.not-accepted"),
        (["accept"], "accept", "referral.already-accepted"),
        (["accept"], "hold", "referral.already-accepted"),
        (["accept", "start"], "start", "referral.already-started"),
        (["accept", "start", "hold"], "start", "referral.on-hold"),
        (["decline"], "accept", "referral.closed"),
        (["accept", "complete"], "cancel", "referral.closed"),
        (["cancel"], "accept", "referral.closed"),
    ],
)
async def test_a_move_out_of_its_time_says_where_the_referral_stands_and_changes_nothing(scene, done, tried, code):
    referral = await scene.requested()
    for move in done:
        assert (await scene.intake.post(f"/referrals/{referral}/{move}", MOVES[move])).status_code == 200
    before = await scene.world.stored("referrals", referral)
    told = await scene.world.subjects(referral)
    answer = await scene.intake.post(f"/referrals/{referral}/{tried}", MOVES[tried])
    assert (answer.status_code, answer.json()["code"]) == (409, code)
    assert await scene.world.stored("referrals", referral) == before
    assert await scene.world.subjects(referral) == told


async def test_another_organisations_person_can_be_neither_read_changed_nor_referred(scene):
    stranger_of = await scene.world.member()
    stranger = await scene.world.worker(stranger_of)
    assert (await stranger.get(f"/persons/{scene.person}")).status_code == 404
    assert (await stranger.patch(f"/persons/{scene.person}", {"safety": {"risk": "low"}})).status_code == 404
    assert (await stranger.get(f"/persons/{scene.person}/consents")).status_code == 404
    assert (await stranger.post(f"/persons/{scene.person}/consents", _refusal(scene))).status_code == 404
    body = {"person_id": scene.person, "service_id": scene.service, "purpose": "support", "classes": ["identity"]}
    assert (await stranger.post("/referrals", body | {"need": NEED})).status_code == 404
    consent = await scene.consented()
    assert (await stranger.post(f"/consents/{consent}/withdraw")).status_code == 404
    assert (await scene.intake.post(f"/consents/{consent}/withdraw")).status_code == 404
    assert (await scene.world.stored("consents", consent))["state"] == "granted"


def _refusal(scene) -> dict:
    return {
        "recipient_organization_id": scene.receiver.id,
        "purpose": "support",
        "classes": ["identity"],
        "decision": "refuse",
    }


async def test_a_suspended_role_keeps_nothing_its_token_still_says(scene):
    """A token with scopes but no working role: the service does not trust the scope alone."""
    bare = scene.world.signed_in(scene.sender, scene.caseworker.id, "caseworker")
    bare.headers = tokens.bearer(
        roles=("privacy-officer",),
        scopes=tokens.SCOPES["caseworker"],
        user=bare.id,
        organization=scene.sender.id,
        sector="community",
    )
    assert (await bare.get(f"/persons/{scene.person}")).status_code == 404
    assert (await bare.get("/persons")).status_code == 404
    referral = await scene.requested()
    assert (await bare.get(f"/referrals/{referral}")).status_code == 404


async def test_cancelling_wants_the_scope_of_ones_own_side(scene):
    referral = await scene.requested()
    reader = scene.world.signed_in(scene.sender, scene.caseworker.id, "caseworker")
    reader.headers = tokens.bearer(
        roles=("caseworker",), scopes={"referral:read"}, organization=scene.sender.id, sector="community"
    )
    answer = await reader.post(f"/referrals/{referral}/cancel", {"reason": "other"})
    assert (answer.status_code, answer.json()["code"]) == (403, "auth.missing-scope")
    assert (await scene.world.stored("referrals", referral))["state"] in UNANSWERED
