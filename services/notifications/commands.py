"""The use cases: tell people, let them read, keep to their wishes."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from kit.clock import Clock
from kit.jobs import Jobs
from kit.mongo import Mongo, Session
from kit.timers import Timers
from services.notifications.domain.delivery import Plan, State, Step, plan
from services.notifications.domain.errors import EntryNotFound
from services.notifications.domain.kinds import Channel, kind_of
from services.notifications.domain.preferences import Preferences
from services.notifications.domain.standing import DENIED, Standing, best_of
from services.notifications.store import Access, Deliveries, Delivery, Entry, Inbox, Wishes

MAIL = "mail"
QUIET_HOURS_OVER = "quiet-hours-over"


@dataclass(frozen=True, slots=True)
class Desk:
    """What the use cases work with."""

    mongo: Mongo
    inbox: Inbox
    deliveries: Deliveries
    wishes: Wishes
    access: Access
    jobs: Jobs
    timers: Timers
    clock: Clock


@dataclass(frozen=True, slots=True)
class News:
    """What happened: `link` is a path inside the system, `about` the aggregate, `organizations` its parties."""

    kind: str
    link: str
    about: str
    organizations: tuple[str, ...]
    happened: datetime


async def tell(desk: Desk, session: Session, news: News, users: Iterable[str]) -> None:
    """Give each person one entry and, where they wish it, one e-mail, in the caller's transaction.

    Whoever lost access to every party's organisation gets nothing.
    """
    for user in dict.fromkeys(users):
        if await may_receive(desk.access, user, news.organizations) not in DENIED:
            entry = await desk.inbox.add(
                session, user, news.organizations, news.kind, news.link, news.about, news.happened
            )
            await _plan_email(desk, session, entry)


async def may_receive(access: Access, user: str, organizations: Iterable[str]) -> Standing:
    """Return how the person stands towards these organisations together."""
    return best_of([await access.standing(user, organization) for organization in organizations])


async def _plan_email(desk: Desk, session: Session, entry: Entry) -> None:
    now = desk.clock()
    wishes = await desk.wishes.of(entry.user, session)
    planned = plan(kind_of(entry.kind), wishes, entry.at, now)
    if planned is None:
        return
    delivery = await desk.deliveries.add(session, entry, Channel.EMAIL, planned, now)
    if planned.state is State.WAITING:
        await _send(desk, session, [delivery], now)
    elif planned.state is State.HELD:
        await _wake(desk, session, entry.user, planned)


async def _send(desk: Desk, session: Session, deliveries: list[Delivery], now: datetime) -> None:
    """Add the one job that sends these deliveries as one mail; a lane a person, so that none waits for another."""
    first, latest = deliveries[0], max(delivery.until for delivery in deliveries)
    payload = {"deliveries": [delivery.id for delivery in deliveries]}
    await desk.jobs.add(session, MAIL, f"mail:{first.user}", f"mail:{first.id}", payload, now, latest)


async def _wake(desk: Desk, session: Session, user: str, planned: Plan) -> None:
    """Set the timer for the end of what is held, whichever ends first."""
    held = await desk.deliveries.held(session, user)
    due = min([planned.due, *(delivery.due for delivery in held)])
    await desk.timers.set(session, QUIET_HOURS_OVER, user, due)


async def end_quiet_hours(desk: Desk, user: str) -> None:
    """Send what a person's quiet hours held back as one mail; doing it twice changes nothing.

    A digest will take this seat: it too gathers what is held into one mail when its hour comes.
    """

    async def work(session: Session) -> None:
        now = desk.clock()
        held = await desk.deliveries.held(session, user)
        due = [delivery for delivery in held if delivery.due <= now]
        if due:
            await _send(desk, session, due, now)
            await desk.deliveries.move([delivery.id for delivery in due], Step.RELEASE, now, session=session)
        if len(held) > len(due):
            await desk.timers.set(session, QUIET_HOURS_OVER, user, held[len(due)].due)

    await desk.mongo.transaction(work)


async def read_entry(desk: Desk, user: str, organization: str, entry: str, *, all_before: bool) -> int:
    """Mark an entry read, or it and all before it; returns how many stay unread. Raises `EntryNotFound`."""
    found = await desk.inbox.find(user, organization, entry)
    if found is None:
        raise EntryNotFound
    await desk.inbox.mark_read(user, organization, found, desk.clock(), all_before=all_before)
    return await desk.inbox.unread(user, organization)


async def choose(desk: Desk, user: str, wishes: Preferences, expected: int) -> Preferences:
    """Save a person's preferences over version `expected` and apply them to what is held. Raises `VersionConflict`."""

    async def work(session: Session) -> None:
        now, quiet = desk.clock(), wishes.quiet
        await desk.wishes.save(session, user, wishes, expected)
        if await desk.deliveries.held(session, user):
            due = quiet.end_after(now) if quiet and quiet.covers(now) else now
            await desk.deliveries.hold_until(session, user, due)
            await desk.timers.set(session, QUIET_HOURS_OVER, user, due)

    await desk.mongo.transaction(work)
    return replace(wishes, version=expected + 1)
