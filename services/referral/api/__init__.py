"""The routes of referral, by noun."""

from services.referral.api import (
    arrival,
    audit,
    capacity,
    consent_changes,
    consents,
    contacts,
    exclusions,
    intake,
    opening,
    people,
    questions,
    referrals,
    service,
    voiding,
    waiting,
)

ROUTERS = (
    people.router,
    consents.router,
    consent_changes.router,
    questions.router,
    exclusions.router,
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
