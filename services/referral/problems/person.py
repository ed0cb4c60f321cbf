"""What a refusal about a person's record says to people, in both languages, and what to do next."""

from collections.abc import Mapping

from kit.problems import Problem
from services.referral.problems.row import GONE, OFTEN, UNFIT, said

PERSON: Mapping[str, Problem] = {
    "person.age-contradicted": said(
        UNFIT,
        ("La date de naissance et la tranche d'âge se contredisent", "Corrigez l'une ou retirez la tranche d'âge."),
        ("The birth date and the age band contradict each other", "Correct one, or leave the age band out."),
    ),
    "person.safe-contact-without-address": said(
        UNFIT,
        ("Ce moyen de contact demande un numéro, une adresse ou un lieu", "Ajoutez-le, ou choisissez un autre moyen."),
        ("This way of contact needs a number, an address or a place", "Add it, or choose another way."),
    ),
    "person.safe-contact-with-address": said(
        UNFIT,
        ("C'est la personne qui appelle: ne notez aucune adresse", "Retirez l'adresse."),
        ("The person calls: keep no address", "Take the address out."),
    ),
    "person.erased": said(
        GONE,
        ("Ce dossier est effacé", "Il ne peut plus être lu par personne."),
        ("This record is erased", "Nobody can read it any more."),
    ),
    "person.name-too-short": said(
        UNFIT,
        ("Ce nom ne suffit pas pour chercher", "Donnez de un à huit mots d'au moins deux lettres."),
        ("This name is not enough to search by", "Give one to eight words of at least two letters."),
    ),
    "person.too-many-searches": said(
        OFTEN,
        ("Vous avez cherché bien des noms cette heure-ci", "Attendez l'heure suivante, ou parcourez la liste."),
        ("You have searched for many names this hour", "Wait for the next hour, or go through the list."),
    ),
}
