"""E-mail: that something new waits, once, in the reader's language, to whoever still may and wants to know."""

from datetime import timedelta
from email import message_from_bytes
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from kit.clock import utc_now
from kit.testing import eventually

DELIVERIES = "/api/v1/notifications/deliveries"
PREFERENCES = "/api/v1/notifications/preferences"


async def mailed(post, someone, count: int = 1, within: float = 15):
    async def arrived():
        found = post.to(someone.email)
        return len(found) >= count and found

    return await eventually(arrived, within)


async def deliveries(api, someone) -> list[dict]:
    answer = await api.get(DELIVERIES, headers=someone.headers())
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


async def delivered(api, someone, state: str, count: int = 1, within: float = 15) -> list[dict]:
    async def reached():
        found = [item for item in await deliveries(api, someone) if item["state"] == state]
        return len(found) >= count and found

    return await eventually(reached, within)


async def prefer(api, someone, **wanted) -> None:
    tag = (await api.get(PREFERENCES, headers=someone.headers())).headers["etag"]
    answer = await api.put(PREFERENCES, headers=someone.headers() | {"If-Match": tag}, json=wanted)
    assert answer.status_code == 200, answer.text


async def request(tellers, someone, fact: str = "requested", **more) -> dict:
    return await tellers.of_referral(fact, [someone.user], str(uuid4()), someone.organization, **more)


@pytest.mark.parametrize(
    ("language", "subject", "word"),
    [("fr", "Du nouveau vous attend", "Connectez-vous"), ("en", "Something new awaits you", "Log in")],
)
async def test_an_email_in_the_readers_language_says_that_something_new_waits_and_no_more(
    api, tellers, hire, post, language, subject, word
):
    intake = await hire(language=language)
    row = await request(tellers, intake)
    [letter] = await mailed(post, intake)
    assert letter.subject == subject
    assert word in letter.text
    assert "https://coalition.example\n" in letter.text.replace("\r\n", "\n")
    raw = letter.source.decode()
    entry = (await api.get("/api/v1/notifications/inbox", headers=intake.headers())).json()["items"][0]
    assert letter.message_id.startswith(f"<{entry['id']}.email@")
    for telling in (row["aggregate"], row["aggregate"].removeprefix("referral:"), intake.organization, intake.user):
        assert telling not in raw
    assert "/referrals" not in raw
    message = message_from_bytes(letter.source)
    assert message["Content-Language"] == language
    assert message["Auto-Submitted"] == "auto-generated"
    [item] = await delivered(api, intake, "sent")
    assert (item["kind"], item["channel"], item["reason"], item["attempts"]) == ("referral-requested", "email", None, 1)


async def test_a_chosen_language_goes_before_the_accounts(api, tellers, hire, post):
    intake = await hire(language="fr")
    await prefer(api, intake, language="en")
    await request(tellers, intake)
    [letter] = await mailed(post, intake)
    assert letter.subject == "Something new awaits you"


async def test_a_dead_mail_server_holds_up_nobody_and_mail_leaves_once_it_is_back(api, tellers, hire, post):
    intake, other = await hire(), await hire()
    await post.shut()
    await request(tellers, intake)
    [waiting] = await delivered(api, intake, "retrying")
    assert waiting["reason"] == "SMTPConnectError"
    assert waiting["attempts"] >= 1
    # The inbox goes on, for the same person and for others, and the bus is not held.
    await request(tellers, other, "reminded")
    await delivered(api, other, "retrying")
    assert (await api.get("/api/v1/notifications/inbox", headers=other.headers())).json()["unread"] == 1
    await post.open()
    await mailed(post, intake)
    await mailed(post, other)
    [sent] = await delivered(api, intake, "sent")
    assert sent["attempts"] > waiting["attempts"]
    assert sent["reason"] is None
    assert len(post.to(intake.email)) == 1


