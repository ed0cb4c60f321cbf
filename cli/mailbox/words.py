"""What the inbox page says, in French and in English."""

from typing import Final, Literal

Language = Literal["fr", "en"]

WORDS: Final[dict[Language, dict[str, str]]] = {
    "fr": {
        "title": "Courriels de cette machine",
        "lead": "Tout ce que le système envoie arrive ici et n'est livré à personne.",
        "empty": "Aucun courriel pour l'instant.",
        "empty_for": "Aucun courriel pour cette adresse.",
        "one": "1 courriel",
        "many": "{n} courriels",
        "for": "Pour",
        "everyone": "Toutes les adresses",
        "show": "Afficher",
        "from": "De",
        "to": "À",
        "received": "Reçu",
        "message_id": "Identifiant",
        "no_subject": "(sans objet)",
        "no_text": "Ce courriel ne contient aucun texte. Voyez sa source.",
        "source": "Source du message",
        "back": "Tous les courriels",
        "older": "Plus anciens",
        "newer": "Plus récents",
        "missing": "Ce courriel n'existe pas ou n'est plus gardé.",
        "other": "English",
        "skip": "Aller au contenu",
    },
    "en": {
        "title": "Mail on this machine",
        "lead": "Everything the system sends arrives here and is delivered to nobody.",
        "empty": "No mail yet.",
        "empty_for": "No mail for this address.",
        "one": "1 message",
        "many": "{n} messages",
        "for": "For",
        "everyone": "Every address",
        "show": "Show",
        "from": "From",
        "to": "To",
        "received": "Received",
        "message_id": "Identifier",
        "no_subject": "(no subject)",
        "no_text": "This message has no text. See its source.",
        "source": "Message source",
        "back": "All mail",
        "older": "Older",
        "newer": "Newer",
        "missing": "This message does not exist or is no longer kept.",
        "other": "Français",
        "skip": "Skip to content",
    },
}


def language_of(asked: str | None, accepted: str) -> Language:
    """Return the language asked for, else English where the browser puts it first, else French."""
    english = asked == "en" if asked in WORDS else accepted.strip().lower().startswith("en")
    return "en" if english else "fr"
