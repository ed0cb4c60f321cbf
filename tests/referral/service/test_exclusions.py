"""A person's secret list: to whoever is on it nothing of the person exists, in bytes, lists, messages and places."""

import asyncio
import json
from dataclasses import astuple, dataclass
from datetime import timedelta

import pytest

from tests.referral.several import several as several_of
from tests.referral.world import FACTS, NEED

SOMEONE = "0b5e1c2a-8f5d-4c7f-9a51-1d2c3b4a5f60"
DECLINE = {"reason": "other", "alternative_service_ids": []}


async def exclude(scene, *, organizations=(), accounts=(), worker=None, path=""):
    body = {"organization_ids": list(organizations), "user_ids": list(accounts)}
    return await (worker or scene.caseworker).post(f"/persons/{scene.person}/exclusions{path}", body)


async def told(scene, referral: str) -> dict[str, list[str]]:
    rows = await scene.world.outbox(f"referral:{referral}")
    return {row["subject"]: json.loads(row["data"]).get("notify", []) for row in rows}


def blank(answer, *ids: str) -> tuple[int, str]:
    """An answer without its request's number and the numbers that were asked for."""
    body = answer.json()
    body.pop("request_id", None)
    text = json.dumps(body, sort_keys=True)
    for identity in ids:
        text = text.replace(identity, "ID")
    return answer.status_code, text


@dataclass(frozen=True)
class Ids:
    """What there is of a person: their referral, and what was told, read or reported without consent."""

    referral: str = SOMEONE
    person: str = SOMEONE
    consent: str = SOMEONE
    ground: str = SOMEONE
    emergency: str = SOMEONE
    outside: str = SOMEONE
    reading: str = SOMEONE
    report: str = SOMEONE
    set: str = SOMEONE

    @property
    def all(self) -> tuple[str, ...]:
        return astuple(self)


REPORT = {"at": "2026-01-01T00:00:00Z", "channel": "phone", "receipt": "Dossier 1"}
OUTSIDE = {
    "article": "p-39.1-18-7",
    "told": "emergency-services",
    "channel": "phone",
    "classes": ["identity"],
    "facts": FACTS,
    "at": "2026-01-01T00:00:00Z",
}
TOLD = {"article": "p-39.1-18-7", "recipient_organization_id": SOMEONE, "facts": FACTS}


async def without_consent(scene, referral: str, consent: str) -> Ids:
    """Have everything done about a person that is done without consent."""
    ground, emergency = await scene.ground(), await scene.emergency()
    outside = await scene.caseworker.post(f"/persons/{scene.person}/outside-disclosures", OUTSIDE)
    report = await scene.caseworker.post(f"/persons/{scene.person}/youth-reports", REPORT)
    colleague = await scene.world.worker(scene.receiver)
    read = await colleague.post(f"/referrals/{referral}/emergency-reading", {"reason": "person-in-danger"})
    several = await (await several_of(scene, 2)).make(send=False)
    made = [answer.json()["id"] for answer in (outside, read, report, several)]
    return Ids(referral, scene.person, consent, ground, emergency, *made)


def ways_without_consent(ids: Ids) -> list[tuple[str, str, object]]:
    """Every way to ask for something told, read or reported without consent."""
    person, referral = f"/persons/{ids.person}", f"/referrals/{ids.referral}"
    emergencies = (ids.emergency, ids.outside, ids.reading)
    return [
        ("POST", f"{person}/grounds", TOLD | {"classes": ["identity"]}),
        ("GET", f"{person}/grounds", None),
        ("GET", f"/grounds/{ids.ground}", None),
        ("POST", f"/grounds/{ids.ground}/close", None),
        ("POST", f"{referral}/request-on-ground", {"ground_id": ids.ground}),
        ("POST", f"{person}/emergencies", TOLD),
        ("GET", f"{person}/emergencies", None),
        ("POST", f"{person}/outside-disclosures", OUTSIDE),
        *(("GET", f"/emergencies/{each}", None) for each in emergencies),
        *(("GET", f"/emergencies/{each}/disclosed", None) for each in emergencies),
        *(("POST", f"/emergencies/{each}/end", None) for each in emergencies),
        *(("POST", f"/emergencies/{each}/review", {"verdict": "approve"}) for each in emergencies),
        ("POST", f"{referral}/emergency-reading", {"reason": "person-in-danger"}),
        ("GET", f"/emergency-readings/{ids.reading}", None),
        ("POST", f"{person}/youth-reports", REPORT),
        ("GET", f"{person}/youth-reports", None),
        ("GET", f"/youth-reports/{ids.report}", None),
    ]


