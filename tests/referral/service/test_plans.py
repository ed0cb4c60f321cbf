"""No query of ours scans a collection, and none sorts in memory."""

from datetime import timedelta

from kit.mongo import ensure_indexes
from services.referral.commands.counting import count_months
from services.referral.commands.deadlines import sweep_orphan_keys
from services.referral.commands.finding import index_names
from services.referral.commands.retention import date_records, forget_erased, retain
from tests.referral.several import several
from tests.referral.world import ALL_INDEXES, NEED, RECORD

# What the kit asks of its own small collections is the kit's to hold.
OURS = ("referrals", "persons", "consents", "queries", "places", "standings", "asked_rates", "referral-directory-a")
OURS += ("grounds", "emergencies", "youth_reports", "referral_sets", "availability")
OURS += ("counted_months", "past_cases", "erasures")


async def test_every_query_stands_on_an_index(scene, clock):
    db = scene.world.db
    await ensure_indexes(db, ALL_INDEXES)
    await db.command("profile", 2)
    referral = await scene.started(consent={"feedback": "outcome"})
    for direction, worker in (("sent", scene.caseworker), ("received", scene.intake)):
        for parameters in ({}, {"open": True}, {"open": False}):
            page = await worker.get("/referrals", direction=direction, limit=1, **parameters)
            assert page.status_code == 200
    for _ in range(2):
        await scene.another()
    queue = (await scene.intake.get("/intake-queue", limit=1)).json()
    assert (await scene.intake.get("/intake-queue", limit=1, cursor=queue["next"])).status_code == 200
    colleague = await scene.world.worker(scene.receiver, "caseworker")
    assert (await colleague.get("/referrals", direction="received")).status_code == 200
    assert (await scene.intake.get(f"/referrals/{referral}")).status_code == 200
    assert (await scene.caseworker.get(f"/referrals/{referral}/readings")).status_code == 200
    for path in ("/persons", f"/persons/{scene.person}", f"/persons/{scene.person}/consents", "/capacity-queries"):
        assert (await scene.caseworker.get(path)).status_code == 200
    asked = await scene.caseworker.post("/capacity-queries", {"query": NEED, "service_ids": [scene.service]})
    assert (await scene.intake.get("/capacity-requests")).status_code == 200
    body = {"service_id": scene.service, "answer": "capacity"}
    assert (await scene.intake.post(f"/capacity-requests/{asked.json()['id']}/answer", body)).status_code == 200
    assert (await scene.caseworker.get(f"/services/{scene.service}/availability")).status_code == 200
    await _several(scene)
    preview = {"recipient_organization_id": scene.receiver.id, "purpose": "support", "change": "withdraw"}
    assert (await scene.caseworker.post(f"/persons/{scene.person}/consent-preview", preview)).status_code == 200
    officer = await scene.world.worker(scene.receiver, "privacy-officer")
    listed = {"organization_ids": [scene.person], "user_ids": [officer.id]}
    assert (await scene.caseworker.post(f"/persons/{scene.person}/exclusions", listed)).status_code == 200
    assert (await officer.get("/audit")).status_code == 200
    sought = {"record_id": scene.person, "user_id": officer.id, "outcome": "done", "action": "person.read"}
    assert (await officer.get("/audit/export", **sought)).status_code == 200
    await scene.caseworker.post(f"/referrals/{referral}/consent-withdrawal")
    await _tell_without_consent(scene)
    await sweep_orphan_keys(scene.world.desk)
    clock.advance(timedelta(days=100))
    await scene.world.due()
    await _years_later(scene, clock)
    await db.command("profile", 0)

    bad = []
    async for row in db["system.profile"].find({"planSummary": {"$exists": True}}):
        collection = row["ns"].split(".", 1)[1]
        if collection in OURS and ("COLLSCAN" in row["planSummary"] or row.get("hasSortStage")):
            bad.append((collection, row["planSummary"], row.get("command", {}).get("filter")))
    assert bad == []


async def _several(scene):
    registered = await scene.caseworker.post("/persons", {"identity": RECORD["identity"]})
    scene.person, first = registered.json()["id"], scene.person
    many = await several(scene, 2)
    await many.consent_to_all()
    made = (await many.make()).json()
    lines = [line["id"] for line in made["referrals"]]
    assert (await scene.caseworker.get(f"/referral-sets/{made['id']}")).status_code == 200
    assert (await scene.intake.post(f"/referrals/{lines[0]}/decline", {"reason": "other"})).status_code == 200
    assert (await many.intakes[1].post(f"/referrals/{lines[1]}/accept", {})).status_code == 200
    following = await scene.caseworker.post(f"/referrals/{lines[0]}/next", {"service_id": scene.service})
    assert following.status_code == 201
    assert (await scene.caseworker.post(f"/referrals/{following.json()['id']}/request")).status_code == 200
    scene.person = first


async def _years_later(scene, clock):
    desk = scene.world.desk
    await index_names(desk)
    await count_months(desk)
    await date_records(desk)
    clock.advance(timedelta(days=366 * 6))
    assert await retain(desk)
    await forget_erased(desk)


async def _tell_without_consent(scene):
    ground = await scene.ground(["identity"])
    assert (await scene.caseworker.get(f"/persons/{scene.person}/grounds")).status_code == 200
    assert (await scene.caseworker.post("/persons/find", {"name": "Lina Quispe"})).status_code == 200
    assert (await scene.caseworker.post(f"/grounds/{ground}/close")).status_code == 200
    emergency = await scene.emergency()
    coordinator = await scene.world.worker(scene.sender, "coordinator")
    for path in ("/emergencies", f"/emergencies/{emergency}"):
        assert (await coordinator.get(path)).status_code == 200
    assert (await scene.caseworker.get(f"/persons/{scene.person}/emergencies")).status_code == 200
    assert (await scene.caseworker.get(f"/persons/{scene.person}/youth-reports")).status_code == 200
    officer = await scene.world.worker(scene.sender, "privacy-officer")
    for path in ("/youth-reports", "/register", "/register/export"):
        assert (await officer.get(path)).status_code == 200
    assert (await scene.intake.get("/received-emergencies")).status_code == 200
    coordination = await scene.world.worker(await scene.world.member("coalition", accredited=False), "coordination")
    assert (await coordination.get("/emergencies")).status_code == 200
