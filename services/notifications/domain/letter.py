"""The words of the e-mail: that something new waits, and nothing more, whatever it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from services.notifications.domain.preferences import Language


@dataclass(frozen=True, slots=True)
class Letter:
    """What goes out: a subject and a text."""

    subject: str
    text: str


_SUBJECTS: Final[Mapping[Language, str]] = {"fr": "Du nouveau vous attend", "en": "Something new awaits you"}
_TEXTS: Final[Mapping[Language, str]] = {
    "fr": (
        "Bonjour,\n\n"
        "Du nouveau vous attend. Connectez-vous pour le voir :\n\n{address}\n\n"
        "Ce courriel n'en dit pas plus, pour protéger les personnes.\n"
        "Vos avis et leurs heures se règlent une fois connecté. Ne répondez pas à ce message.\n"
    ),
    "en": (
        "Hello,\n\n"
        "Something new awaits you. Log in to see it:\n\n{address}\n\n"
        "This e-mail says no more, to protect people.\n"
        "Once logged in, you can choose your notices and their hours. Please do not reply.\n"
    ),
}


def something_new(language: Language, address: str) -> Letter:
    """Write the letter; `address` is the door of the system, never a page of it."""
    return Letter(_SUBJECTS[language], _TEXTS[language].format(address=address))
