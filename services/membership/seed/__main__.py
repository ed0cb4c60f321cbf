"""`python -m services.membership.seed`: loads the seed into the database that `MEMBERSHIP_...` names."""

import asyncio
import sys

from kit.clock import utc_now
from kit.mongo import Mongo, ensure_indexes
from services.membership.main import office_of
from services.membership.seed import BoardNotActive, load
from services.membership.settings import MembershipSettings
from services.membership.store import INDEXES


async def main() -> int:
    """Load the seed and say how much was added; 1 when the board's accounts were not made in time."""
    settings = MembershipSettings()
    mongo = Mongo.connect(settings.mongodb_url.get_secret_value(), settings.mongodb_database)
    try:
        await ensure_indexes(mongo.db, INDEXES)
        added = await load(office_of(settings, mongo, utc_now, "seed"))
    except BoardNotActive:
        sys.stderr.write("The board's accounts were not made in time. Start membership and Keycloak, then try again.\n")
        return 1
    finally:
        await mongo.close()
    sys.stdout.write(f"Added {added.organizations} organisations, {added.people} people, {added.services} services.\n")
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
