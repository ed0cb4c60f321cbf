"""A coordinator publishes a service, changes it, says that it is still right, and takes it out."""

from collections.abc import Callable
from datetime import datetime

from kit.auth import Principal
from kit.http import Once, require_version
from kit.mongo import Session
from services.membership.commands.office import Office, new_id, remember
from services.membership.domain import directory as rules
from services.membership.domain.directory import Entry, Outcome, Service, ServiceId
from services.membership.domain.organization import OrganizationId, UserId
from services.membership.store import Kept

STALENESS_TIMER = "staleness"

Decide = Callable[[Service, datetime], Outcome]


async def publish(
    office: Office, by: Principal, entry: Entry, once: Once | None = None, identity: str | None = None
) -> Kept[Service]:
    """Put a service of the caller's organisation in the directory."""
    at, key = office.clock(), ServiceId(identity or new_id())

    async def work(session: Session) -> Kept[Service]:
        await remember(once, session, key)
        # Held: a suspension beside this must not leave the service listed.
        host = (await office.store.hold(session, by.organization)).state
        service, facts = rules.publish(key, host, UserId(by.user), entry, at)
        saved = await office.store.save_service(session, service, facts, at)
        await office.directory.put(session, service, saved.version, host, at)
        await office.timers.set(session, STALENESS_TIMER, key, service.stale_from)
        await office.record(session, by, "service.publish", f"service:{key}", host.id)
        return saved

    return await office.mongo.transaction(work)


async def change(
    office: Office, by: Principal, identity: str, entry: Entry, expected: int | None, once: Once | None = None
) -> Kept[Service]:
    """Replace what is said of a service, over the version the caller read."""

    def decide(service: Service, at: datetime) -> Outcome:
        return rules.change(service, OrganizationId(by.organization), UserId(by.user), entry, at)

    return await _act(office, by, identity, "service.change", decide, expected, once)


async def assure(office: Office, by: Principal, identity: str, once: Once | None = None) -> Kept[Service]:
    """Record that a service's entry is still right."""

    def decide(service: Service, at: datetime) -> Outcome:
        return rules.assure(service, OrganizationId(by.organization), UserId(by.user), at)

    return await _act(office, by, identity, "service.assure", decide, None, once)


async def withdraw(office: Office, by: Principal, identity: str, once: Once | None = None) -> Kept[Service]:
    """Take a service out of the directory for good."""

    def decide(service: Service, at: datetime) -> Outcome:
        del at
        return rules.withdraw(service, OrganizationId(by.organization))

    return await _act(office, by, identity, "service.withdraw", decide, None, once)


async def flag_stale(office: Office, identity: str) -> None:
    """Flag a service nobody has assured for too long; called by a timer, at any time and more than once."""
    at = office.clock()

    async def work(session: Session) -> None:
        kept = await office.store.service(session, identity)
        service, facts = rules.flag_stale(kept.state, at)
        if facts:
            saved = await office.store.save_service(session, service, facts, at, kept)
            await _show(office, session, saved, at)
            record, owner = f"service:{identity}", service.organization_id
            await office.record_unsigned(session, "timer", "service.flag-stale", record, owner)

    await office.mongo.transaction(work)


async def _act(
    office: Office,
    by: Principal,
    identity: str,
    action: str,
    decide: Decide,
    expected: int | None,
    once: Once | None,
) -> Kept[Service]:
    """Load a service, let the rules decide, write what happened, its row and when it goes stale."""
    at = office.clock()

    async def work(session: Session) -> Kept[Service]:
        await remember(once, session, identity)
        kept = await office.store.service(session, identity)
        service, facts = decide(kept.state, at)
        require_version(expected, kept.version)
        saved = await office.store.save_service(session, service, facts, at, kept)
        await _show(office, session, saved, at)
        await _await_staleness(office, session, service)
        await office.record(session, by, action, f"service:{identity}", service.organization_id)
        return saved

    return await office.mongo.transaction(work)


async def _show(office: Office, session: Session, kept: Kept[Service], at: datetime) -> None:
    host = await office.store.hold(session, kept.state.organization_id)
    await office.directory.put(session, kept.state, kept.version, host.state, at)


async def _await_staleness(office: Office, session: Session, service: Service) -> None:
    if service.withdrawn:
        await office.timers.cancel(session, STALENESS_TIMER, service.id)
    else:
        await office.timers.set(session, STALENESS_TIMER, service.id, service.stale_from)
