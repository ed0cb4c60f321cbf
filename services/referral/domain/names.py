"""Names as they are looked for: without accents, case, hyphens or order, and nothing else forgiven."""
# ruff: noqa: N818 - a refusal's name says what stands in the way

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.referral.domain.errors import ReferralError

SEARCHES_AN_HOUR = 60
MOST_FOUND = 20
_SHORTEST = 2
_MOST_WORDS = 8
_FIELDS = ("preferred_name", "prs_FirstName", "prs_MiddleName", "prs_SecondName")
_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae"})


class NameTooShort(ReferralError):
    """A name is looked for by a word of two letters or more: less would list everybody."""

    code = "person.name-too-short"


class TooManySearches(ReferralError):
    """A worker looks for names at most 60 times an hour: an organisation's persons must not be guessed one by one."""

    code = "person.too-many-searches"


@dataclass(frozen=True, slots=True)
class Sought:
    """A name looked for, and the birth date where it is known."""

    words: frozenset[str]
    born: date | None = None

    def terms(self) -> list[str]:
        """Return what the index must hold of whoever is meant."""
        return sorted(_with_birth(word, self.born.isoformat()) if self.born else word for word in self.words)

    def fits(self, identity: Mapping[str, Any]) -> bool:
        """Say whether an identity is the one looked for: the index alone does not know."""
        born = self.born is None or identity.get("prs_Birthdate") == self.born.isoformat()
        return born and self.words <= words_of(identity)


def sought(name: str, born: date | None = None) -> Sought:
    """Return what is looked for; raises `NameTooShort`."""
    words = _words(name)
    if not words or len(words) > _MOST_WORDS:
        raise NameTooShort
    return Sought(words, born)


def check_searches(this_hour: int) -> None:
    """Raise `TooManySearches` where a worker has looked too often within the hour."""
    if this_hour >= SEARCHES_AN_HOUR:
        raise TooManySearches


def words_of(identity: Mapping[str, Any]) -> frozenset[str]:
    """Return the words of every name an identity gives."""
    return frozenset().union(*(_words(identity.get(field) or "") for field in _FIELDS))


def index_terms(identity: Mapping[str, Any]) -> list[str]:
    """Return the terms under which an identity is found: each word, and each with the birth date; 16 at most."""
    words = sorted(words_of(identity))[:_MOST_WORDS]
    born = identity.get("prs_Birthdate")
    return words + [_with_birth(word, born) for word in words if born]


def _with_birth(word: str, born: str) -> str:
    # Never the date alone: there are few enough of them to try every one.
    return f"{word}|{born}"


def _words(name: str) -> frozenset[str]:
    plain = unicodedata.normalize("NFKD", name.casefold().translate(_LIGATURES))
    bare = "".join(character for character in plain if not unicodedata.combining(character))
    spaced = "".join(character if character.isalnum() else " " for character in bare)
    return frozenset(word for word in spaced.split() if len(word) >= _SHORTEST)
