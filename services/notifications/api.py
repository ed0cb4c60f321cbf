"""The routes: a person's own inbox, live stream, preferences and delivery log, and nobody else's."""

import re
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Security
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.responses import Response

from kit.auth import Principal, principal
from kit.http import Expected, Page, decode_cursor, encode_cursor, reply
from kit.problems import refuses
from services.notifications.commands import Desk, choose, read_entry
from services.notifications.domain.errors import AccessEnded, MalformedEventId
from services.notifications.domain.standing import DENIED
from services.notifications.live import End, Following, Happening, Live, Ready, Unread
from services.notifications.views import (
    DeliveryView,
    EndEvent,
    EntryView,
    InboxPage,
    KindsView,
    PreferencesView,
    ReadUpTo,
    ReadyEvent,
    UnreadView,
    delivery_view,
    entry_view,
    kinds_view,
    preferences_view,
)

PREFIX: Final = "/api/v1/notifications"
RETRY_MS: Final = 3_000
_EVENT_ID: Final = re.compile(r"[0-9]{1,15}")

router = APIRouter(prefix=PREFIX)

Limit = Annotated[int, Query(ge=1, le=100, description="How many at most.")]
Cursor = Annotated[str | None, Query(max_length=1024, description="`next` of the page before.")]


async def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


async def _live(request: Request) -> Live:
    live: Live = request.app.state.live
    return live


AtDesk = Annotated[Desk, Depends(_desk)]


async def _reader(desk: AtDesk, caller: Annotated[Principal, Security(principal, scopes=["inbox:read"])]) -> Principal:
    """Return the caller unless their access ended, even where their token is still valid."""
    if await desk.access.standing(caller.user, caller.organization) in DENIED:
        raise AccessEnded
    return caller


Reader = Annotated[Principal, Depends(_reader)]


def _purpose(listing: str, reader: Principal) -> str:
    """Bind a cursor to one person's list in one organisation."""
    return f"{listing}|{reader.user}|{reader.organization}"


@router.get(
    "/inbox",
    operation_id="list_inbox",
    summary="Read one's notices",
    description="Newest first. A notice says what kind of thing happened, when, and where to look; nothing more.",
    response_model=InboxPage,
    openapi_extra=refuses(AccessEnded.code),
)
async def list_inbox(
    request: Request,
    reader: Reader,
    desk: AtDesk,
    cursor: Cursor = None,
    limit: Limit = 20,
    unread: Annotated[bool, Query(description="Leave out what was read.")] = False,  # noqa: FBT002 - a query parameter
) -> Response:
    """Answer with one page of the caller's inbox."""
    purpose = _purpose(f"inbox|{unread}", reader)
    key: bytes = request.app.state.cursor_key
    before = decode_cursor(key, purpose, cursor)[0] if cursor else None
    # Read before the list: what comes between the two is in the stream, so nothing is missed.
    last = await desk.inbox.last(reader.user)
    found = await desk.inbox.before(reader.user, reader.organization, before, limit + 1, unread=unread)
    shown = found[:limit]
    following = encode_cursor(key, purpose, [shown[-1].sequence]) if len(found) > limit else None
    page = InboxPage(
        items=[entry_view(entry) for entry in shown],
        next=following,
        unread=await desk.inbox.unread(reader.user, reader.organization),
        last_event_id=str(last),
    )
    return reply(page)


@router.get(
    "/inbox/unread",
    operation_id="count_unread",
    summary="Count one's unread notices",
    description="For a badge; the live stream tells of every change.",
    response_model=UnreadView,
    openapi_extra=refuses(AccessEnded.code),
)
async def count_unread(reader: Reader, desk: AtDesk) -> Response:
    """Answer with the number of unread entries."""
    return reply(UnreadView(unread=await desk.inbox.unread(reader.user, reader.organization)))


@router.post(
    "/inbox/read",
    operation_id="read_up_to",
    summary="Mark notices read up to one",
    description="Marks this notice and all before it as read. What arrived since, and was not seen, stays unread.",
    response_model=UnreadView,
    openapi_extra=refuses(AccessEnded.code, "notifications.entry-not-found"),
)
async def read_up_to(reader: Reader, desk: AtDesk, seen: ReadUpTo) -> Response:
    """Mark everything up to an entry read."""
    unread = await read_entry(desk, reader.user, reader.organization, seen.up_to, all_before=True)
    return reply(UnreadView(unread=unread))


@router.post(
    "/inbox/{entry_id}/read",
    operation_id="read_one",
    summary="Mark one notice read",
    description="Doing it again changes nothing.",
    response_model=UnreadView,
    openapi_extra=refuses(AccessEnded.code, "notifications.entry-not-found"),
)
async def read_one(
    reader: Reader, desk: AtDesk, entry_id: Annotated[UUID, Path(description="One's own notice.")]
) -> Response:
    """Mark one entry read."""
    unread = await read_entry(desk, reader.user, reader.organization, str(entry_id), all_before=False)
    return reply(UnreadView(unread=unread))


