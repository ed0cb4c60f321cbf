"""An organisation's coordinator registers its software, gives it another secret, and removes it.

The secret is made by Keycloak and goes to who asked, in that one answer: no row, message or log of ours ever holds it.
"""

import asyncio
from collections.abc import Awaitable
from datetime import datetime, timedelta
from typing import ClassVar

from kit.auth import Principal
from kit.http import Once
from kit.mongo import Session
from services.membership import keycloak as realm
from services.membership.commands.office import Office, described, hold_person, new_id, remember
from services.membership.domain import app as rules
from services.membership.domain.app import App, AppId, ScopesTooWide, UnknownApp
from services.membership.domain.organization import Organization, OrganizationId, UserId
from services.membership.domain.refusal import MembershipRefusal
from services.membership.keycloak import Keycloak
from services.membership.store import Kept

CLEANUP_TIMER = "app-cleanup"
APP_REMOVAL = "app-removal"
ANSWER_WITHIN = 8.0
CLEANED_AFTER = timedelta(minutes=1)

Shown = tuple[Kept[App], str]


class SignInServerUnavailable(MembershipRefusal):
    """Keycloak does not answer, so nothing was done."""

    code: ClassVar[str] = "membership.sign-in-server-unavailable"


async def register(
    office: Office,
    keycloak: Keycloak,
    by: Principal,
    organization: str,
    name: str,
    scopes: frozenset[str],
    once: Once | None = None,
) -> Shown:
    """Make a client for software of the caller's organisation; returns its secret too, which is shown nowhere else."""
    hold_person(by)
    at, identity = office.clock(), AppId(new_id())
    host = (await office.store.organization(None, organization)).state
    who = OrganizationId(by.organization), UserId(by.user)
    app, facts = rules.register(identity, host, who, name, scopes, at)
    await _await_cleanup(office, app, at)

    async def work(session: Session) -> Shown:
        await remember(once, session, identity)
        saved = await office.store.save_app(session, app, facts, at)
        await office.timers.cancel(session, CLEANUP_TIMER, _cleanup_key(app))
        await office.record(session, by, "app.register", f"app:{identity}", host.id, ",".join(app.scopes))
        # Last: where Keycloak fails nothing is kept, and the timer takes away what was begun there.
        return saved, await _provision(keycloak, host, app)

    return await office.mongo.transaction(work)


async def rotate_secret(
    office: Office, keycloak: Keycloak, by: Principal, identity: str, once: Once | None = None
) -> Shown:
    """Give an application another secret, which is returned; the one before ends at once."""
    hold_person(by)
    at = office.clock()

    async def work(session: Session) -> Shown:
        await remember(once, session, identity)
        kept = await office.store.app(session, identity)
        app, facts = rules.rotate(kept.state, OrganizationId(by.organization), at)
        saved = await office.store.save_app(session, app, facts, at, kept)
        await office.record(session, by, "app.rotate-secret", f"app:{identity}", app.organization_id)
        # Last: the old secret goes on working unless all of this is kept.
        return saved, await _answered(keycloak.apps.rotate_secret(app.client_id))

    return await office.mongo.transaction(work)


async def remove(office: Office, by: Principal, identity: str, once: Once | None = None) -> Kept[App]:
    """End what an application may do: its access ends in this transaction, its client in a job."""
    hold_person(by)
    at = office.clock()

    async def work(session: Session) -> Kept[App]:
        await remember(once, session, identity)
        kept = await office.store.app(session, identity)
        app, facts = rules.remove(kept.state, OrganizationId(by.organization), at)
        saved = await office.store.save_app(session, app, facts, at, kept)
        await office.revocations.of_app(session, app.client_id, saved.told, at)
        await _have_removed(office, session, _cleanup_key(app), at)
        await office.record(session, by, "app.remove", f"app:{identity}", app.organization_id)
        return saved

    return await office.mongo.transaction(work)


async def clean_up(office: Office, key: str) -> None:
    """Have a client removed whose registration never ended; called by a timer, at any time and more than once."""
    at = office.clock()

    async def work(session: Session) -> None:
        await _have_removed(office, session, key, at)

    await office.mongo.transaction(work)


async def _await_cleanup(office: Office, app: App, at: datetime) -> None:
    """Make sure, before anything is asked of Keycloak, that a process killed half-way leaves nothing there."""

    async def work(session: Session) -> None:
        await office.timers.set(session, CLEANUP_TIMER, _cleanup_key(app), at + CLEANED_AFTER)

    await office.mongo.transaction(work)


def _cleanup_key(app: App) -> str:
    return f"{app.organization_id}|{app.client_id}"


async def _have_removed(office: Office, session: Session, key: str, at: datetime) -> None:
    """Add the job that removes a client, unless an application signs in by it when the job runs."""
    organization, _, client = key.partition("|")
    payload = {"organization_id": organization, "client_id": client}
    lane = f"keycloak:{organization}"
    await office.jobs.add(session, APP_REMOVAL, lane, f"{APP_REMOVAL}:{client}:{at.timestamp()}", payload, at)


async def _provision(keycloak: Keycloak, host: Organization, app: App) -> str:
    """Make the client and return its secret."""

    async def make() -> str:
        await keycloak.apps.provision(described(host), realm.App(app.client_id, frozenset(app.scopes)))
        return await keycloak.apps.rotate_secret(app.client_id)

    return await _answered(make())


async def _answered(asked: Awaitable[str]) -> str:
    """Wait for Keycloak as long as somebody who waits for us will; what it does not answer is refused whole."""
    try:
        async with asyncio.timeout(ANSWER_WITHIN):
            return await asked
    except realm.ScopesTooWide:
        raise ScopesTooWide from None
    except realm.AppUnknown:
        raise UnknownApp from None
    except (*realm.FAULTS, TimeoutError) as error:
        raise SignInServerUnavailable from error