def ways_of_serving(ids: Ids) -> list[tuple[str, str, object]]:
    """The moves of a waiting list, a handover, the attempts and a void by two; and opening for one's own person."""
    path = f"/referrals/{ids.referral}"
    bare = ("waitlist", "keep-waiting", "resume-review", "propose-void", "confirm-void")
    tried = {"at": "2026-01-01T00:00:00Z", "channel": "phone", "result": "no-answer", "within_hours": True}
    own = {"person_id": ids.person, "service_id": SOMEONE, "source": "walk-in", "need": NEED}
    return [
        *(("POST", f"{path}/{move}", None) for move in bare),
        ("POST", f"{path}/arrange-handover", {"at": "2027-01-01T00:00:00Z", "way": "taxi"}),
        ("POST", f"{path}/assign", {"assigned_user_ids": [SOMEONE]}),
        ("POST", f"{path}/log-attempt", tried),
        ("GET", f"{path}/contact-attempts", None),
        ("POST", "/own-referrals", own),
    ]


def ways_to_several(ids: Ids) -> list[tuple[str, str, object]]:
    """What is sent to several at once, and what a referral left open."""
    what = {"service_id": SOMEONE, "purpose": "support", "classes": ["identity"]}
    several = {"person_id": ids.person, "mode": "all", "need": NEED, "recipients": [what, what]}
    return [
        ("POST", "/referral-sets", several),
        ("GET", f"/referral-sets/{ids.set}", None),
        ("POST", f"/referral-sets/{ids.set}/request", None),
        ("POST", f"/referrals/{ids.referral}/next", {"service_id": SOMEONE}),
    ]


def ways(ids: Ids) -> list[tuple[str, str, object]]:
    """Every way to ask for something of a person."""
    referral, person, consent = ids.referral, ids.person, ids.consent
    who = {"person_id": person, "purpose": "support", "classes": ["identity"]}
    preview = {"recipient_organization_id": SOMEONE, "purpose": "support", "change": "withdraw"}
    asked = {"query": NEED, "service_ids": [SOMEONE], "person_id": person}
    return [
        ("GET", f"/persons/{person}", None),
        ("PATCH", f"/persons/{person}", {"safety": {"risk": "low"}}),
        ("GET", f"/persons/{person}/consents", None),
        ("POST", f"/persons/{person}/consents", {**preview_free(), "decision": "refuse"}),
        ("POST", f"/persons/{person}/consent-preview", preview),
        ("GET", f"/persons/{person}/exclusions", None),
        ("POST", f"/persons/{person}/exclusions", {"organization_ids": [SOMEONE]}),
        ("POST", f"/persons/{person}/exclusions/lift", {"organization_ids": [SOMEONE]}),
        ("GET", f"/consents/{consent}", None),
        ("POST", f"/consents/{consent}/withdraw", None),
        ("POST", f"/consents/{consent}/narrow", {"classes": ["identity"]}),
        ("POST", "/referrals", {**who, "service_id": SOMEONE, "need": NEED}),
        ("POST", "/capacity-queries", asked),
        ("GET", f"/referrals/{referral}", None),
        ("GET", f"/referrals/{referral}/readings", None),
        *(("POST", f"/referrals/{referral}/{move}", None) for move in ("request", "void", "consent-withdrawal")),
        *(("POST", f"/referrals/{referral}/{move}", None) for move in ("review", "start", "hold", "resume")),
        ("POST", f"/referrals/{referral}/accept", {}),
        ("POST", f"/referrals/{referral}/decline", DECLINE),
        ("POST", f"/referrals/{referral}/complete", {"outcomes": {"shelter-tonight": "met"}}),
        ("POST", f"/referrals/{referral}/fail", {"reason": "other"}),
        ("POST", f"/referrals/{referral}/cancel", {"reason": "other"}),
        ("POST", f"/referrals/{referral}/location-reading", None),
        *ways_without_consent(ids),
        *ways_of_serving(ids),
        *ways_to_several(ids),
    ]


def preview_free() -> dict:
    return {"recipient_organization_id": SOMEONE, "purpose": "support", "classes": ["identity"]}


async def ask(worker, method: str, path: str, body):
    if method == "GET":
        return await worker.get(path)
    return await (worker.patch(path, body) if method == "PATCH" else worker.post(path, body))


