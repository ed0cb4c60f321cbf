"""Domain states as documents: `{_id, schema, version, told, ...fields}`; what is sealed lies beside, under `sealed`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter

from kit.mongo import Document

SCHEMA = 1

T = TypeVar("T")
Sealed = Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Kept(Generic[T]):
    """A state as it was loaded or saved; `told` counts the messages of its aggregate."""

    state: T
    version: int
    told: int = 0
    sealed: Sealed = field(default_factory=dict)


def to_fields(adapter: TypeAdapter[T], state: T) -> Document:
    """Return a state's fields as BSON holds them, its `id` as `_id`."""
    fields: Document = _plain(adapter.dump_python(state))
    return {"_id": fields.pop("id"), "schema": SCHEMA, **fields}


def to_kept(adapter: TypeAdapter[T], document: Document) -> Kept[T]:
    """Read a document of any schema we ever wrote."""
    state = adapter.validate_python({**document, "id": document["_id"]})
    return Kept(state, document["version"], document.get("told", 0), document.get("sealed", {}))


def _plain(value: Any) -> Any:
    """Return what BSON can hold: codes as text, sets as sorted lists so that equal states are equal bytes."""
    if isinstance(value, dict):
        return {_plain(key): _plain(item) for key, item in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(_plain(item) for item in value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.value if isinstance(value, Enum) else value
