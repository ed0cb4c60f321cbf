"""The inbox: one entry a person and fact, seen by that person alone, acting for a party."""

from datetime import timedelta
from uuid import uuid4

from kit.clock import utc_now
from kit.testing import eventually, tokens

INBOX = "/api/v1/notifications/inbox"


async def inbox(api, someone, **query) -> dict:
    answer = await api.get(INBOX, headers=someone.headers(), params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def filled(api, someone, count: int = 1) -> list[dict]:
    async def enough():
        items = (await inbox(api, someone))["items"]
        return len(items) >= count and items

    return await eventually(enough)


async def test_a_referral_puts_one_entry_in_the_inbox_of_each_person_named(api, tellers, hire):
    receiver = str(uuid4())
    intake, other = await hire(receiver), await hire(receiver)
    row = await tellers.of_referral("requested", [intake.user, other.user], str(uuid4()), receiver)
    for someone in (intake, other):
        [entry] = await filled(api, someone)
        assert entry["kind"] == "referral-requested"
        assert entry["title"] == {"fr": "Une orientation vous est adressée", "en": "A referral is addressed to you"}
        assert entry["link"] == "/referrals/" + row["aggregate"].removeprefix("referral:")
        assert entry["alarm"] is False
        assert entry["read_at"] is None
        assert (await inbox(api, someone))["unread"] == 1


async def test_a_message_delivered_twice_gives_one_entry_and_one_mail(api, tellers, hire, post, mongo):
    intake = await hire()
    first = await tellers.of_referral("requested", [intake.user, intake.user], str(uuid4()), intake.organization)
    for n in range(3):
        await tellers.publish(first, f"again-{n}")
    last = await tellers.of_referral("accepted", [intake.user], intake.organization, str(uuid4()))
    entries = await filled(api, intake, 2)
    assert [entry["link"].rsplit("/", 1)[1] for entry in entries] == [
        row["aggregate"].removeprefix("referral:") for row in (last, first)
    ]

    async def both_sent():
        return len(post.to(intake.email)) == 2

    await eventually(both_sent)
    assert await mongo.db["entries"].count_documents({}) == 2
    assert await mongo.db["parked"].count_documents({}) == 0
    assert len({letter.message_id for letter in post.to(intake.email)}) == 2


async def test_nobody_sees_or_touches_anothers_entries(api, tellers, hire):
    intake, colleague = await hire(), await hire()
    await tellers.of_referral("requested", [intake.user], str(uuid4()), intake.organization)
    [entry] = await filled(api, intake)
    assert (await inbox(api, colleague)) == {"items": [], "next": None, "unread": 0, "last_event_id": "0"}
    for call in (
        api.post(f"{INBOX}/{entry['id']}/read", headers=colleague.headers()),
        api.post(f"{INBOX}/read", headers=colleague.headers(), json={"up_to": entry["id"]}),
    ):
        answer = await call
        assert answer.status_code == 404
        assert answer.json()["code"] == "notifications.entry-not-found"
    assert (await inbox(api, intake))["unread"] == 1


async def test_someone_of_two_organisations_sees_each_ones_notices_apart(api, tellers, hire):
    here = await hire()
    elsewhere = tokens.as_intake(user=here.user, organization=str(uuid4()))
    await tellers.of_referral("requested", [here.user], str(uuid4()), here.organization)
    [entry] = await filled(api, here)
    assert (await api.get(INBOX, headers=elsewhere)).json()["items"] == []
    assert (await api.post(f"{INBOX}/{entry['id']}/read", headers=elsewhere)).status_code == 404


async def test_entries_are_marked_read_one_by_one_or_up_to_what_was_seen(api, tellers, hire):
    intake = await hire()
    for _ in range(4):
        await tellers.of_referral("requested", [intake.user], str(uuid4()), intake.organization)
    newest, third, second, first = await filled(api, intake, 4)
    for _ in range(2):
        answer = await api.post(f"{INBOX}/{first['id']}/read", headers=intake.headers())
        assert answer.json() == {"unread": 3}
    answer = await api.post(f"{INBOX}/read", headers=intake.headers(), json={"up_to": third["id"]})
    assert answer.json() == {"unread": 1}
    assert (await api.get(f"{INBOX}/unread", headers=intake.headers())).json() == {"unread": 1}
    assert [entry["id"] for entry in (await inbox(api, intake, unread=True))["items"]] == [newest["id"]]
    after = {entry["id"]: entry["read_at"] for entry in (await inbox(api, intake))["items"]}
    assert after[second["id"]] is not None
    assert after[first["id"]] < after[second["id"]]


async def test_the_inbox_is_read_page_by_page_and_a_cursor_serves_its_own_list_only(api, tellers, hire):
    intake, other = await hire(), await hire()
    for _ in range(5):
        await tellers.of_referral("requested", [intake.user], str(uuid4()), intake.organization)
    everything = await filled(api, intake, 5)
    seen, cursor = [], None
    while True:
        page = await inbox(api, intake, limit=2, **({"cursor": cursor} if cursor else {}))
        seen += page["items"]
        last_cursor, cursor = cursor, page["next"]
        if cursor is None:
            break
    assert seen == everything
    for headers, changed in (
        (other.headers(), last_cursor),
        (intake.headers(), last_cursor[1:]),
        (intake.headers(), "x" * 50),
    ):
        answer = await api.get(INBOX, headers=headers, params={"cursor": changed})
        assert answer.status_code == 400
        assert answer.json()["code"] == "request.malformed-cursor"


async def test_what_ends_a_referral_reads_the_same_whatever_ended_it(api, tellers, hire):
    intake = await hire()
    for fact in ("cancelled", "closed", "voided", "completed", "failed"):
        await tellers.of_referral(fact, [intake.user], str(uuid4()), intake.organization)
    assert {entry["kind"] for entry in await filled(api, intake, 5)} == {"referral-ended"}


async def test_the_end_of_a_consent_reads_the_same_before_and_after_an_acceptance(api, tellers, hire):
    worker = await hire()
    for fact in ("withdrawn", "sharing-ended"):
        await tellers.of_referral(fact, [worker.user], worker.organization, str(uuid4()))
    assert {entry["kind"] for entry in await filled(api, worker, 2)} == {"referral-sharing-ended"}


async def test_what_cannot_wait_is_an_alarm(api, tellers, hire):
    intake, query = await hire(), str(uuid4())
    who = {"sender_organization_id": str(uuid4()), "receiver_organization_id": intake.organization}
    urgent = {"notify": [intake.user], "urgent": True, **who}
    await tellers.tell("referral.capacity-asked", f"capacity-query:{query}", {"query_id": query, **urgent})
    await tellers.tell("referral.requested", f"referral:{query}", {"referral_id": query, **urgent})
    entries = await filled(api, intake, 2)
    assert {(entry["kind"], entry["alarm"]) for entry in entries} == {
        ("capacity-asked-urgent", True),
        ("referral-requested-urgent", True),
    }


async def test_a_capacity_query_is_told_and_leads_to_itself(api, tellers, hire):
    intake, query = await hire(), str(uuid4())
    who = {"sender_organization_id": str(uuid4()), "receiver_organization_id": intake.organization}
    for fact in ("asked", "answered"):
        data = {"query_id": query, "notify": [intake.user], **who}
        await tellers.tell(f"referral.capacity-{fact}", f"capacity-query:{query}", data)
    entries = await filled(api, intake, 2)
    assert [entry["kind"] for entry in entries] == ["capacity-answered", "capacity-asked"]
    assert [entry["link"] for entry in entries] == [f"/capacity-queries/{query}", f"/capacity-requests/{query}"]


async def test_a_consent_that_ends_soon_is_told_to_its_owners_people_and_leads_to_itself(api, tellers, hire):
    worker, consent = await hire(), str(uuid4())
    data = {"consent_id": consent, "owner_organization_id": worker.organization, "notify": [worker.user]}
    await tellers.tell("referral.consent-lapsing", f"consent:{consent}", data)
    [entry] = await filled(api, worker, 1)
    assert (entry["kind"], entry["link"], entry["alarm"]) == ("consent-lapsing", f"/consents/{consent}", False)


async def test_a_fact_that_names_nobody_tells_nobody(api, tellers, hire, mongo):
    intake = await hire()
    await tellers.of_referral("drafted", [], intake.organization, str(uuid4()))
    await tellers.of_referral("places-taken", [], intake.organization, str(uuid4()))
    await tellers.of_referral("started", [], intake.organization, str(uuid4()))
    await tellers.of_referral("accepted", [intake.user], intake.organization, str(uuid4()))
    await filled(api, intake)
    assert await mongo.db["entries"].count_documents({}) == 1


async def test_without_a_token_or_a_scope_nothing_is_told(api, hire):
    someone = await hire()
    for method, path in (
        ("GET", INBOX),
        ("GET", f"{INBOX}/unread"),
        ("POST", f"{INBOX}/read"),
        ("POST", f"{INBOX}/{uuid4()}/read"),
        ("GET", "/api/v1/notifications/kinds"),
        ("GET", "/api/v1/notifications/preferences"),
        ("PUT", "/api/v1/notifications/preferences"),
        ("GET", "/api/v1/notifications/deliveries"),
        ("GET", "/api/v1/notifications/stream"),
    ):
        assert (await api.request(method, path)).status_code == 401
        answer = await api.request(method, path, headers=someone.headers(scopes=set()))
        assert answer.status_code == 403
        assert answer.json()["code"] == "auth.missing-scope"


async def test_malformed_requests_get_a_clear_problem(api, hire):
    headers = (await hire()).headers()
    for call, status in (
        (api.get(INBOX, headers=headers, params={"limit": "0"}), 422),
        (api.get(INBOX, headers=headers, params={"limit": "1000000000000000000000"}), 422),
        (api.post(f"{INBOX}/not-a-uuid/read", headers=headers), 422),
        (api.post(f"{INBOX}/read", headers=headers, content=b"{"), 415),
        (api.post(f"{INBOX}/read", headers=headers, json={"up_to": "x", "extra": 1}), 422),
        (api.post(f"{INBOX}/read", headers=headers, json={"up_to": "x" * 65}), 422),
    ):
        answer = await call
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/problem+json"


async def test_the_kinds_are_listed_in_both_languages(api, hire):
    items = (await api.get("/api/v1/notifications/kinds", headers=(await hire()).headers())).json()["items"]
    [reminded] = [item for item in items if item["kind"] == "referral-reminded"]
    assert reminded["alarm"] is True
    assert reminded["channels"] == {"email": True}
    assert all(item["title"]["fr"] and item["title"]["en"] for item in items)


async def test_what_happened_before_the_services_first_day_is_not_told(api, tellers, hire):
    intake = await hire()
    long_ago = utc_now() - timedelta(days=400)
    await tellers.of_referral("requested", [intake.user], str(uuid4()), intake.organization, at=long_ago)
    await tellers.of_referral("accepted", [intake.user], intake.organization, str(uuid4()))
    assert [entry["kind"] for entry in await filled(api, intake)] == ["referral-accepted"]


async def test_a_malformed_fact_is_parked_and_holds_up_nobody_else(api, tellers, hire, mongo):
    intake = await hire()
    await tellers.tell("referral.requested", f"referral:{uuid4()}", {"notify": "everybody"})
    await tellers.of_referral("accepted", [intake.user], intake.organization, str(uuid4()))
    await filled(api, intake)
    parked = await mongo.db["parked"].find_one({})
    assert parked["reason"] == "ValidationError"
