"""The composition root of the notifications service."""

from uuid import uuid4

from fastapi import FastAPI

from kit.auth import Verifier
from kit.bus import Bus
from kit.clock import Clock, utc_now
from kit.consumer import Reaction
from kit.http import create_app, serve
from kit.jobs import Jobs
from kit.mail import Mailer
from kit.marks import Marks
from kit.mongo import Mongo, ensure_indexes
from kit.projections import Projection
from kit.timers import Timers
from services.notifications.addresses import Addresses
from services.notifications.alarm_reactions import telling_of_alarms
from services.notifications.alarms import ALARMS
from services.notifications.api import router
from services.notifications.commands import MAIL, QUIET_HOURS_OVER, Desk, end_quiet_hours
from services.notifications.consumed import ACCESS, ERASURES, OFFICES, PEOPLE, REFERRALS
from services.notifications.domain.errors import NotificationsError
from services.notifications.live import Live
from services.notifications.mailing import Mailing
from services.notifications.projections import PEOPLE_HANDLERS
from services.notifications.reactions import calling_offices, forgetting, taking_access, telling_of_referrals
from services.notifications.settings import NotificationsSettings
from services.notifications.store import INDEXES, PEOPLE_INDEXES, Access, Deliveries, Inbox, Offices, Wishes
from services.notifications.words import PROBLEMS

NAME = "notifications"
DESCRIPTION = (
    "What happened that concerns you: an inbox, a live stream, and an e-mail that says only that something new waits. "
    "A notice never says about whom."
)


def create(settings: NotificationsSettings, *, clock: Clock = utc_now, verifier: Verifier | None = None) -> FastAPI:
    """Compose the service; nothing touches the network before its lifespan starts."""
    holder = f"{NAME}-{uuid4()}"
    mongo = Mongo.connect(settings.mongodb_url.get_secret_value(), settings.mongodb_database)
    bus = Bus(settings.nats_url, settings.nats_seed.get_secret_value(), NAME)
    people = Projection(mongo, bus, PEOPLE, PEOPLE_HANDLERS, holder, PEOPLE_INDEXES)
    access = Access(mongo.db, people.live, Marks(mongo.db, ACCESS.name).is_parked)
    addresses = _addresses(settings, clock)
    desk = _desk(settings, mongo, access, addresses, clock, holder)
    live = Live(mongo.db, desk.inbox, access, clock)

    async def prepare() -> None:
        await ensure_indexes(mongo.db, INDEXES)

    async def close_streams() -> None:
        await live.close_at(app.state.stopping)

    app = create_app(
        NAME,
        title="Notifications",
        description=DESCRIPTION,
        routers=[router],
        mongo=mongo,
        verifier=verifier or Verifier(settings.issuer, settings.jwks_url, settings.audience, clock),
        problems=PROBLEMS,
        errors=(NotificationsError,),
        resources=(bus, addresses),
        startup=(prepare,),
        background=(
            people.run,
            Reaction(mongo, bus, ACCESS, taking_access(access)).run,
            Reaction(mongo, bus, REFERRALS, telling_of_referrals(desk)).run,
            Reaction(mongo, bus, ALARMS, telling_of_alarms(desk)).run,
            Reaction(mongo, bus, ERASURES, forgetting(desk.inbox)).run,
            Reaction(mongo, bus, OFFICES, calling_offices(desk, Offices(mongo.db))).run,
            desk.jobs.run,
            desk.timers.run,
            live.run,
            close_streams,
        ),
        clock=clock,
    )
    app.state.desk, app.state.live = desk, live
    app.state.cursor_key = settings.audit_key.get_secret_value().encode()
    return app


def _desk(
    settings: NotificationsSettings, mongo: Mongo, access: Access, addresses: Addresses, clock: Clock, holder: str
) -> Desk:
    """Wire what the use cases work with."""
    deliveries, wishes = Deliveries(mongo.db), Wishes(mongo.db)
    mailing = Mailing(
        deliveries=deliveries,
        wishes=wishes,
        access=access,
        address_of=addresses.of,
        mailer=_mailer(settings, clock),
        public_url=settings.public_url,
        domain=settings.mail_from.rpartition("@")[2],
        clock=clock,
    )

    async def morning(user: str, _: object) -> None:
        await end_quiet_hours(desk, user)

    jobs = Jobs(mongo, clock, {MAIL: mailing.send}, holder)
    timers = Timers(mongo, clock, {QUIET_HOURS_OVER: morning})
    desk = Desk(mongo, Inbox(mongo.db), deliveries, wishes, access, jobs, timers, clock)
    return desk


def _addresses(settings: NotificationsSettings, clock: Clock) -> Addresses:
    secret = settings.keycloak_secret.get_secret_value()
    return Addresses(settings.keycloak_url, settings.keycloak_realm, settings.keycloak_client, secret, clock)


def _mailer(settings: NotificationsSettings, clock: Clock) -> Mailer:
    return Mailer(
        settings.smtp_host,
        settings.smtp_port,
        settings.mail_from,
        username=settings.smtp_user or None,
        password=settings.smtp_password.get_secret_value() or None,
        starttls=settings.smtp_starttls,
        clock=clock,
    )


if __name__ == "__main__":
    serve(NAME, create, NotificationsSettings())
