"""Asking services whether they could help, without saying whom, and answering."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import uuid4

from kit.http import Once
from kit.messages import Message
from kit.mongo import Session
from services.referral.commands.desk import Caller, Desk, attempting
from services.referral.domain.capacity import (
    SERVICES_AT_ONCE,
    Answer,
    Query,
    QueryInvalid,
    check_answer,
    check_rate,
    coarsen,
    may_be_asked,
    open_until,
)
from services.referral.domain.deadlines import URGENT
from services.referral.domain.exclusions import NOBODY, Exclusions
from services.referral.domain.identifiers import OrganizationId, PersonId, QueryId, ServiceId
from services.referral.domain.moves import RecipientUnavailable, SenderNotAccredited
from services.referral.domain.party import COORDINATOR, INTAKE, NotFound, check_works
from services.referral.published import CapacityAnswered, CapacityAsked
from services.referral.store import Asked, Kept, Line
from services.referral.store.directory import Destination

SENT = "organization"
RECEIVED = "asked_organizations"


async def ask_capacity(
    desk: Desk,
    caller: Caller,
    query: Query,
    services: Sequence[ServiceId],
    once: Once,
    person: PersonId | None = None,
) -> Kept[Asked]:
    """Ask several services at once; only the coarsened query is kept, and it is linked to nobody.

    `person` is neither kept nor sent: nobody whom they exclude is asked.
    """
    if once.result:
        return await read_query(desk, caller, QueryId(once.result))
    identity, at = QueryId(str(uuid4())), desk.clock()
    async with attempting(desk, caller, "capacity.ask", identity) as attempt:
        check_works(caller.reader)
        attempt.owner = caller.organization
        await check_may_refer(desk, caller.organization)
        if not 0 < len(set(services)) <= SERVICES_AT_ONCE:
            raise QueryInvalid
        coarse, _ = coarsen(query)
        reached = await _reached(desk, caller, services, person)

        async def work(session: Session) -> Kept[Asked]:
            check_rate(await desk.store.queries.count_this_hour(session, caller.user, at))
            asked = _asked(caller, identity, coarse, services, reached, at)
            await once.remember(session, identity)
            await attempt.done(desk, session)
            return await desk.store.queries.save(session, asked, await _asking(desk, session, asked), at)

        return await desk.mongo.transaction(work)


async def check_may_refer(desk: Desk, organization: OrganizationId) -> None:
    """Raise `SenderNotAccredited` unless an organisation may handle referrals now."""
    if not (await desk.standings.of(organization, desk.clock())).may_refer:
        raise SenderNotAccredited


async def reachable(desk: Desk, service: ServiceId, session: Session | None = None) -> Destination:
    """Return a service that may be asked and sent to; raises `RecipientUnavailable`, whatever the reason."""
    found = await desk.directory.destination(service, session)
    if found is None or not (await desk.standings.of(found.organization, desk.clock(), session)).may_refer:
        raise RecipientUnavailable
    return found


async def _reached(
    desk: Desk, caller: Caller, services: Sequence[ServiceId], person: PersonId | None
) -> list[Destination]:
    """Return the services that can be asked; at night one that cannot must not hold up the others."""
    excluded = (await desk.store.people.of(caller.reader, person)).state.excluded if person else NOBODY
    found = []
    for service in dict.fromkeys(services):
        destination = await desk.directory.destination(service)
        if destination and destination.organization != caller.organization and may_be_asked(destination.sector):
            standing = await desk.standings.of(destination.organization, desk.clock())
            asked = standing.may_refer and not await _would_reach(desk, destination.organization, excluded)
            found += [destination] if asked else []
    if not found:
        raise RecipientUnavailable
    return found


async def _would_reach(desk: Desk, organization: OrganizationId, excluded: Exclusions) -> bool:
    """Say whether asking an organisation would let someone excluded read the query: it, or anybody working there."""
    if organization in excluded.organizations:
        return True
    return bool(excluded.accounts and await desk.directory.works_in(organization, excluded.accounts))


def _asked(
    caller: Caller,
    identity: QueryId,
    query: Query,
    services: Sequence[ServiceId],
    reached: Sequence[Destination],
    at: datetime,
) -> Asked:
    there = {destination.service for destination in reached}
    return Asked(
        id=identity,
        organization=caller.organization,
        asked_by=caller.user,
        asked_at=at,
        until=open_until(query, at),
        query=query,
        lines=tuple(Line(service=each.service, organization=each.organization) for each in reached),
        not_asked=tuple(service for service in dict.fromkeys(services) if service not in there),
        asked_organizations=tuple(sorted({destination.organization for destination in reached})),
    )


async def _asking(desk: Desk, session: Session, asked: Asked) -> list[Message]:
    """Tell each organisation asked, none of them of the others."""
    messages: list[Message] = []
    for organization in asked.asked_organizations:
        told = await desk.directory.users(organization, INTAKE, session)
        messages.append(
            CapacityAsked(
                query_id=asked.id,
                sender_organization_id=asked.organization,
                receiver_organization_id=organization,
                notify=told or await desk.directory.users(organization, COORDINATOR, session),
                urgent=asked.query.urgency in URGENT,
            )
        )
    return messages


async def read_query(desk: Desk, caller: Caller, query: QueryId) -> Kept[Asked]:
    """Return a query of one's own organisation with its answers; raises `NotFound`."""
    async with attempting(desk, caller, "capacity.read", query) as attempt:
        check_works(caller.reader)
        kept = await desk.store.queries.by_id(query)
        attempt.owner = kept.state.organization
        if kept.state.organization != caller.organization:
            raise NotFound
        await attempt.done(desk, None)
        return kept


