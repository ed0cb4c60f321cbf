"""What membership does about its own messages: it adds the job that brings Keycloak in line."""

from typing import TypeVar

from kit.consumer import Handler
from kit.messages import Consumed, Delivery
from kit.mongo import Session
from services.membership import consumed
from services.membership.commands.office import Office
from services.membership.effects import ORGANIZATION_ACCESS, REPRESENTATIVE_ACCESS

About = TypeVar("About", bound=consumed.OfOrganization)
Handlers = dict[type[Consumed], Handler]


def opening(office: Office) -> Handlers:
    """Return what opens access."""
    return {
        consumed.OrganizationAdmitted: _about_organization(office),
        consumed.OrganizationReinstated: _about_organization(office),
        consumed.RepresentativeAccepted: _about_representative(office),
    }


def closing(office: Office) -> Handlers:
    """Return what takes access away."""
    return {
        consumed.OrganizationSuspended: _about_organization(office),
        consumed.OrganizationWithdrawn: _about_organization(office),
        consumed.RepresentativeRolesChanged: _about_representative(office),
        consumed.RepresentativeDeactivated: _about_representative(office),
    }


def _about_organization(office: Office) -> Handler:
    async def add(session: Session, delivery: Delivery[consumed.OfOrganization]) -> None:
        await _add(office, session, ORGANIZATION_ACCESS, delivery, delivery.data.model_dump())

    return add


def _about_representative(office: Office) -> Handler:
    async def add(session: Session, delivery: Delivery[consumed.OfRepresentative]) -> None:
        await _add(office, session, REPRESENTATIVE_ACCESS, delivery, delivery.data.model_dump())

    return add


async def _add(
    office: Office,
    session: Session,
    kind: str,
    delivery: Delivery[About],
    payload: dict[str, str],
) -> None:
    """Add the job to its organisation's lane; the message's id is its key."""
    lane = f"keycloak:{delivery.data.organization_id}"
    await office.jobs.add(session, kind, lane, f"{kind}:{delivery.id}", payload, delivery.time)
