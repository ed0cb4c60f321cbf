"""Aggregates as documents: `{_id, schema, version, told, state}`, where `told` counts the aggregate's messages."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter

from kit.mongo import Document

SCHEMA = 1

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Kept(Generic[T]):
    """An aggregate as it was loaded or saved."""

    state: T
    version: int
    told: int


def to_document(adapter: TypeAdapter[T], identity: str, state: T, told: int) -> Document:
    """Return the document of an aggregate; its version is set when it is written."""
    return {"_id": identity, "schema": SCHEMA, "told": told, "state": _plain(adapter.dump_python(state))}


def to_kept(adapter: TypeAdapter[T], document: Document) -> Kept[T]:
    """Read a document of any schema we ever wrote."""
    return Kept(adapter.validate_python(document["state"]), document["version"], document["told"])


def _plain(value: Any) -> Any:
    """Return what BSON can hold: days as ISO text, codes as text, instants as they are."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    return value
