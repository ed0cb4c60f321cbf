"""Examples composed of their parts' own."""

import pytest

from cli.contracts.examples import NoExample, _Composer

WORDS = {"name": "Maude", "phone.number": "418 555-0142", "number": 12, "count": "many"}


def composed(schema, place="", schemas=None):
    return _Composer({"components": {"schemas": schemas or {}}}, WORDS).of(schema, place)


@pytest.mark.parametrize(
    ("schema", "place", "expected"),
    [
        ({"type": "string", "examples": ["a", "b"]}, ".name", "a"),
        ({"type": "string"}, ".name", "Maude"),
        ({"type": "string"}, ".phone.number", "418 555-0142"),
        ({"type": "integer"}, ".phone.number", 12),
        ({"type": "integer", "minimum": 3}, ".count", 3),
        ({"type": "string", "enum": ["x", "y"]}, ".name", "x"),
        ({"const": "only"}, ".name", "only"),
        ({"type": "string", "default": "d"}, ".other", "d"),
        ({"type": "string", "format": "date"}, ".other", "2026-11-24"),
        ({"anyOf": [{"type": "null"}, {"type": "boolean"}]}, ".other", False),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, ".other", None),
        ({"type": "array", "items": {"type": "string"}}, ".name", ["Maude"]),
        ({"type": "object", "properties": {"name": {"type": "string"}}}, "", {"name": "Maude"}),
        ({}, ".name", "Maude"),
    ],
)
def test_a_part_shows_its_own_example_or_what_its_name_or_schema_tells(schema, place, expected):
    assert composed(schema, place) == expected


def test_a_name_never_stands_for_what_its_schema_refuses():
    with pytest.raises(NoExample, match=r"\.name"):
        composed({"type": "string", "pattern": "^[a-z]+$"}, ".name")


def test_a_part_with_nothing_to_show_is_named():
    with pytest.raises(NoExample, match=r"\.inner\.unknown"):
        composed(
            {"type": "object", "properties": {"inner": {"$ref": "#/components/schemas/Inner"}}},
            schemas={"Inner": {"type": "object", "properties": {"unknown": {"type": "string"}}}},
        )


def test_the_nulls_of_a_models_own_example_come_back():
    schema = {
        "type": "object",
        "examples": [{"a": 1}],
        "required": ["a", "b"],
        "properties": {"a": {"type": "integer"}, "b": {"anyOf": [{"type": "string"}, {"type": "null"}]}},
    }
    assert composed(schema) == {"a": 1, "b": None}
