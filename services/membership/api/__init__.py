"""Membership's routes."""

from fastapi import APIRouter

from services.membership.api import applications, directory, organizations, people

# Routes are matched in turn: what is asked most often stands first.
ROUTERS: tuple[APIRouter, ...] = (directory.router, people.router, organizations.router, applications.router)
