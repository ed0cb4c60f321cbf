"""The words of the gateway's pages, in French and English."""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import cast

from kit.problems import Language

Table = Mapping[str, Mapping[Language, str]]

_ALL = tomllib.loads(files("gateway").joinpath("words.toml").read_text("utf-8"))

WORDS: Mapping[Language, Mapping[str, str]] = {
    language: {key: both[language] for key, both in _ALL["words"].items()} for language in ("fr", "en")
}
SECTORS = cast("Table", _ALL["sectors"])
ROLES = cast("Table", _ALL["roles"])
SCOPES = cast("Table", _ALL["scopes"])
GROUPS = cast("Table", _ALL["groups"])
