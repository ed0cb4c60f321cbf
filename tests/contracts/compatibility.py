"""Whether a consumer's model reads whatever its producer's schema allows."""

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]


def misfits(producer: Schema, consumer: Schema) -> list[str]:
    """Return what the consumer demands beyond the producer's promise, as `path: why`; empty when it reads it all."""
    return list(_misfits(producer, consumer, _Definitions(producer, consumer), ""))


class _Definitions:
    def __init__(self, producer: Schema, consumer: Schema) -> None:
        self.producer = producer.get("$defs", {})
        self.consumer = consumer.get("$defs", {})


def _misfits(producer: Schema, consumer: Schema, definitions: _Definitions, path: str) -> Iterator[str]:
    for promised in _alternatives(producer, definitions.producer):
        wanted = _alternatives(consumer, definitions.consumer)
        found = [list(_one(promised, each, definitions, path)) for each in wanted]
        if all(found):
            yield from min(found, key=len)


def _one(promised: Schema, wanted: Schema, definitions: _Definitions, path: str) -> Iterator[str]:
    """Compare one alternative of each."""
    if not wanted:
        return
    kinds = {promised.get("type"), "number" if promised.get("type") == "integer" else None}
    if "type" in wanted and wanted["type"] not in kinds:
        yield f"{path or '/'}: sends {promised.get('type')}, reads {wanted['type']}"
        return
    values = _values(promised)
    if (allowed := _values(wanted)) is not None and (values is None or not values <= allowed):
        yield f"{path or '/'}: sends values that are not read"
    if wanted.get("format") not in (None, promised.get("format")):
        yield f"{path or '/'}: reads the format {wanted['format']}"
    if "properties" in wanted:
        yield from _properties(promised, wanted, definitions, path)
    if "items" in wanted:
        yield from _misfits(promised.get("items", {}), wanted["items"], definitions, f"{path}/*")


def _properties(promised: Schema, wanted: Schema, definitions: _Definitions, path: str) -> Iterator[str]:
    sent = promised.get("properties", {})
    for name, schema in wanted["properties"].items():
        if name not in sent:
            yield f"{path}/{name}: never sent"
            continue
        if name in wanted.get("required", ()) and name not in promised.get("required", ()):
            yield f"{path}/{name}: not always sent"
        yield from _misfits(sent[name], schema, definitions, f"{path}/{name}")


def _alternatives(schema: Schema, definitions: Schema) -> list[Schema]:
    if "$ref" in schema:
        return _alternatives(definitions[schema["$ref"].rsplit("/", 1)[1]], definitions)
    if "anyOf" in schema:
        return [found for each in schema["anyOf"] for found in _alternatives(each, definitions)]
    return [schema]


def _values(schema: Schema) -> set[Any] | None:
    if "const" in schema:
        return {schema["const"]}
    return set(schema["enum"]) if "enum" in schema else None
