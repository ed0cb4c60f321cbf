"""What follows from others' facts: access ends, and people are told."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kit.consumer import Handlers
from kit.messages import Consumed, Delivery
from kit.mongo import Session
from services.notifications.commands import Desk, News, tell
from services.notifications.consumed import (
    ERASURES,
    FIRST_DAY,
    KIND_OF,
    CapacityAnswered,
    CapacityAsked,
    ConsentLapsing,
    OrganizationAccreditationEnding,
    OrganizationApplied,
    OrganizationRenewalCalled,
    OrganizationSuspended,
    OrganizationWithdrawn,
    RepresentativeDeactivated,
    RepresentativeResetAsked,
    RolesChanged,
    RolesGiven,
    ServiceChanged,
    kind_of,
)
from services.notifications.store import Access, Inbox, Offices

MANAGING = ("coordinator", "coordination")


def taking_access(access: Access) -> Handlers:
    """Return the handlers of the durable that takes access away."""

    async def of_person(session: Session, delivery: Delivery[RepresentativeDeactivated]) -> None:
        fact = delivery.data
        await access.revoke(
            session, delivery.aggregate, delivery.sequence, fact.organization_id, fact.user_id, delivery.time
        )

    async def of_organization(session: Session, delivery: Delivery[Any]) -> None:
        organization = delivery.data.organization_id
        await access.revoke(session, delivery.aggregate, delivery.sequence, organization, None, delivery.time)

    return {
        RepresentativeDeactivated: of_person,
        OrganizationSuspended: of_organization,
        OrganizationWithdrawn: of_organization,
    }


def _link(fact: Any) -> str:
    """Return the path at which the reader sees what the fact is about."""
    if isinstance(fact, CapacityAsked):
        return f"/capacity-requests/{fact.query_id}"
    if isinstance(fact, CapacityAnswered):
        return f"/capacity-queries/{fact.query_id}"
    if isinstance(fact, ConsentLapsing):
        return f"/consents/{fact.consent_id}"
    return f"/referrals/{fact.referral_id}"


def _parties(fact: Any) -> tuple[str, ...]:
    """Return the organisations whose people a fact concerns, each once."""
    if isinstance(fact, ConsentLapsing):
        return (fact.owner_organization_id,)
    return tuple(dict.fromkeys((fact.sender_organization_id, fact.receiver_organization_id)))


def telling_of_referrals(desk: Desk) -> Handlers:
    """Return the handlers that tell the people named by a message of a referral, a capacity query or a consent."""

    async def on_fact(session: Session, delivery: Delivery[Any]) -> None:
        fact = delivery.data
        news = News(
            kind=kind_of(fact),
            link=_link(fact),
            about=delivery.aggregate,
            organizations=_parties(fact),
            happened=delivery.time,
        )
        await tell(desk, session, news, fact.notify)

    return dict.fromkeys(KIND_OF, on_fact)


def forgetting(inbox: Inbox) -> Handlers:
    """Return the handlers that take away every entry about what is erased."""

    async def on_erased(session: Session, delivery: Delivery[Any]) -> None:
        await inbox.forget(session, delivery.aggregate)

    return dict.fromkeys(ERASURES.messages, on_erased)


@dataclass(frozen=True, slots=True)
class Call:
    """Which notice a fact of membership becomes, who is to act on it, and where it is read."""

    kind: str
    roles: tuple[str, ...]
    of: Callable[[Any], str | None]
    link: Callable[[Any], str]


def _everywhere(_: Any) -> None:
    """Roles of the coalition itself, which no other organisation gives."""


def _own(fact: Any) -> str:
    return str(fact.organization_id)


def _organization(fact: Any) -> str:
    return f"/organizations/{fact.organization_id}"


CALLS: Mapping[type[Consumed], Call] = {
    ServiceChanged: Call("service-stale", MANAGING, _own, lambda fact: f"/services/{fact.service_id}"),
    OrganizationApplied: Call("application-received", ("board",), _everywhere, _organization),
    OrganizationRenewalCalled: Call("renewal-due", MANAGING, _own, _organization),
    OrganizationAccreditationEnding: Call("accreditation-ending", MANAGING, _own, _organization),
    RepresentativeResetAsked: Call(
        "reset-asked", ("coordination",), _everywhere, lambda fact: f"/representatives/{fact.representative_id}"
    ),
}


def calling_offices(desk: Desk, offices: Offices) -> Handlers:
    """Return the handlers that learn who holds which role, and tell the holders what they are to act on."""

    async def on_roles(session: Session, delivery: Delivery[Any]) -> None:
        fact = delivery.data
        if fact.user_id is not None:
            await offices.hold(session, delivery.aggregate, fact.organization_id, fact.user_id, fact.roles)

    async def on_leaving(session: Session, delivery: Delivery[RepresentativeDeactivated]) -> None:
        await offices.leave(session, delivery.aggregate)

    async def on_fact(session: Session, delivery: Delivery[Any]) -> None:
        fact = delivery.data
        if delivery.time < FIRST_DAY or not getattr(fact, "stale", True):
            return
        call = CALLS[type(fact)]
        for organization, users in (await offices.holders(session, call.roles, call.of(fact))).items():
            news = News(call.kind, call.link(fact), delivery.aggregate, (organization,), delivery.time)
            await tell(desk, session, news, users)

    learning: Handlers = {RolesGiven: on_roles, RolesChanged: on_roles, RepresentativeDeactivated: on_leaving}
    return {**learning, **dict.fromkeys(CALLS, on_fact)}
