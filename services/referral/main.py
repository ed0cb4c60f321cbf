"""The composition root of the referral service."""

import asyncio
import hmac
from uuid import uuid4

import structlog
from fastapi import FastAPI
from pymongo.errors import PyMongoError

from kit.audit import Audit
from kit.auth import Verifier
from kit.bus import Bus
from kit.clock import Clock, utc_now
from kit.consumer import Reaction
from kit.http import create_app, serve
from kit.mongo import Lease, LeaseLost, Mongo, ensure_indexes
from kit.projections import Projection
from kit.relay import Relay
from kit.timers import Timers
from services.referral.api import ROUTERS
from services.referral.commands.counting import count_months
from services.referral.commands.deadlines import due_work, sweep_orphan_keys
from services.referral.commands.desk import Desk
from services.referral.commands.finding import index_names
from services.referral.commands.retention import date_records, forget_erased, retain
from services.referral.consumed import DIRECTORY, GRANTS, REVOCATIONS
from services.referral.domain.errors import ReferralError
from services.referral.keys import Keys, local_kms
from services.referral.problems import PROBLEMS
from services.referral.projections import DIRECTORY_HANDLERS, giving, taking
from services.referral.settings import ReferralSettings
from services.referral.store import INDEXES, Pseudonyms, Store
from services.referral.store.directory import INDEXES as DIRECTORY_INDEXES
from services.referral.store.directory import Directory
from services.referral.store.standing import Standings

log = structlog.get_logger()

NAME = "referral"
DESCRIPTION = (
    "Refer a person, with their consent, to a service that can help. What is said of a person is sealed under a key of "
    "their own and shown to each reader as far as the disclosure tables, the stage and the consent let through."
)
SWEEP_SECONDS = 3600.0


def create(settings: ReferralSettings, *, clock: Clock = utc_now, verifier: Verifier | None = None) -> FastAPI:
    """Compose the service; nothing touches the network before its lifespan starts."""
    holder = f"{NAME}-{uuid4()}"
    mongo = Mongo.connect(settings.mongodb_url.get_secret_value(), settings.mongodb_database)
    bus = Bus(settings.nats_url, settings.nats_seed.get_secret_value(), NAME)
    directory = Projection(mongo, bus, DIRECTORY, DIRECTORY_HANDLERS, holder, DIRECTORY_INDEXES)
    desk = desk_of(settings, mongo, Directory(directory.live), clock, holder)
    timers = Timers(mongo, clock, due_work(desk))

    async def prepare() -> None:
        await ensure_indexes(mongo.db, INDEXES)

    async def sweep() -> None:
        await _sweep(desk, Lease(mongo.db, "key-sweeper", holder, seconds=60.0))

    app = create_app(
        NAME,
        title="Referral",
        description=DESCRIPTION,
        routers=ROUTERS,
        mongo=mongo,
        verifier=verifier or Verifier(settings.issuer, settings.jwks_url, settings.audience, clock),
        problems=PROBLEMS,
        errors=(ReferralError,),
        resources=(bus, desk.keys.opened()),
        startup=(prepare,),
        background=(
            Relay(mongo, bus, NAME, holder).run,
            directory.run,
            Reaction(mongo, bus, GRANTS, giving(desk.standings)).run,
            Reaction(mongo, bus, REVOCATIONS, taking(desk.standings)).run,
            timers.run,
            desk.audit.run,
            sweep,
        ),
        clock=clock,
    )
    app.state.desk = desk
    app.state.cursor_key = hmac.digest(settings.audit_key.get_secret_value().encode(), b"cursors", "sha256")
    return app


def desk_of(settings: ReferralSettings, mongo: Mongo, directory: Directory, clock: Clock, holder: str) -> Desk:
    """Wire what the use cases work with; their timers are set here and fired elsewhere."""
    key_base = Mongo.connect(settings.keys_url, settings.keys_mongodb_database)
    secret = settings.audit_key.get_secret_value().encode()
    store = Store(mongo.db, Pseudonyms(hmac.digest(secret, b"exclusions", "sha512")))
    return Desk(
        mongo=mongo,
        store=store,
        keys=Keys(key_base, lambda: local_kms(settings.kms_file)),
        directory=directory,
        standings=Standings(mongo.db),
        timers=Timers(mongo, clock, {}),
        audit=Audit(mongo, secret, clock, holder, store.tell_heads),
        clock=clock,
    )


async def _sweep(desk: Desk, lease: Lease) -> None:
    """Do once an hour, in one process, what no instant is set for: keys, names, records that have served."""
    while True:
        try:
            if await lease.acquire() is not None:
                await sweep_orphan_keys(desk)
                await index_names(desk)
                await count_months(desk)
                await date_records(desk)
                await retain(desk)
                await forget_erased(desk)
        except (PyMongoError, OSError, LeaseLost) as error:
            log.warning("sweep.waiting", error=type(error).__name__)
        await asyncio.sleep(SWEEP_SECONDS)


if __name__ == "__main__":
    serve(NAME, create, ReferralSettings())
