"""What membership shows: the shapes of its answers, by noun."""

from services.membership.views.apps import AppPage, AppView, AppWithSecret
from services.membership.views.directory import RegionView, ServicePage, ServiceView, TaxonomyView, TermView
from services.membership.views.organizations import (
    ApplicationPage,
    ApplicationView,
    MemberPage,
    MemberView,
    OrganizationPage,
    OrganizationView,
)
from services.membership.views.people import RepresentativePage, RepresentativeView, ResetsView, ResetView
from services.membership.views.shape import Receipt

__all__ = [
    "AppPage",
    "AppView",
    "AppWithSecret",
    "ApplicationPage",
    "ApplicationView",
    "MemberPage",
    "MemberView",
    "OrganizationPage",
    "OrganizationView",
    "Receipt",
    "RegionView",
    "RepresentativePage",
    "RepresentativeView",
    "ResetView",
    "ResetsView",
    "ServicePage",
    "ServiceView",
    "TaxonomyView",
    "TermView",
]
