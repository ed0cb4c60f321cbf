"""A person helped, known inside one organisation by a mnemonic that says nothing about them."""
# ruff: noqa: N818 - a refusal's name says what stands in the way

from dataclasses import dataclass
from datetime import datetime

from services.referral.domain.errors import ReferralError
from services.referral.domain.exclusions import NOBODY, Exclusions
from services.referral.domain.identifiers import OrganizationId, PersonId, UserId

WORDS: tuple[str, ...] = (
    *("Érable", "Bouleau", "Cèdre", "Chêne", "Épinette", "Frêne", "Hêtre", "Mélèze", "Noyer", "Orme", "Peuplier"),
    *("Pin", "Pommier", "Sapin", "Saule", "Sorbier", "Tilleul", "Tremble", "Aulne", "Aubépine", "Cerisier", "Lilas"),
    *("Genévrier", "Thuya", "Viorne", "Amélanchier", "Sureau", "Bleuet", "Canneberge", "Framboise", "Groseille"),
    *("Iris", "Lupin", "Marguerite", "Trille", "Violette", "Ancolie", "Fougère", "Trèfle", "Quenouille", "Nénuphar"),
    *("Mésange", "Geai", "Merle", "Huard", "Colibri", "Bruant", "Pinson", "Grive", "Harfang", "Héron", "Sarcelle"),
    *("Rivière", "Ruisseau", "Lac", "Île", "Rapide", "Cascade", "Galet", "Colline", "Vallon", "Sentier", "Clairière"),
    *("Rosée", "Brume", "Aurore", "Givre", "Neige", "Étoile", "Comète", "Boussole", "Phare", "Voilier", "Canot"),
)
NUMBERS = range(10, 1000)
MNEMONICS = len(WORDS) * len(NUMBERS)


def mnemonic(draw: int) -> str:
    """Return one of the `MNEMONICS` names, like "Érable 27", for a number drawn at random from 0."""
    word, number = divmod(draw % MNEMONICS, len(NUMBERS))
    return f"{WORDS[word]} {NUMBERS[number]}"


class PersonErased(ReferralError):
    """The person's key is destroyed: nothing about them can be read again, by anyone."""

    code = "person.erased"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What is known of a person in clear: whose record it is, and its name among colleagues."""

    id: PersonId
    organization: OrganizationId
    mnemonic: str
    created_at: datetime
    created_by: UserId
    excluded: Exclusions = NOBODY