async def _lists(worker) -> list[tuple[int, str]]:
    pages = [await worker.get("/persons"), await worker.get("/capacity-queries")]
    for direction in ("sent", "received"):
        pages += [await worker.get("/referrals", direction=direction, **more) for more in ({}, {"open": True})]
        pages.append(await worker.get("/referrals", direction=direction, open=False))
    for path in ("/received-emergencies", "/emergencies", "/youth-reports", "/register", "/intake-queue"):
        pages.append(await worker.get(path))
    exported = await worker.get("/register/export")
    lines = json.dumps({"items": exported.text.splitlines()[1:], "next": None}, sort_keys=True)
    return [*map(blank, pages), (exported.status_code, lines)]


@pytest.mark.parametrize("who", ["organisation", "account-of-receiver", "assigned", "account-of-owner"])
@pytest.mark.parametrize("stage", ["requested", "started", "completed"])
async def test_to_the_excluded_it_reads_in_bytes_as_if_nothing_were_there(scene, who, stage):
    side = scene.sender if who == "account-of-owner" else scene.receiver
    reader = await scene.world.worker(side, "coordinator", "intake", "caseworker", "privacy-officer")
    referral = await scene.requested()
    ids = await without_consent(scene, referral, (await scene.world.stored("referrals", referral))["consent"])
    if stage != "requested":
        named = {"assigned_user_ids": [reader.id]} if who == "assigned" else {}
        await scene.intake.post(f"/referrals/{referral}/accept", named)
        await scene.intake.post(f"/referrals/{referral}/start")
    if stage == "completed":
        await scene.intake.post(f"/referrals/{referral}/complete", {"outcomes": {"shelter-tonight": "met"}})
    empty = [(200, '{"items": [], "next": null}')] * 14
    before = await _lists(reader)
    assert before != empty
    # The reader reviews what its own organisation did, and receives what the other told it.
    assert before[9] != empty[9]
    assert (before[11] != empty[11], before[13] != empty[13]) == (True, True)

    listed = {"organizations": [side.id]} if who == "organisation" else {"accounts": [reader.id]}
    assert (await exclude(scene, **listed)).status_code == 200
    assert await _lists(reader) == empty
    for (method, path, body), (_, other, nothing) in zip(ways(ids), ways(Ids()), strict=True):
        found = blank(await ask(reader, method, path, body), *ids.all)
        missing = blank(await ask(reader, method, other, nothing), SOMEONE)
        assert found == missing, (method, path)
        assert found[0] == 404, (method, path)


async def test_only_the_persons_own_workers_see_and_change_the_list(scene):
    await scene.accepted()
    stranger = await scene.world.worker(await scene.world.member(), "coordinator")
    for worker in (scene.intake, stranger):
        for path in ("", "/lift"):
            assert (await exclude(scene, organizations=[SOMEONE], worker=worker, path=path)).status_code == 404
        assert (await worker.get(f"/persons/{scene.person}/exclusions")).status_code == 404
    for _ in range(2):
        added = await exclude(scene, organizations=[SOMEONE], accounts=[stranger.id])
        assert added.json() == {"organization_ids": [SOMEONE], "user_ids": [stranger.id]}
    assert (await exclude(scene, organizations=[SOMEONE], path="/lift")).json()["organization_ids"] == []
    assert (await scene.caseworker.get(f"/persons/{scene.person}/exclusions")).json()["user_ids"] == [stranger.id]
    acts = [row["action"] for row in await scene.world.acts(scene.sender.id) if "exclu" in row["action"]]
    assert acts == ["person.exclude", "person.exclude", "person.lift-exclusions", "person.exclusions"]


@pytest.mark.parametrize(
    ("who", "code"), [("own-organization", "exclusion.own-organization"), ("oneself", "exclusion.oneself")]
)
async def test_a_person_is_never_left_without_anybody(scene, who, code):
    listed = {"organizations": [scene.sender.id]} if who == "own-organization" else {"accounts": [scene.caseworker.id]}
    refused = await exclude(scene, **listed)
    assert (refused.status_code, refused.json()["code"]) == (422, code)


async def test_the_database_alone_does_not_say_who_is_excluded(scene):
    await scene.accepted()
    await exclude(scene, organizations=[SOMEONE], accounts=[scene.receiver.id])
    for name in ("persons", "referrals", "outbox", "audit"):
        rows = await scene.world.db[name].find({}, {"receiver": 0, "recipient": 0}).to_list()
        assert SOMEONE not in str(rows), name
    assert "excluded" not in await scene.world.stored("persons", scene.person)


