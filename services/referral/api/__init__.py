"""The routes of referral, by noun."""

from services.referral.api import (
    arrival,
    audit,
    capacity,
    consents,
    contacts,
    intake,
    opening,
    people,
    referrals,
    service,
    voiding,
    waiting,
)

ROUTERS = (
    people.router,
    consents.router,
    capacity.router,
    referrals.router,
    opening.router,
    intake.router,
    waiting.router,
    arrival.router,
    service.router,
    contacts.router,
    voiding.router,
    audit.router,
)

__all__ = ["ROUTERS"]
