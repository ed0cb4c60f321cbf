"""The invented world the demo plays in, made once by membership's own use cases: organisations, services, people."""

from pathlib import Path

from cli import demo_people
from cli.realm.console import connect
from cli.realm.settings import RealmSettings
from kit.clock import utc_now
from kit.mongo import Mongo, ensure_indexes
from services.membership.keycloak import Keycloak
from services.membership.main import office_of
from services.membership.seed import Seeded, load
from services.membership.settings import MembershipSettings
from services.membership.store import INDEXES

# Thirty accounts are made one after the other; on two busy processors that has taken two minutes.
PROVISIONED_WITHIN_SECONDS = 300.0


async def prepare(people: Path) -> tuple[Seeded, demo_people.Demo]:
    """Bring the seed about and make its people able to sign in; what is there already stays as it is.

    Servers and secrets are those of the environment (`coalition env`); `people` keeps the passwords.
    """
    return await _seed(), await _equip(people)


async def _seed() -> Seeded:
    settings = MembershipSettings()
    mongo = Mongo.connect(settings.mongodb_url.get_secret_value(), settings.mongodb_database)
    try:
        await ensure_indexes(mongo.db, INDEXES)
        return await load(office_of(settings, mongo, utc_now, "seed"))
    finally:
        await mongo.close()


async def _equip(people: Path) -> demo_people.Demo:
    realm, membership = RealmSettings(), MembershipSettings()
    console = connect(realm.keycloak_url, realm.admin_client, realm.admin_secret.get_secret_value(), realm.name)
    keycloak = Keycloak(
        membership.keycloak_url,
        membership.keycloak_realm,
        membership.keycloak_client,
        membership.keycloak_secret.get_secret_value(),
    )
    return await demo_people.equip(console, keycloak, people, PROVISIONED_WITHIN_SECONDS)