async def test_an_organisation_added_loses_the_person_at_once_its_place_and_all(scene_of):
    scene = await scene_of(places=1)
    referral = await scene.started()
    consent = (await scene.world.stored("referrals", referral))["consent"]
    await exclude(scene, organizations=[scene.receiver.id])
    stored = await scene.world.stored("referrals", referral)
    assert (stored["state"], stored["reason"]) == ("cancelled", "persons-wish")
    assert (await scene.world.stored("consents", consent))["state"] == "withdrawn"
    assert (await scene.world.stored("places", scene.service))["held"] == {}
    everyone = {user for users in (await told(scene, referral)).values() for user in users}
    assert (await told(scene, referral))["referral.closed.v1"] == []
    assert (await scene.caseworker.get(f"/referrals/{referral}")).json()["state"] == "cancelled"
    assert everyone
    anew = await scene.consent()
    assert anew.json()["code"] == "referral.recipient-unavailable"
    assert (await scene.draft()).json()["code"] == "referral.recipient-unavailable"
    preview = {"recipient_organization_id": scene.receiver.id, "purpose": "support", "change": "grant"}
    shown = await scene.caseworker.post(f"/persons/{scene.person}/consent-preview", preview)
    assert shown.json()["code"] == "referral.recipient-unavailable"


async def test_a_draft_to_an_organisation_added_is_over_too(scene):
    await scene.consented()
    referral = await scene.drafted()
    await exclude(scene, organizations=[scene.receiver.id])
    refused = await scene.caseworker.post(f"/referrals/{referral}/request")
    assert (refused.status_code, refused.json()["code"]) == (409, "referral.closed")
    assert await scene.world.subjects(referral) == ["drafted", "cancelled"]


async def test_an_account_added_is_taken_off_those_who_meet_the_person_and_cannot_be_named(scene):
    nadia = await scene.world.worker(scene.receiver)
    referral = await scene.requested()
    await exclude(scene, accounts=[nadia.id])
    refused = await scene.intake.post(f"/referrals/{referral}/accept", {"assigned_user_ids": [nadia.id]})
    assert (refused.status_code, refused.json()["code"]) == (422, "referral.worker-unknown")
    await exclude(scene, accounts=[nadia.id], path="/lift")
    await scene.intake.post(f"/referrals/{referral}/accept", {"assigned_user_ids": [nadia.id, scene.intake.id]})
    await exclude(scene, accounts=[nadia.id])
    seen = (await scene.intake.get(f"/referrals/{referral}")).json()
    assert seen["assigned_user_ids"] == [scene.intake.id]
    assert seen["disclosed"]["identity"]["preferred_name"] == "Lina"


async def test_what_was_to_tell_the_excluded_goes_to_the_privacy_officer_and_the_coordinator(scene, clock):
    officer = await scene.world.worker(scene.receiver, "privacy-officer")
    coordinator = await scene.world.worker(scene.receiver, "coordinator")
    own_officer = await scene.world.worker(scene.sender, "privacy-officer")
    colleague = await scene.world.worker(scene.sender)
    referral = await scene.requested()
    consent = (await scene.world.stored("referrals", referral))["consent"]
    await exclude(scene, accounts=[scene.intake.id, scene.caseworker.id], worker=colleague)
    clock.advance(timedelta(minutes=16))
    await scene.world.due()
    assert set((await told(scene, referral))["referral.reminded.v1"]) == {officer.id, coordinator.id, own_officer.id}
    clock.advance(timedelta(days=80))
    await scene.world.due()
    [row, *_] = await scene.world.outbox(f"consent:{consent}") or [None]
    assert row is None or json.loads(row["data"])["notify"] == [own_officer.id]


async def test_a_reminder_of_a_lapse_skips_the_excluded(scene, clock):
    officer = await scene.world.worker(scene.sender, "privacy-officer")
    colleague = await scene.world.worker(scene.sender)
    consent = await scene.consented(days=90)
    await exclude(scene, accounts=[scene.caseworker.id], worker=colleague)
    clock.advance(timedelta(days=76))
    await scene.world.due()
    [row] = await scene.world.outbox(f"consent:{consent}")
    assert json.loads(row["data"])["notify"] == [officer.id]


async def test_a_query_asked_for_a_person_reaches_nobody_they_exclude_and_keeps_no_trace_of_them(scene):
    other = await scene.world.member()
    open_service = await scene.world.service(other)
    await scene.world.worker(other, "intake")
    for listed in ({"organizations": [scene.receiver.id]}, {"accounts": [scene.intake.id]}):
        await exclude(scene, **listed)
        body = {"query": NEED, "service_ids": [scene.service, open_service], "person_id": scene.person}
        asked = await scene.caseworker.post("/capacity-queries", body)
        assert asked.json()["not_asked"] == [scene.service]
        assert [line["service_id"] for line in asked.json()["lines"]] == [open_service]
        assert scene.person not in str(await scene.world.stored("queries", asked.json()["id"]))
        await exclude(scene, **listed, path="/lift")
    assert (await scene.intake.get("/capacity-requests")).json()["items"] == []