async def read_asked(desk: Desk, caller: Caller, query: QueryId) -> Kept[Asked]:
    """Return a query put to one's own organisation; raises `NotFound`."""
    async with attempting(desk, caller, "capacity.read", query) as attempt:
        check_works(caller.reader)
        kept = await desk.store.queries.by_id(query)
        attempt.owner = kept.state.organization
        if caller.organization not in kept.state.asked_organizations:
            raise NotFound
        await attempt.done(desk, None)
        return kept


async def list_queries(
    desk: Desk, caller: Caller, side: str, before: tuple[datetime, str] | None, limit: int
) -> list[Kept[Asked]]:
    """Return the queries that one's organisation sent, or received, newest first."""
    async with attempting(desk, caller, "capacity.list") as attempt:
        check_works(caller.reader)
        found = await desk.store.queries.page(side, caller.organization, before, limit)
        attempt.records = tuple(kept.state.id for kept in found)
        await attempt.done(desk, None)
        return found


async def answer_capacity(
    desk: Desk,
    caller: Caller,
    query: QueryId,
    service: ServiceId,
    answer: Answer,
    information: frozenset[str],
) -> Kept[Asked]:
    """Answer for one of one's own services; an answer stands, unless it asked for more information."""
    async with attempting(desk, caller, "capacity.answer", query) as attempt:
        check_works(caller.reader)

        async def work(session: Session) -> Kept[Asked]:
            kept = await desk.store.queries.by_id(query, session)
            attempt.owner = kept.state.organization
            line, at = kept.state.line(service, caller.organization), desk.clock()
            check_answer(line.answer, answer, information, kept.state.until, at)
            answered = replace(line, answer=answer, information=tuple(sorted(information)), answered_at=at)
            lines = tuple(answered if each is line else each for each in kept.state.lines)
            await attempt.done(desk, session)
            message = CapacityAnswered(
                query_id=query,
                sender_organization_id=kept.state.organization,
                receiver_organization_id=caller.organization,
                notify=(kept.state.asked_by,),
            )
            return await desk.store.queries.save(session, replace(kept.state, lines=lines), [message], at, kept)

        return await desk.mongo.transaction(work)
