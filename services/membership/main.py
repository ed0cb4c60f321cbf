"""The composition root of the membership service."""

import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import uuid4

from fastapi import FastAPI

from kit.audit import Audit
from kit.auth import Verifier
from kit.bus import Bus
from kit.clock import Clock, utc_now
from kit.consumer import Reaction
from kit.http import create_app, serve
from kit.jobs import Effect, Jobs
from kit.mail import Mailer
from kit.mongo import Mongo, ensure_indexes
from kit.relay import Relay
from kit.timers import Due, Timers
from services.membership import consumed
from services.membership.api import ROUTERS
from services.membership.codes import InvitationCodes
from services.membership.commands import apps, directory, organizations, people
from services.membership.commands.apps import CLEANUP_TIMER
from services.membership.commands.consequences import (
    ACCREDITATION_CALL_TIMER,
    ACCREDITATION_TIMER,
    INVITATION_TIMER,
    LAPSE_TIMER,
    RENEWAL_TIMER,
)
from services.membership.commands.directory import STALENESS_TIMER
from services.membership.commands.office import Office
from services.membership.domain.refusal import MembershipRefusal
from services.membership.effects import Effects
from services.membership.keycloak import Keycloak
from services.membership.problems import PROBLEMS
from services.membership.reactions import closing, opening
from services.membership.settings import MembershipSettings
from services.membership.store import INDEXES, Directory, Revocations, Store

NAME = "membership"
DESCRIPTION = (
    "Who belongs to the coalition: organisations from their application to their leave, the people who act for them, "
    "and the directory of services they offer. It holds nothing about the persons helped."
)


def create(settings: MembershipSettings, *, clock: Clock = utc_now, verifier: Verifier | None = None) -> FastAPI:
    """Compose the service; nothing touches the network before its lifespan starts."""
    holder = f"{NAME}-{uuid4()}"
    mongo = Mongo.connect(settings.mongodb_url.get_secret_value(), settings.mongodb_database)
    bus = Bus(settings.nats_url, settings.nats_seed.get_secret_value(), NAME)
    office, keycloak = office_of(settings, mongo, clock, holder), _keycloak(settings)

    async def prepare() -> None:
        await ensure_indexes(mongo.db, INDEXES)

    app = create_app(
        NAME,
        title="Membership",
        description=DESCRIPTION,
        routers=ROUTERS,
        mongo=mongo,
        verifier=verifier or Verifier(settings.issuer, settings.jwks_url, settings.audience, clock),
        problems=PROBLEMS,
        errors=(MembershipRefusal,),
        resources=(bus, _closing(keycloak)),
        startup=(prepare,),
        background=(
            Relay(mongo, bus, NAME, holder).run,
            Reaction(mongo, bus, consumed.CLOSING, closing(office)).run,
            Reaction(mongo, bus, consumed.OPENING, opening(office)).run,
            jobs_of(settings, office, keycloak, holder).run,
            timers_of(office).run,
            office.audit.run,
        ),
        clock=clock,
    )
    app.state.office, app.state.keycloak = office, keycloak
    app.state.cursor_key = hmac.digest(settings.audit_key.get_secret_value().encode(), b"cursors", "sha256")
    return app


def office_of(settings: MembershipSettings, mongo: Mongo, clock: Clock, holder: str) -> Office:
    """Return what the use cases work with; its jobs and timers add and set, others run them."""
    return Office(
        mongo=mongo,
        store=Store(mongo),
        directory=Directory(mongo),
        revocations=Revocations(mongo, settings.access_database),
        audit=Audit(mongo, settings.audit_key.get_secret_value().encode(), clock, holder),
        jobs=Jobs(mongo, clock, {}, holder),
        timers=Timers(mongo, clock, {}),
        clock=clock,
        codes=InvitationCodes(settings.invitation_key.get_secret_value().encode()),
    )


def jobs_of(settings: MembershipSettings, office: Office, keycloak: Keycloak, holder: str) -> Jobs:
    """Return the jobs that bring effects about outside."""
    effects: dict[str, Effect] = Effects(office, keycloak, _mailer(settings, office.clock), settings.public_url).kinds()
    return Jobs(office.mongo, office.clock, effects, holder)


def timers_of(office: Office) -> Timers:
    """Return the timers that let time have its effect."""

    async def expire_invitation(key: str, _: datetime) -> None:
        await people.expire_invitation(office, key)

    async def call_renewal(key: str, _: datetime) -> None:
        await organizations.call_renewal(office, key)

    async def lapse(key: str, _: datetime) -> None:
        await organizations.lapse(office, key)

    async def call_accreditation(key: str, _: datetime) -> None:
        await organizations.call_accreditation(office, key)

    async def end_accreditation(key: str, _: datetime) -> None:
        await organizations.record_accreditation_end(office, key)

    async def flag_stale(key: str, _: datetime) -> None:
        await directory.flag_stale(office, key)

    async def clean_up(key: str, _: datetime) -> None:
        await apps.clean_up(office, key)

    kinds: dict[str, Due] = {
        CLEANUP_TIMER: clean_up,
        INVITATION_TIMER: expire_invitation,
        RENEWAL_TIMER: call_renewal,
        LAPSE_TIMER: lapse,
        ACCREDITATION_CALL_TIMER: call_accreditation,
        ACCREDITATION_TIMER: end_accreditation,
        STALENESS_TIMER: flag_stale,
    }
    return Timers(office.mongo, office.clock, kinds)


def _keycloak(settings: MembershipSettings) -> Keycloak:
    secret = settings.keycloak_secret.get_secret_value()
    return Keycloak(settings.keycloak_url, settings.keycloak_realm, settings.keycloak_client, secret)


@asynccontextmanager
async def _closing(keycloak: Keycloak) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await keycloak.close()


def _mailer(settings: MembershipSettings, clock: Clock) -> Mailer:
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
    serve(NAME, create, MembershipSettings())
