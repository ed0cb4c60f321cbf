"""What a refusal about a capacity query says to people, in both languages, and what to do next."""

from collections.abc import Mapping

from kit.problems import Problem
from services.referral.problems.row import CONFLICT, OFTEN, UNFIT, said

CAPACITY: Mapping[str, Problem] = {
    "capacity.query-invalid": said(
        UNFIT,
        ("La demande contient une valeur hors des listes", "Vérifiez régions, nombre de personnes et services."),
        ("The query holds a value outside the lists", "Check regions, party size and services."),
    ),
    "capacity.query-closed": said(
        CONFLICT,
        ("Le délai pour répondre est passé", "Il n'y a plus rien à répondre."),
        ("The time to answer is over", "There is nothing left to answer."),
    ),
    "capacity.already-answered": said(
        CONFLICT,
        ("Ce service a déjà répondu", "La réponse donnée demeure."),
        ("This service has answered already", "The answer given stands."),
    ),
    "capacity.too-many-queries": said(
        OFTEN,
        ("Vous avez fait beaucoup de demandes cette heure-ci", "Attendez l'heure suivante, ou téléphonez au service."),
        ("You have asked many times this hour", "Wait for the next hour, or call the service."),
    ),
    "capacity.information-not-said": said(
        UNFIT,
        (
            "Pour demander plus d'information, dites laquelle, par son code",
            "Remplissez `information` avec cette seule réponse.",
        ),
        ("To ask for more information, say which, by its code", "Fill in `information` with that answer alone."),
    ),
}