async def test_a_mailbox_refused_for_good_fails_with_its_reason_and_others_get_their_mail(api, tellers, hire, post):
    gone, intake = await hire(), await hire()
    post.picky.refused.add(gone.email)
    await request(tellers, gone)
    await request(tellers, intake)
    await mailed(post, intake)
    [item] = await delivered(api, gone, "failed")
    assert item["reason"] == "refused-by-server"
    assert item["attempts"] == 1


async def test_a_mailbox_that_is_full_for_now_is_tried_again_with_the_same_message_id(api, tellers, hire, post):
    intake = await hire()
    post.picky.refused.add(intake.email)
    post.picky.refusal = "452 mailbox full"
    await request(tellers, intake)
    [item] = await delivered(api, intake, "retrying")
    assert item["reason"] == "SMTPRecipientsRefused"
    post.picky.refused.clear()
    [letter] = await mailed(post, intake)
    [sent] = await delivered(api, intake, "sent")
    assert letter.message_id.startswith(f"<{sent['entry']}.")


async def test_no_email_older_than_a_day_is_sent(api, tellers, hire, post, clock):
    intake = await hire()
    await request(tellers, intake, at=utc_now() - timedelta(hours=24, seconds=1))
    await delivered(api, intake, "expired")
    # Nor one that waited for a mail server until it was too old.
    await post.shut()
    await request(tellers, intake)
    await delivered(api, intake, "retrying")
    clock.ahead = timedelta(hours=24, seconds=5)
    await post.open()
    assert len(await delivered(api, intake, "expired", 2)) == 2
    assert post.to(intake.email) == []


async def test_an_address_that_would_break_a_header_is_refused(api, tellers, hire, post):
    intake = await hire(email="intake@example.org\r\nBcc: other@example.org")
    await request(tellers, intake)
    [item] = await delivered(api, intake, "failed")
    assert item["reason"] == "address-malformed"
    assert post.letters.newest_first() == []


async def test_an_account_that_cannot_be_written_to_fails_with_its_reason(api, tellers, hire, book):
    expected = [
        (await hire(enabled=False), "account-disabled"),
        (await hire(emailVerified=False), "no-address"),
        (await hire(email=""), "no-address"),
        (gone := await hire(), "no-account"),
    ]
    del book.accounts[gone.user]
    for someone, _ in expected:
        await request(tellers, someone)
    for someone, reason in expected:
        [item] = await delivered(api, someone, "failed")
        assert item["reason"] == reason


async def test_a_silent_keycloak_delays_mail_and_loses_none(api, tellers, hire, book, post):
    intake = await hire()
    book.down = True
    await request(tellers, intake)
    await delivered(api, intake, "retrying")
    book.down = False
    await mailed(post, intake)
    await delivered(api, intake, "sent")


async def test_an_address_is_asked_once_in_five_minutes_and_never_stored(api, tellers, hire, book, post, mongo, clock):
    intake = await hire()
    for _ in range(3):
        await request(tellers, intake)
    await mailed(post, intake, 3)
    assert book.asked == 1
    clock.ahead = timedelta(minutes=5, seconds=1)
    await request(tellers, intake)
    await mailed(post, intake, 4)
    assert book.asked == 2
    for name in await mongo.db.list_collection_names():
        async for row in mongo.db[name].find():
            assert intake.email not in str(row)


async def test_someone_deactivated_while_mail_waits_gets_none(api, tellers, hire, book, post, mongo):
    intake = await hire()
    book.down = True
    await request(tellers, intake)
    await delivered(api, intake, "retrying")
    await tellers.deactivate(intake.user, intake.organization, intake.representative)
    book.down = False

    async def dropped():
        return await mongo.db["deliveries"].find_one({"user": intake.user, "state": "dropped"})

    assert (await eventually(dropped))["reason"] == "access-ended"
    assert post.to(intake.email) == []


async def test_mail_waits_for_someone_membership_has_not_told_of_yet(api, tellers, book, post, hire):
    stranger = await hire()
    user, organization = str(uuid4()), str(uuid4())
    book.write(user, "new@example.org")
    stranger.user, stranger.organization, stranger.email = user, organization, "new@example.org"
    await request(tellers, stranger)
    [item] = await delivered(api, stranger, "retrying")
    assert item["reason"] == "NotYetKnown"
    await tellers.activate(user, organization)
    await mailed(post, stranger)


