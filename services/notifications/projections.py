"""People and organisations as membership tells of them: who acts for whom, and who is shut out."""

from collections.abc import Mapping
from typing import Any

from kit.messages import Consumed, Delivery
from kit.mongo import Collection, Document, Session
from kit.projections import CopyHandler
from services.notifications.consumed import (
    OrganizationReinstated,
    OrganizationSuspended,
    OrganizationWithdrawn,
    RepresentativeActivated,
    RepresentativeDeactivated,
)


async def _set(session: Session, copy: Collection, delivery: Delivery[Any], fact: Document) -> None:
    """Write what is now known of the aggregate, with the sequence that told it."""
    change = {"$set": fact | {"told": delivery.sequence}}
    await copy.update_one({"_id": delivery.aggregate}, change, upsert=True, session=session)


async def _activated(session: Session, copy: Collection, delivery: Delivery[RepresentativeActivated]) -> None:
    place = {"organization": delivery.data.organization_id, "user": delivery.data.user_id}
    await _set(session, copy, delivery, place | {"active": True})


async def _deactivated(session: Session, copy: Collection, delivery: Delivery[RepresentativeDeactivated]) -> None:
    place = {"organization": delivery.data.organization_id, "user": delivery.data.user_id}
    await _set(session, copy, delivery, place | {"active": False})


async def _shut_out(session: Session, copy: Collection, delivery: Delivery[Any]) -> None:
    await _set(session, copy, delivery, {"active": False})


async def _let_in(session: Session, copy: Collection, delivery: Delivery[OrganizationReinstated]) -> None:
    await _set(session, copy, delivery, {"active": True})


PEOPLE_HANDLERS: Mapping[type[Consumed], CopyHandler] = {
    RepresentativeActivated: _activated,
    RepresentativeDeactivated: _deactivated,
    OrganizationSuspended: _shut_out,
    OrganizationWithdrawn: _shut_out,
    OrganizationReinstated: _let_in,
}
