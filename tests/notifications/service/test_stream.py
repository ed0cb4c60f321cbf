"""The live stream: nothing lost, nothing twice, nobody else's, and over when access is."""

import asyncio
import time
from contextlib import AsyncExitStack
from datetime import timedelta
from uuid import uuid4

import pytest

from kit.clock import utc_now
from kit.testing import eventually
from services.notifications import live
from tests.notifications.world import next_of, streaming

STREAM = "/api/v1/notifications/stream"


async def tell(tellers, someone, count: int = 1) -> None:
    for _ in range(count):
        await tellers.of_referral("requested", [someone.user], str(uuid4()), someone.organization)


async def stored(mongo, someone, count: int) -> None:
    async def enough():
        return await mongo.db["entries"].count_documents({"user": someone.user}) >= count

    await eventually(enough)


async def test_an_entry_reaches_its_reader_alone_within_a_moment(api, tellers, hire):
    intake, other = await hire(), await hire()
    async with streaming(api, intake.headers()) as events, streaming(api, other.headers()) as others:
        ready = await next_of(events, "ready")
        assert ready.data == {"unread": 0, "reset": False}
        assert ready.id == "0"
        await next_of(others, "ready")
        began = time.monotonic()
        await tell(tellers, intake)
        entry = await next_of(events, "entry")
        assert time.monotonic() - began < 2
        assert entry.id == "1"
        assert entry.data["kind"] == "referral-requested"
        with pytest.raises(TimeoutError):
            await next_of(others, "entry", within=0.5)


async def test_a_stream_resumes_where_it_broke_without_loss_or_repeat(api, tellers, hire, mongo):
    intake = await hire()
    async with streaming(api, intake.headers()) as events:
        await next_of(events, "ready")
        await tell(tellers, intake, 2)
        seen = [(await next_of(events, "entry")).id for _ in range(2)]
    await tell(tellers, intake, live.BATCH + 5)
    await stored(mongo, intake, live.BATCH + 7)
    # A browser sends the header by itself; a page that opens after reading the list gives `after`.
    async with streaming(api, intake.headers() | {"Last-Event-ID": seen[-1]}, after="0") as events:
        ready = await next_of(events, "ready")
        assert ready.id == "2"
        assert ready.data["reset"] is False
        await tell(tellers, intake)
        seen += [(await next_of(events, "entry")).id for _ in range(live.BATCH + 6)]
    assert seen == [str(n) for n in range(1, live.BATCH + 9)]


async def test_nothing_is_missed_between_the_list_and_the_stream(api, tellers, hire, mongo):
    intake = await hire()
    await tell(tellers, intake)
    await stored(mongo, intake, 1)
    listed = (await api.get("/api/v1/notifications/inbox", headers=intake.headers())).json()
    await tell(tellers, intake)
    await stored(mongo, intake, 2)
    async with streaming(api, intake.headers(), after=listed["last_event_id"]) as events:
        assert (await next_of(events, "entry")).id == "2"


async def test_every_replica_streams_what_any_of_them_took_from_the_bus(api, replica, tellers, hire):
    intake = await hire()
    async with (
        replica() as second,
        streaming(api, intake.headers()) as here,
        streaming(second, intake.headers()) as there,
    ):
        await next_of(here, "ready")
        await next_of(there, "ready")
        await tell(tellers, intake, 5)
        for events in (here, there):
            assert [(await next_of(events, "entry")).id for _ in range(5)] == ["1", "2", "3", "4", "5"]


async def test_a_deactivated_persons_stream_ends_and_they_get_nothing_more(api, tellers, hire, post, mongo):
    intake, colleague = await hire(), await hire()
    async with streaming(api, intake.headers()) as events:
        await next_of(events, "ready")
        began = time.monotonic()
        await tellers.deactivate(intake.user, intake.organization, intake.representative)
        assert (await next_of(events, "end")).data == {"reason": "access-ended"}
        assert time.monotonic() - began < 5
        with pytest.raises(AssertionError, match="ended"):
            await next_of(events, "entry")
    for path in (STREAM, "/api/v1/notifications/inbox"):
        answer = await api.get(path, headers=intake.headers())
        assert answer.status_code == 403
        assert answer.json()["code"] == "notifications.access-ended"
    await tellers.of_referral("requested", [intake.user, colleague.user], str(uuid4()), intake.organization)
    await stored(mongo, colleague, 1)
    assert await mongo.db["entries"].count_documents({"user": intake.user}) == 0
    assert await mongo.db["deliveries"].count_documents({"user": intake.user}) == 0
    assert post.to(intake.email) == []


