"""Membership's routes."""

from fastapi import APIRouter

from services.membership.api import applications, apps, directory, organizations, people, second_factor

# Routes are matched in turn: what is asked most often stands first.
ROUTERS: tuple[APIRouter, ...] = (
    directory.router,
    people.router,
    organizations.router,
    applications.router,
    apps.router,
    second_factor.router,
)
