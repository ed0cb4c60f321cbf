"""The routes of referral, by noun."""

from services.referral.api import (
    audit,
    capacity,
    consents,
    emergencies,
    emergency_readings,
    emergency_reviews,
    grounds,
    people,
    referrals,
    register,
    service,
    youth_reports,
)

ROUTERS = (
    people.router,
    consents.router,
    capacity.router,
    referrals.router,
    service.router,
    audit.router,
    grounds.router,
    emergencies.router,
    emergency_readings.router,
    emergency_reviews.router,
    youth_reports.router,
    register.router,
)

__all__ = ["ROUTERS"]