async def test_a_kind_switched_off_stays_in_the_inbox_alone(api, tellers, hire, post):
    intake = await hire()
    await prefer(api, intake, channels={"referral-requested": {"email": False}, "referral-started": {"email": True}})
    await request(tellers, intake)
    await request(tellers, intake, "started")
    await mailed(post, intake)
    assert (await api.get("/api/v1/notifications/inbox", headers=intake.headers())).json()["unread"] == 2
    assert [item["kind"] for item in await deliveries(api, intake)] == ["referral-started"]


async def test_a_kind_switched_off_while_mail_waits_is_dropped(api, tellers, hire, book, post):
    intake = await hire()
    book.down = True
    await request(tellers, intake)
    await delivered(api, intake, "retrying")
    await prefer(api, intake, channels={"referral-requested": {"email": False}})
    book.down = False
    [item] = await delivered(api, intake, "dropped")
    assert item["reason"] == "switched-off"
    assert post.to(intake.email) == []


def hours_around_now() -> dict:
    local = utc_now().astimezone(ZoneInfo("America/Toronto"))
    start, end = local - timedelta(hours=1), local + timedelta(hours=1)
    return {"start": f"{start:%H:%M}", "end": f"{end:%H:%M}", "zone": "America/Toronto"}


async def test_quiet_hours_hold_mail_back_but_never_an_alarm_and_one_mail_ends_them(api, tellers, hire, post, clock):
    intake = await hire()
    await prefer(api, intake, quiet_hours=hours_around_now())
    await request(tellers, intake)
    await request(tellers, intake)
    assert len(await delivered(api, intake, "held", 2)) == 2
    await request(tellers, intake, "reminded")
    await mailed(post, intake)
    await delivered(api, intake, "sent")
    clock.ahead = timedelta(hours=1, minutes=1)
    assert len(await delivered(api, intake, "sent", 3)) == 3
    assert len(post.to(intake.email)) == 2


async def test_quiet_hours_switched_off_let_go_of_what_they_held(api, tellers, hire, post):
    intake = await hire()
    await prefer(api, intake, quiet_hours=hours_around_now())
    await request(tellers, intake)
    await delivered(api, intake, "held")
    await prefer(api, intake, quiet_hours=None)
    await mailed(post, intake)


async def test_a_mail_sent_but_not_written_down_comes_again_with_the_same_message_id(api, tellers, hire, post, mongo):
    intake = await hire()
    await request(tellers, intake)
    [first] = await mailed(post, intake)
    await delivered(api, intake, "sent")
    # What a kill between sending and writing it down leaves behind.
    await mongo.db["deliveries"].update_one({"user": intake.user}, {"$set": {"state": "waiting"}})
    now = utc_now()
    job = await mongo.db["jobs"].find_one_and_update({}, {"$set": {"state": "waiting"}, "$unset": {"finished_at": ""}})
    lane = {"due": now, "claimed_until": now, "attempts": 0, "added": 1}
    await mongo.db["lanes"].replace_one({"_id": job["lane"]}, lane, upsert=True)
    again = (await mailed(post, intake, 2))[0]
    assert again.message_id == first.message_id


async def test_the_log_is_ones_own_and_read_page_by_page(api, tellers, hire, post):
    intake, other = await hire(), await hire()
    for _ in range(3):
        await request(tellers, intake)
    everything = await delivered(api, intake, "sent", 3)
    first = (await api.get(DELIVERIES, headers=intake.headers(), params={"limit": 2})).json()
    rest = await api.get(DELIVERIES, headers=intake.headers(), params={"limit": 2, "cursor": first["next"]})
    assert first["items"] + rest.json()["items"] == everything
    assert rest.json()["next"] is None
    assert await deliveries(api, other) == []
    stolen = await api.get(DELIVERIES, headers=other.headers(), params={"cursor": first["next"]})
    assert stolen.status_code == 400
