"""What a refusal about a need sent to several, or taken further, says to people, and what to do next."""

from collections.abc import Mapping

from kit.problems import Problem
from services.referral.problems.row import CONFLICT, said

SEVERAL: Mapping[str, Problem] = {
    "referral.already-open": said(
        CONFLICT,
        (
            "Cette personne a déjà une orientation en cours vers cet organisme",
            "Suivez celle-là, ou annulez-la avant d'en envoyer une autre.",
        ),
        (
            "This person has an open referral to this organisation already",
            "Follow that one, or cancel it before you send another.",
        ),
    ),
    "referral.nothing-left-open": said(
        CONFLICT,
        (
            "Aucun de ces besoins n'est resté ouvert ici",
            "Voyez `needs_left`; pour un autre besoin, préparez une nouvelle orientation.",
        ),
        ("None of these needs stayed open here", "See `needs_left`; for another need, draft a new referral."),
    ),
    "referral-set.not-ready": said(
        CONFLICT,
        ("Rien n'a été envoyé", "Réglez ce que `errors` nomme pour chaque destinataire, puis renvoyez le tout."),
        ("Nothing was sent", "Settle what `errors` names for each recipient, then send it all again."),
    ),
    "referral-set.already-sent": said(
        CONFLICT,
        ("Il n'y reste rien à envoyer", "Relisez l'envoi pour voir où en est chaque orientation."),
        ("Nothing in it is left to send", "Read the set to see where each referral stands."),
    ),
}
