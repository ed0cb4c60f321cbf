"""Words in the two languages the coalition works in."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Text:
    """The same words in French and in English; French comes first (Charter of the French Language)."""

    fr: str
    en: str