async def test_a_suspended_organisations_streams_end_on_every_replica_and_reinstatement_opens_again(
    api, replica, tellers, hire
):
    receiver = str(uuid4())
    intake, colleague, outsider = await hire(receiver), await hire(receiver), await hire()
    async with (
        replica() as second,
        streaming(api, intake.headers()) as here,
        streaming(second, colleague.headers()) as there,
        streaming(api, outsider.headers()) as outside,
    ):
        for events in (here, there, outside):
            await next_of(events, "ready")
        await tellers.of_organization("suspended", receiver, reason="vetting")
        for events in (here, there):
            assert (await next_of(events, "end", within=5)).data == {"reason": "access-ended"}
        await tellers.of_organization("reinstated", receiver)

        async def again():
            return (await api.get("/api/v1/notifications/inbox", headers=intake.headers())).status_code == 200

        await eventually(again)
        await tell(tellers, outsider)
        await next_of(outside, "entry")


async def test_a_revocation_that_nobody_could_read_denies(api, tellers, hire, mongo):
    intake = await hire()
    await tellers.tell("membership.organization-suspended", f"organization:{intake.organization}", {})

    async def denied():
        return (await api.get("/api/v1/notifications/inbox", headers=intake.headers())).status_code == 403

    await eventually(denied)


async def test_someone_deactivated_and_invited_anew_reads_again(api, tellers, hire):
    intake = await hire()
    await tellers.deactivate(intake.user, intake.organization, intake.representative)

    async def status(expected):
        return (await api.get("/api/v1/notifications/inbox", headers=intake.headers())).status_code == expected

    await eventually(lambda: status(403))
    await tellers.activate(intake.user, intake.organization)
    await eventually(lambda: status(200))


async def test_a_stream_ends_with_its_token(api, hire):
    intake = await hire()
    headers = intake.headers(at=utc_now() - timedelta(seconds=297))
    async with streaming(api, headers) as events:
        await next_of(events, "ready")
        assert (await next_of(events, "end", within=6)).data == {"reason": "token-expired"}


async def test_a_stream_ends_when_the_process_stops_so_that_stopping_is_quick(replica, hire):
    intake = await hire()
    async with replica() as client, streaming(client, intake.headers()) as events:
        await next_of(events, "ready")
        client.app.state.stop()
        began = time.monotonic()
        assert (await next_of(events, "end")).data == {"reason": "restarting"}
        assert time.monotonic() - began < 3


async def test_a_last_event_id_that_no_stream_gave_is_refused(api, hire):
    intake = await hire()
    for given in ("x", "-1", "1.0", "1e3", "", " 1", "9" * 16, "9" * 4000, "1\t", "٣", "1\n2"):
        answers = [await api.get(STREAM, headers=intake.headers(), params={"after": given})]
        if given == given.strip() and "\n" not in given:  # a header ends at a line break and is trimmed on its way
            header = (b"Last-Event-ID", given.encode())
            answers.append(await api.get(STREAM, headers=[*intake.headers().items(), header]))
        for answer in answers:
            assert answer.status_code == 400, given
            assert answer.json()["code"] == "notifications.malformed-event-id"


async def test_a_last_event_id_beyond_the_last_starts_from_now_and_says_so(api, tellers, hire, mongo):
    intake = await hire()
    await tell(tellers, intake, 2)
    await stored(mongo, intake, 2)
    async with streaming(api, intake.headers() | {"Last-Event-ID": "9" * 15}) as events:
        ready = await next_of(events, "ready")
        assert ready.id == "2"
        assert ready.data == {"unread": 2, "reset": True}
        await tell(tellers, intake)
        assert (await next_of(events, "entry")).id == "3"


async def test_reading_elsewhere_changes_the_count_here(api, tellers, hire, mongo):
    intake = await hire()
    await tell(tellers, intake)
    await stored(mongo, intake, 1)
    async with streaming(api, intake.headers()) as events:
        assert (await next_of(events, "ready")).data["unread"] == 1
        [entry] = (await api.get("/api/v1/notifications/inbox", headers=intake.headers())).json()["items"]
        await api.post(f"/api/v1/notifications/inbox/{entry['id']}/read", headers=intake.headers())
        assert (await next_of(events, "unread")).data == {"unread": 0}


async def test_one_person_holds_so_many_streams_and_a_closed_one_makes_room(api, hire):
    intake = await hire()
    async with AsyncExitStack() as open_streams:
        # Kept in a list: events that nobody holds are collected, and their stream with them.
        held = [await open_streams.enter_async_context(streaming(api, intake.headers())) for _ in range(7)]
        for events in held:
            await next_of(events, "ready")
        async with streaming(api, intake.headers()) as last:
            await next_of(last, "ready")
            answer = await api.get(STREAM, headers=intake.headers())
            assert answer.status_code == 429
            assert answer.json()["code"] == "notifications.too-many-streams"

        async def room():
            async with api.stream("GET", STREAM, headers=intake.headers()) as response:
                return response.status_code == 200

        await eventually(room)


async def test_an_idle_stream_is_kept_alive_by_comments(api, hire, monkeypatch):
    monkeypatch.setattr("fastapi.routing._PING_INTERVAL", 0.2)
    intake = await hire()
    async with api.stream("GET", STREAM, headers=intake.headers()) as response:
        async with asyncio.timeout(5):
            async for line in response.aiter_lines():
                if line == ": ping":
                    return
