"""What follows from others' facts: access ends, and people are told."""

from typing import Any

from kit.consumer import Handlers
from kit.messages import Delivery
from kit.mongo import Session
from services.notifications.commands import Desk, News, tell
from services.notifications.consumed import (
    KIND_OF,
    CapacityAnswered,
    CapacityAsked,
    OrganizationSuspended,
    OrganizationWithdrawn,
    RepresentativeDeactivated,
    kind_of,
)
from services.notifications.store import Access


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
    return f"/referrals/{fact.referral_id}"


def telling_of_referrals(desk: Desk) -> Handlers:
    """Return the handlers that tell the people named by a message of a referral or a capacity query."""

    async def on_fact(session: Session, delivery: Delivery[Any]) -> None:
        fact = delivery.data
        news = News(
            kind=kind_of(fact),
            link=_link(fact),
            about=delivery.aggregate,
            organizations=tuple(dict.fromkeys((fact.sender_organization_id, fact.receiver_organization_id))),
            happened=delivery.time,
        )
        await tell(desk, session, news, fact.notify)

    return dict.fromkeys(KIND_OF, on_fact)
