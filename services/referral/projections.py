"""The directory as referral needs it, and each organisation's standing, both drawn from membership's messages."""

from typing import Any

from kit.consumer import Handlers
from kit.messages import Delivery
from kit.mongo import Collection, Document, Session
from kit.projections import CopyHandlers
from services.referral import consumed
from services.referral.store.standing import Standings, Title


async def _put(session: Session, copy: Collection, delivery: Delivery[Any], fields: Document) -> None:
    """Keep what is known of one aggregate; an upsert, since nothing says which of two aggregates comes first."""
    await copy.update_one({"_id": delivery.aggregate}, {"$set": fields}, upsert=True, session=session)


async def _organization(session: Session, copy: Collection, delivery: Delivery[consumed.OrganizationAdmitted]) -> None:
    data = delivery.data
    fields = {"kind": "organization", "sector": data.sector, "family": data.family, "regime": data.regime}
    await _put(session, copy, delivery, fields)


async def _representative(
    session: Session, copy: Collection, delivery: Delivery[consumed.RepresentativeActivated]
) -> None:
    data = delivery.data
    fields = {"organization": data.organization_id, "user": data.user_id, "roles": list(data.roles), "active": True}
    await _put(session, copy, delivery, {"kind": "representative", **fields})


async def _roles(session: Session, copy: Collection, delivery: Delivery[consumed.RepresentativeRolesChanged]) -> None:
    await _put(session, copy, delivery, {"roles": list(delivery.data.roles)})


async def _deactivated(
    session: Session, copy: Collection, delivery: Delivery[consumed.RepresentativeDeactivated]
) -> None:
    await _put(session, copy, delivery, {"active": False, "roles": []})


async def _service(session: Session, copy: Collection, delivery: Delivery[consumed.ServicePublished]) -> None:
    data = delivery.data
    fields = {
        "kind": "service",
        "organization": data.organization_id,
        "needs": list(data.needs),
        "places": data.places if data.capacity == "counted" else None,
        "confidential": data.confidential,
        "active": data.status == "active",
    }
    await _put(session, copy, delivery, fields)


async def _service_withdrawn(session: Session, copy: Collection, delivery: Delivery[consumed.ServiceWithdrawn]) -> None:
    await _put(session, copy, delivery, {"active": False, "needs": []})


DIRECTORY_HANDLERS: CopyHandlers = {
    consumed.OrganizationAdmitted: _organization,
    consumed.RepresentativeActivated: _representative,
    consumed.RepresentativeRolesChanged: _roles,
    consumed.RepresentativeDeactivated: _deactivated,
    consumed.ServicePublished: _service,
    consumed.ServiceChanged: _service,
    consumed.ServiceWithdrawn: _service_withdrawn,
}

# An admission gives membership and lifts nothing: a suspension is lifted by its own message.
GIVEN: dict[type[Any], Title] = {
    consumed.OrganizationAdmitted: Title.MEMBERSHIP,
    consumed.OrganizationRenewed: Title.MEMBERSHIP,
    consumed.OrganizationReinstated: Title.FREEDOM,
    consumed.OrganizationAccredited: Title.ACCREDITATION,
}
TAKEN: dict[type[Any], Title] = {
    consumed.OrganizationLapsed: Title.MEMBERSHIP,
    consumed.OrganizationWithdrawn: Title.MEMBERSHIP,
    consumed.OrganizationSuspended: Title.FREEDOM,
    consumed.OrganizationAccreditationEnded: Title.ACCREDITATION,
}


def giving(standings: Standings) -> Handlers:
    """Return the handlers that give an organisation a title."""

    async def give(session: Session, delivery: Delivery[Any]) -> None:
        until = getattr(delivery.data, "until", None)
        title = GIVEN[type(delivery.data)]
        await standings.give(session, delivery.data.organization_id, title, delivery.sequence, until)

    return dict.fromkeys(GIVEN, give)


def taking(standings: Standings) -> Handlers:
    """Return the handlers that take a title away."""

    async def take(session: Session, delivery: Delivery[Any]) -> None:
        title = TAKEN[type(delivery.data)]
        await standings.take(session, delivery.data.organization_id, title, delivery.sequence)

    return dict.fromkeys(TAKEN, take)
