"""What happened to organisations' own software."""

from collections.abc import Callable, Mapping
from typing import ClassVar

from kit.messages import Message
from services.membership.domain.app import App
from services.membership.domain.app import Fact as AppFact


class AppRegistered(Message):
    """An organisation's software may call as `client_id`, within these scopes."""

    subject: ClassVar[str] = "membership.app-registered.v1"
    app_id: str
    organization_id: str
    client_id: str
    scopes: tuple[str, ...]


class AppSecretRotated(Message):
    """It has another secret; the one before is worth nothing."""

    subject: ClassVar[str] = "membership.app-secret-rotated.v1"
    app_id: str
    organization_id: str
    client_id: str


class AppRemoved(Message):
    """It may call no more."""

    subject: ClassVar[str] = "membership.app-removed.v1"
    app_id: str
    organization_id: str
    client_id: str


def tell_app(app: App, fact: AppFact) -> Message:
    """Return the message that tells a fact of an app."""
    return _APP[fact](app)


def _identity(app: App) -> dict[str, str]:
    return {"app_id": app.id, "organization_id": app.organization_id, "client_id": app.client_id}


_APP: Mapping[AppFact, Callable[[App], Message]] = {
    AppFact.REGISTERED: lambda a: AppRegistered(**_identity(a), scopes=a.scopes),
    AppFact.SECRET_ROTATED: lambda a: AppSecretRotated(**_identity(a)),
    AppFact.REMOVED: lambda a: AppRemoved(**_identity(a)),
}