async def test_the_alternatives_of_a_decline_lead_to_nobody_excluded_and_the_receiver_reads_what_it_gave(scene):
    other, third = await scene.world.member(), await scene.world.member()
    services = [await scene.world.service(each) for each in (other, third)]
    for each in (other, third):
        await scene.world.worker(each, "intake")
    referral = await scene.requested()
    await exclude(scene, organizations=[other.id])
    body = {"reason": "no-capacity", "alternative_service_ids": services}
    declined = await scene.intake.post(f"/referrals/{referral}/decline", body)
    assert declined.json()["alternatives"] == services
    assert (await scene.intake.get(f"/referrals/{referral}")).json()["alternatives"] == services
    assert (await scene.caseworker.get(f"/referrals/{referral}")).json()["alternatives"] == [services[1]]


async def test_the_log_of_an_excluded_privacy_officer_reads_as_if_nothing_had_been_done(scene):
    officer = await scene.world.worker(scene.receiver, "privacy-officer")
    reader = scene.world.signed_in(scene.receiver, officer.id, "privacy-officer", "intake")
    await scene.intake.get("/referrals", direction="received")
    referral = await scene.accepted()
    await scene.intake.get(f"/referrals/{referral}")
    await scene.intake.get("/referrals", direction="received")
    await exclude(scene, accounts=[officer.id])
    assert (await reader.get(f"/referrals/{referral}")).status_code == 404
    audit = scene.world.desk.audit
    assert await audit._lease.acquire() is not None
    while await audit.seal_some():
        pass
    rows = (await officer.get("/audit")).json()["items"]
    assert [(row["action"], row["outcome"], row["number"]) for row in rows] == [
        ("referral.list", "done", 1),
        ("referral.list", "done", 2),
        ("referral.read", "refused", 3),
    ]
    assert [row["records"] for row in rows] == [[], [], []]
    sought = (await officer.get("/audit", record_id=referral)).json()["items"]
    assert [(row["action"], row["outcome"]) for row in sought] == [("referral.read", "refused")]
    assert (await officer.get("/audit", record_id=scene.person)).json()["items"] == []
    other = await scene.world.worker(scene.receiver, "privacy-officer")
    assert len((await other.get("/audit")).json()["items"]) > len(rows)


@pytest.mark.parametrize("_", range(3))
async def test_accepting_while_the_organisation_is_excluded_never_leaves_it_the_person(scene_of, _):
    scene = await scene_of(places=1)
    referral = await scene.requested()
    accepted, excluded = await asyncio.gather(
        scene.intake.post(f"/referrals/{referral}/accept", {}), exclude(scene, organizations=[scene.receiver.id])
    )
    assert (accepted.status_code in {200, 404}, excluded.status_code) == (True, 200)
    assert (await scene.world.stored("referrals", referral))["state"] == "cancelled"
    assert (await scene.intake.get(f"/referrals/{referral}")).status_code == 404
    places = await scene.world.stored("places", scene.service)
    assert places is None or places["held"] == {}


@pytest.mark.parametrize("_", range(3))
async def test_accepting_while_the_worker_is_excluded_never_leaves_them_the_person(scene, _):
    referral = await scene.requested()
    accepted, excluded = await asyncio.gather(
        scene.intake.post(f"/referrals/{referral}/accept", {}), exclude(scene, accounts=[scene.intake.id])
    )
    assert (accepted.status_code in {200, 404}, excluded.status_code) == (True, 200)
    assert scene.intake.id not in (await scene.world.stored("referrals", referral))["assigned"]
    assert (await scene.intake.get(f"/referrals/{referral}")).status_code == 404


@pytest.mark.parametrize("_", range(3))
async def test_consenting_or_drafting_while_the_organisation_is_excluded_opens_nothing_to_it(scene, _):
    given, drafted, excluded = await asyncio.gather(
        scene.consent(), scene.draft(), exclude(scene, organizations=[scene.receiver.id])
    )
    assert excluded.status_code == 200
    assert {given.status_code, drafted.status_code} <= {201, 409}
    assert await scene.world.db["consents"].count_documents({"state": "granted"}) == 0
    assert await scene.world.db["referrals"].count_documents({"state": "draft"}) == 0
