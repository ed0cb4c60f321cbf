"""No query of ours reads a whole collection: MongoDB's profiler watches every one of them."""

from uuid import uuid4

from kit.clock import utc_now
from kit.testing import eventually
from tests.notifications.service.test_mail import deliveries, hours_around_now, mailed, prefer, request
from tests.notifications.world import next_of, streaming

INBOX = "/api/v1/notifications/inbox"


async def test_every_query_uses_an_index(api, tellers, hire, post, mongo, clock):
    await mongo.db.command("profile", 2)
    intake, leaving = await hire(), await hire()
    async with streaming(api, intake.headers()) as events:
        await request(tellers, intake)
        entry = await next_of(events, "entry")
    await mailed(post, intake)
    await prefer(api, intake, quiet_hours=hours_around_now())
    await request(tellers, intake)

    async def held():
        return [item for item in await deliveries(api, intake) if item["state"] == "held"]

    await eventually(held)
    await prefer(api, intake, quiet_hours=None)
    await mailed(post, intake, 2)
    for query in ({}, {"unread": True}, {"limit": 1}):
        page = (await api.get(INBOX, headers=intake.headers(), params=query)).json()
    await api.get(INBOX, headers=intake.headers(), params={"cursor": page["next"]})
    await api.post(f"{INBOX}/{entry.data['id']}/read", headers=intake.headers())
    await api.post(f"{INBOX}/read", headers=intake.headers(), json={"up_to": page["items"][0]["id"]})
    log = (await api.get("/api/v1/notifications/deliveries", headers=intake.headers(), params={"limit": 1})).json()
    await api.get("/api/v1/notifications/deliveries", headers=intake.headers(), params={"cursor": log["next"]})
    boss = await hire(roles=("coordinator",))
    await tellers.of_service(boss.organization, stale=True)
    await tellers.of_organization("applied", str(uuid4()))

    async def called():
        return (await api.get(INBOX, headers=boss.headers())).json()["items"]

    await eventually(called)
    await tellers.deactivate(leaving.user, leaving.organization, leaving.representative)
    await tellers.of_organization("suspended", leaving.organization, reason="vetting")

    async def shut():
        return (await api.get(INBOX, headers=leaving.headers())).status_code == 403

    await eventually(shut)
    await mongo.db.command("profile", 0)
    seen = [row async for row in mongo.db["system.profile"].find({"ts": {"$lte": utc_now()}})]
    asked = {row["ns"].split(".", 1)[1] for row in seen if row.get("planSummary")}
    assert {"entries", "deliveries", "access", "jobs", "lanes", "timers", "offices", "notifications-people-a"} <= asked
    scans = {(row["ns"], row["planSummary"]) for row in seen if "COLLSCAN" in row.get("planSummary", "")}
    assert scans == set()
