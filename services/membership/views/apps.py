"""An organisation's own software."""

from datetime import datetime

from pydantic import Field

from services.membership.domain.app import App
from services.membership.views.shape import View


class AppView(View):
    """An organisation's own software, as its coordinators know it."""

    id: str
    organization_id: str
    client_id: str = Field(description="What it signs in as.", examples=["refuge-du-nord-3f1b8f0a"])
    name: str
    scopes: tuple[str, ...] = Field(examples=[["capacity:answer", "directory:read"]])
    registered_at: datetime
    rotated_at: datetime = Field(description="When its secret was made.")
    version: int

    @classmethod
    def of(cls, app: App, version: int) -> "AppView":
        """Show an application."""
        said = {name: getattr(app, name) for name in AppView.model_fields if hasattr(app, name)}
        return cls(version=version, **said)


class AppWithSecret(AppView):
    """An application with the secret that was just made for it."""

    secret: str | None = Field(
        default=None,
        description="Shown in this one answer and kept nowhere; null when a request is repeated under its key.",
        examples=["<shown once>"],
    )


class AppPage(View):
    """An organisation's applications."""

    items: tuple[AppView, ...]
    next: str | None
