"""The kinds of text and numbers an answer or a request may hold."""

import unicodedata
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

# Controls, private use, surrogates, and the marks that turn the direction of what follows: a name never needs them,
# and they can make a screen show something else than what is written.
_FORBIDDEN = frozenset({"Cc", "Co", "Cs", "Cn"})
_TURNING = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
_BREAKS = frozenset("\n\t")


def _plain(text: str) -> str:
    """Refuse what cannot be read as it is written; accents are kept composed."""
    for character in text:
        if character in _TURNING or (character not in _BREAKS and unicodedata.category(character) in _FORBIDDEN):
            raise PydanticCustomError("text_not_plain", "This text holds invisible characters")
    return unicodedata.normalize("NFC", text)


def _one_line(text: str) -> str:
    if _BREAKS & set(text):
        raise PydanticCustomError("text_not_one_line", "This text is one line")
    return text


def _to_milliseconds(at: datetime) -> datetime:
    """Return the instant in UTC as MongoDB keeps it."""
    return at.astimezone(UTC).replace(microsecond=at.microsecond // 1000 * 1000)


_Trimmed = StringConstraints(strip_whitespace=True, min_length=1)
Line = Annotated[str, _Trimmed, Field(max_length=200), AfterValidator(_plain), AfterValidator(_one_line)]
Note = Annotated[str, _Trimmed, Field(max_length=4000), AfterValidator(_plain)]
LanguageCode = Annotated[str, StringConstraints(pattern=r"^[a-z]{3}$"), Field(examples=["fra"])]
Region = Annotated[str, StringConstraints(pattern=r"^(0[1-9]|1[0-7])$"), Field(examples=["06"])]
Instant = Annotated[AwareDatetime, AfterValidator(_to_milliseconds)]


def _canonical(value: Any) -> Any:
    """Return an identifier as it is stored; anything that is no UUID in its usual form is refused."""
    return str(UUID(value)) if isinstance(value, str) and len(value) == _UUID_LENGTH else value


_UUID_LENGTH = 36
Identity = Annotated[
    str,
    BeforeValidator(_canonical),
    StringConstraints(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"),
    Field(examples=["2f1a4f0e-3c1b-4b7e-9d55-0a6f2b8c9d10"]),
]


class View(BaseModel):
    """The root of every shape that goes out."""

    model_config = ConfigDict(frozen=True)


class Form(BaseModel):
    """The root of every shape that comes in: an unknown field is refused, not ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid")
