"""The routes of referral, by noun."""

from services.referral.api import audit, capacity, consents, grounds, people, referrals, service

ROUTERS = (
    people.router,
    consents.router,
    capacity.router,
    referrals.router,
    service.router,
    audit.router,
    grounds.router,
)

__all__ = ["ROUTERS"]
