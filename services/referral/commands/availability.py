"""Telling others whether a service has places left: of a confidential one late, at fixed hours, and never how many."""

from dataclasses import replace

from kit.mongo import Session
from services.referral.commands.desk import AVAILABILITY, Caller, Desk, attempting
from services.referral.domain.availability import Availability, Counted, Shown, availability_of, telling_after
from services.referral.domain.identifiers import ServiceId
from services.referral.domain.party import NotFound, check_works
from services.referral.published import AvailabilityChanged
from services.referral.store import Kept


async def follow_places(desk: Desk, session: Session, service: ServiceId) -> None:
    """Follow places just taken or given back: told at once, or of a confidential service later."""
    counted = await desk.directory.counted(service, session)
    if counted is None:
        return
    kept = await desk.store.availability.of(service, session)
    taken = await desk.store.places.taken(session, service)
    turned = kept.state.turned(availability_of(counted.total, taken), desk.clock())
    if turned is kept.state:
        return
    if not counted.confidential:
        await _tell(desk, session, kept, turned, counted)
        return
    if turned.due is None:
        turned = await _put_off(desk, session, turned)
    await desk.store.availability.save(session, turned, [], desk.clock(), kept)


async def _tell(desk: Desk, session: Session, kept: Kept[Shown], shown: Shown, counted: Counted) -> None:
    told = shown.tell()
    message = AvailabilityChanged(
        service_id=shown.id, organization_id=counted.organization, availability=told.said.value
    )
    messages = [message] if told.said is not kept.state.said else []
    await desk.store.availability.save(session, told, messages, desk.clock(), kept)


async def _put_off(desk: Desk, session: Session, shown: Shown) -> Shown:
    due = telling_after(desk.clock())
    await desk.timers.set(session, AVAILABILITY, shown.id, due)
    return replace(shown, due=due)


async def tell_availability(desk: Desk, service: ServiceId) -> None:
    """Tell at its hour how a confidential service stands; what has not stood long enough waits for the next."""

    async def work(session: Session) -> None:
        kept = await desk.store.availability.of(service, session)
        counted = await desk.directory.counted(service, session)
        if kept.state.due is None or counted is None:
            return
        if kept.state.may_be_said(desk.clock()):
            await _tell(desk, session, kept, kept.state, counted)
        else:
            await desk.store.availability.save(
                session, await _put_off(desk, session, kept.state), [], desk.clock(), kept
            )

    await desk.mongo.transaction(work)


async def read_availability(desk: Desk, caller: Caller, service: ServiceId) -> Availability | None:
    """Return whether a service has places left, as others were told; None where it counts none."""
    async with attempting(desk, caller, "service.availability", service) as attempt:
        check_works(caller.reader)
        if await desk.directory.destination(service) is None:
            raise NotFound
        await attempt.done(desk, None)
        if await desk.directory.counted(service) is None:
            return None
        return (await desk.store.availability.of(service)).state.said
