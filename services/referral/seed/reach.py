"""The service's desk without its loops, for a command that works beside it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from kit.bus import Bus
from kit.clock import utc_now
from kit.mongo import Mongo, ensure_indexes
from kit.projections import Projection
from services.referral.commands.desk import Desk
from services.referral.consumed import DIRECTORY
from services.referral.main import NAME, desk_of
from services.referral.projections import DIRECTORY_HANDLERS
from services.referral.settings import ReferralSettings
from services.referral.store import INDEXES
from services.referral.store.directory import Directory


@asynccontextmanager
async def opened_desk() -> AsyncIterator[Desk]:
    """Open the desk on the database that `REFERRAL_...` names, with its indexes; the bus is never touched."""
    settings = ReferralSettings()
    mongo = Mongo.connect(settings.mongodb_url.get_secret_value(), settings.mongodb_database)
    bus = Bus(settings.nats_url, settings.nats_seed.get_secret_value(), NAME)
    directory = Projection(mongo, bus, DIRECTORY, DIRECTORY_HANDLERS, NAME)
    desk = desk_of(settings, mongo, Directory(directory.live), utc_now, NAME)
    try:
        async with desk.keys.opened():
            await ensure_indexes(mongo.db, INDEXES)
            yield desk
    finally:
        await mongo.close()
