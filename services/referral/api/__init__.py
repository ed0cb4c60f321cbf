"""The routes of referral, by noun."""

from services.referral.api import (
    audit,
    capacity,
    consent_changes,
    consents,
    exclusions,
    people,
    questions,
    referrals,
    service,
)

ROUTERS = (
    people.router,
    consents.router,
    consent_changes.router,
    questions.router,
    exclusions.router,
    capacity.router,
    referrals.router,
    service.router,
    audit.router,
)

__all__ = ["ROUTERS"]
