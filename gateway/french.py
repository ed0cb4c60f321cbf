"""The services' operations in French: they state themselves in English, and a table here says the same beside it."""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, cast

_TABLE = tomllib.loads(files("gateway").joinpath("operations.fr.toml").read_text("utf-8"))

OPERATIONS = cast("Mapping[str, Mapping[str, str]]", _TABLE["operations"])
"""Summary and description by operationId."""
WORDS = cast("Mapping[str, str]", _TABLE["words"])
"""What operations share: the description of a parameter or an answer, by its English text."""


def in_french(operation: Mapping[str, Any]) -> dict[str, Any]:
    """Return an operation with `x-fr` beside its own words and those of its parameters and answers, where known."""
    found = dict(operation)
    words = OPERATIONS.get(found.get("operationId", ""))
    if words is not None:
        found["x-fr"] = dict(words)
    if "parameters" in found:
        found["parameters"] = [_described(parameter) for parameter in found["parameters"]]
    found["responses"] = {status: _described(answer) for status, answer in found["responses"].items()}
    return found


def _described(part: Mapping[str, Any]) -> dict[str, Any]:
    french = WORDS.get(part.get("description", ""))
    return {**part, "x-fr": {"description": french}} if french is not None else dict(part)
