"""OpenAPI and AsyncAPI documents, from the same code that serves."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from inspect import signature
from pathlib import Path
from typing import Any, get_type_hints

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from cli.bus import SERVICES
from cli.contracts import examples
from cli.contracts.promises import Promise, consumed
from gateway.openapi import merged
from kit.messages import CONTENT_TYPE, SPEC_VERSION, stream_of

# Nothing is reached while a document is made: these only have the right form.
_ANY_OF_TYPE: Mapping[Any, Any] = {int: 1, str: "unused", SecretStr: "x" * 64, Path: Path("unused")}
_ISSUER = "https://keycloak.example/realms/coalition"


def openapi() -> dict[str, dict[str, Any]]:
    """Return each service's OpenAPI document, from its own composition root."""
    return {service: _openapi(service) for service in SERVICES if find_spec(f"services.{service}.main")}


def _openapi(service: str) -> dict[str, Any]:
    create = import_module(f"services.{service}.main").create
    settings: type[BaseSettings] = get_type_hints(create)[next(iter(signature(create).parameters))]
    document: dict[str, Any] = create(unused_settings(settings)).openapi()
    return examples.complete(document)


def unused_settings(settings: type[BaseSettings]) -> BaseSettings:
    """Return settings of the right form that lead nowhere, whatever the environment says."""
    fields = settings.model_fields.items()
    return settings(**{name: _value(name, field) for name, field in fields})


def _value(name: str, field: FieldInfo) -> Any:
    if not field.is_required():
        return field.get_default(call_default_factory=True)
    if name == "mongodb_url":
        return SecretStr("mongodb://localhost")
    return "http://localhost" if name.endswith("_url") else _ANY_OF_TYPE[field.annotation]


def merged_openapi(documents: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return one document of everything behind the gateway, as it serves it itself."""
    return merged(documents, "/", _ISSUER)


def asyncapi(promised: Sequence[Promise]) -> dict[str, Any]:
    """Return the AsyncAPI 3 document of the bus: who tells what, and which durable takes it."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Coalition: messages",
            "version": "1",
            "description": "Faults and order: docs/adr. Bodies carry identifiers and codes, never personal data.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": CONTENT_TYPE,
        "channels": {promise.subject: _channel(promise) for promise in promised},
        "operations": {f"{p.service}.tells.{p.subject}": _tells(p) for p in promised} | _takes(),
        "components": {
            "messages": {promise.subject: _message(promise) for promise in promised},
            "messageTraits": {"envelope": {"headers": _headers()}},
        },
    }


def _channel(promise: Promise) -> dict[str, Any]:
    message = {promise.subject: {"$ref": f"#/components/messages/{promise.subject}"}}
    return {"address": promise.subject, "description": f"On stream {stream_of(promise.service)}.", "messages": message}


def _message(promise: Promise) -> dict[str, Any]:
    return {
        "name": promise.subject,
        "title": promise.model.__name__,
        "summary": promise.words,
        "traits": [{"$ref": "#/components/messageTraits/envelope"}],
        "payload": {"$ref": f"./messages/{promise.subject}/schema.json"},
    }


def _tells(promise: Promise) -> dict[str, Any]:
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{promise.subject}"},
        "summary": f"{promise.service}: {promise.words}",
    }


def _takes() -> dict[str, Any]:
    """Return one operation for each message a durable takes."""
    return {
        f"{subscription.name}.takes.{model.subject}": {
            "action": "receive",
            "channel": {"$ref": f"#/channels/{model.subject}"},
            "summary": f"{service}, {subscription.kind} {' and '.join(subscription.durables)}",
        }
        for service, subscription, model in consumed()
    }


def _headers() -> dict[str, Any]:
    """Return the schema of the NATS headers (`kit.messages.headers_of`): CloudEvents 1.0 attributes."""
    words = {
        "ce-specversion": {"const": SPEC_VERSION},
        "ce-id": {"type": "string", "description": "Also `Nats-Msg-Id`."},
        "ce-source": {"type": "string", "description": "`/<service>`"},
        "ce-type": {"type": "string", "description": "The subject."},
        "ce-subject": {"type": "string", "description": "The aggregate: `<kind>:<id>`."},
        "ce-time": {"type": "string", "format": "date-time"},
        "ce-dataschema": {"type": "string"},
        "ce-datacontenttype": {"const": CONTENT_TYPE},
        "ce-sequence": {"type": "string", "description": "The count of its aggregate's messages, from 1."},
        "traceparent": {"type": "string", "description": "W3C trace context."},
    }
    return {"type": "object", "required": [name for name in words if name != "traceparent"], "properties": words}