@router.get(
    "/kinds",
    operation_id="list_kinds",
    summary="List the kinds of notice",
    description="Each with its title, whether it is an alarm, and the channels it takes by default.",
    response_model=KindsView,
    openapi_extra=refuses(AccessEnded.code),
)
async def list_kinds(_: Reader) -> Response:
    """Answer with the table of kinds."""
    return reply(kinds_view())


@router.get(
    "/preferences",
    operation_id="read_preferences",
    summary="Read how one wants to be told",
    description="Every kind is spelled out. The ETag is needed to change them.",
    response_model=PreferencesView,
    openapi_extra=refuses(AccessEnded.code),
)
async def read_preferences(reader: Reader, desk: AtDesk) -> Response:
    """Answer with the caller's preferences."""
    wishes = await desk.wishes.of(reader.user)
    # Preferences never saved are version 0, and an ETag counts from 1.
    return reply(preferences_view(wishes), version=wishes.version + 1)


@router.put(
    "/preferences",
    operation_id="choose_preferences",
    summary="Choose how one wants to be told",
    description="Given whole, with the ETag that was read. What quiet hours hold back follows the new ones at once.",
    response_model=PreferencesView,
    openapi_extra=refuses(
        AccessEnded.code,
        "notifications.unknown-kind",
        "notifications.unknown-channel",
        "notifications.quiet-hours-empty",
    ),
)
async def choose_preferences(reader: Reader, desk: AtDesk, wanted: PreferencesView, expected: Expected) -> Response:
    """Save the caller's preferences."""
    known = (await desk.wishes.of(reader.user)).version if expected is None else expected - 1
    saved = await choose(desk, reader.user, wanted.wishes(), known)
    return reply(preferences_view(saved), version=saved.version + 1)


@router.get(
    "/deliveries",
    operation_id="list_deliveries",
    summary="See what became of one's e-mails",
    description="Thirty days, newest first: sent, waiting, held by quiet hours, failed and why.",
    response_model=Page[DeliveryView],
    openapi_extra=refuses(AccessEnded.code),
)
async def list_deliveries(
    request: Request, reader: Reader, desk: AtDesk, cursor: Cursor = None, limit: Limit = 20
) -> Response:
    """Answer with one page of the caller's delivery log."""
    purpose = _purpose("deliveries", reader)
    key: bytes = request.app.state.cursor_key
    before = _position(decode_cursor(key, purpose, cursor)) if cursor else None
    found = await desk.deliveries.of(reader.user, reader.organization, before, limit + 1)
    shown, now = found[:limit], desk.clock()
    following = encode_cursor(key, purpose, [shown[-1].created_at, shown[-1].id]) if len(found) > limit else None
    return reply(Page[DeliveryView](items=[delivery_view(each, now) for each in shown], next=following))


def _position(values: tuple[Any, ...]) -> tuple[datetime, str]:
    at, name = values
    return at, name


async def _resumed(
    last_event_id: Annotated[
        str | None, Header(alias="Last-Event-ID", description="The last `id` the stream gave; browsers send it.")
    ] = None,
    after: Annotated[
        str | None, Query(description="The same, for a first connection: `last_event_id` of the inbox.")
    ] = None,
) -> int | None:
    """Return the sequence to resume after; raises `MalformedEventId`."""
    given = last_event_id if last_event_id is not None else after
    if given is None:
        return None
    if not _EVENT_ID.fullmatch(given):
        raise MalformedEventId
    return int(given)


async def _following(
    reader: Reader, live: Annotated[Live, Depends(_live)], after: Annotated[int | None, Depends(_resumed)]
) -> AsyncIterator[Following]:
    """Take a place among the caller's streams until the answer is over, before anything is sent."""
    with live.following(reader.user, reader.organization, after, reader.expires) as following:
        yield following


@router.get(
    "/stream",
    operation_id="follow_inbox",
    summary="Follow one's notices live",
    description=(
        "Server-sent events: `ready`, then one `entry` a notice, `unread` when the count changes, and `end` with the "
        "reason. Each `entry` has an `id`; reconnecting with `Last-Event-ID` loses and repeats nothing. The stream "
        "ends with the token, or when access ends."
    ),
    response_class=EventSourceResponse,
    openapi_extra=refuses(AccessEnded.code, "notifications.malformed-event-id", "notifications.too-many-streams"),
)
async def follow_inbox(following: Annotated[Following, Depends(_following)]) -> AsyncIterator[ServerSentEvent]:
    """Stream what happens in the caller's inbox."""
    async for happening in following.happenings():
        yield _event(happening)


def _event(happening: Happening) -> ServerSentEvent:
    """Write a happening as an event; those that move the reader forward carry the sequence as `id`."""
    if isinstance(happening, Ready):
        data = ReadyEvent(unread=happening.unread, reset=happening.reset)
        return ServerSentEvent(event="ready", id=str(happening.sequence), data=data, retry=RETRY_MS)
    if isinstance(happening, Unread):
        return ServerSentEvent(event="unread", data=UnreadView(unread=happening.unread))
    if isinstance(happening, End):
        return ServerSentEvent(event="end", data=EndEvent(reason=happening.value))
    entry: EntryView = entry_view(happening)
    return ServerSentEvent(event="entry", id=str(happening.sequence), data=entry)
