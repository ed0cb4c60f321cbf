"""The messages the services promise and take, as their code declares them."""

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any, TypeVar

from cli.bus import SERVICES
from kit.messages import Consumed, Message, Subscription

M = TypeVar("M", Message, Consumed)

DIALECT = "https://json-schema.org/draft/2020-12/schema"


@dataclass(frozen=True, slots=True)
class Promise:
    """One message a service promises to tell."""

    service: str
    model: type[Message]

    @property
    def subject(self) -> str:
        """The message's subject, with its version."""
        return self.model.subject

    @property
    def words(self) -> str:
        """What the message says happened."""
        return inspect.getdoc(self.model) or ""

    def schema(self) -> dict[str, Any]:
        """Return the JSON schema of the message's body."""
        found = self.model.model_json_schema()
        head = {"$schema": DIALECT, "$id": f"contracts/messages/{self.subject}/schema.json"}
        return head | {key: value for key, value in found.items() if key != "examples"}

    def examples(self) -> list[Any]:
        """Return the examples the class itself gives (`model_config`'s `json_schema_extra`)."""
        return list(self.model.model_json_schema().get("examples", []))


def promises() -> list[Promise]:
    """Return every message of every service's `published.py`, by subject."""
    found = [
        Promise(service, model)
        for service in SERVICES
        for module in _modules(service, "published")
        for model in _models(module, Message)
    ]
    return sorted(found, key=lambda promise: promise.subject)


def consumed() -> list[tuple[str, Subscription, type[Consumed]]]:
    """Return what each service takes: (service, subscription, the service's own model of the message)."""
    return [
        (service, subscription, model)
        for service in SERVICES
        for module in _modules(service, "consumed")
        for subscription in module.SUBSCRIPTIONS
        for model in subscription.messages
    ]


def _modules(service: str, name: str) -> Iterator[ModuleType]:
    """Yield the service's module of that name, when it has one: a service may tell or take nothing."""
    path = f"services.{service}.{name}"
    if find_spec(path):
        yield import_module(path)


def _models(module: ModuleType, base: type[M]) -> Iterator[type[M]]:
    for value in vars(module).values():
        if inspect.isclass(value) and issubclass(value, base) and hasattr(value, "subject"):
            yield value
