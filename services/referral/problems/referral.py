"""What a refusal about a referral says to people, in both languages, and what to do next."""

from collections.abc import Mapping

from kit.problems import Problem
from services.referral.problems.row import CONFLICT, FORBIDDEN, NOT_FOUND, UNFIT, said

REFERRAL: Mapping[str, Problem] = {
    "referral.not-found": said(
        NOT_FOUND,
        ("Introuvable", "Vérifiez le numéro; seules les organisations concernées y ont accès."),
        ("Not found", "Check the number; only the organisations concerned have access."),
    ),
    "referral.not-your-move": said(
        CONFLICT,
        ("Ce geste revient à l'autre organisation", "Voyez dans `allowed` les gestes que vous pouvez faire."),
        ("This move belongs to the other organisation", "See in `allowed` the moves you can make."),
    ),
    "referral.not-made": said(
        CONFLICT,
        ("Cette orientation n'existe pas encore", "Préparez-la d'abord."),
        ("This referral does not exist yet", "Draft it first."),
    ),
    "referral.already-made": said(
        CONFLICT,
        ("Cette orientation existe déjà", "Relisez-la et poursuivez."),
        ("This referral exists already", "Read it again and go on from there."),
    ),
    "referral.not-sent": said(
        CONFLICT,
        ("Cette orientation est encore un brouillon", "Envoyez-la d'abord."),
        ("This referral is still a draft", "Send it first."),
    ),
    "referral.not-accepted": said(
        CONFLICT,
        ("Cette orientation attend encore une réponse", "Acceptez-la ou refusez-la d'abord."),
        ("This referral still awaits an answer", "Accept or decline it first."),
    ),
    "referral.waitlisted": said(
        CONFLICT,
        ("Cette orientation est sur une liste d'attente", "Reprenez l'étude, acceptez-la ou refusez-la."),
        ("This referral is on a waiting list", "Resume the review, accept or decline it."),
    ),
    "referral.already-accepted": said(
        CONFLICT,
        ("Cette orientation est déjà acceptée", "Relisez-la: le service peut commencer."),
        ("This referral is already accepted", "Read it again: the service can start."),
    ),
    "referral.already-started": said(
        CONFLICT,
        ("L'accompagnement a déjà commencé", "Relisez l'orientation pour voir la suite possible."),
        ("The service has already started", "Read the referral again to see what can follow."),
    ),
    "referral.on-hold": said(
        CONFLICT,
        ("L'accompagnement est suspendu", "Reprenez-le, ou mettez-y fin."),
        ("The service is on hold", "Resume it, or end it."),
    ),
    "referral.closed": said(
        CONFLICT,
        ("Cette orientation est terminée", "Il n'y a plus rien à faire ici."),
        ("This referral has ended", "Nothing more can be done here."),
    ),
    "referral.to-own-organization": said(
        UNFIT,
        ("On n'oriente pas vers sa propre organisation", "Choisissez le service d'une autre organisation."),
        ("A referral goes to another organisation", "Choose another organisation's service."),
    ),
    "referral.recipient-unavailable": said(
        CONFLICT,
        ("Ce service ne peut pas recevoir d'orientation en ce moment", "Choisissez un autre service du répertoire."),
        ("This service cannot receive referrals at the moment", "Choose another service of the directory."),
    ),
    "referral.sender-not-accredited": said(
        FORBIDDEN,
        (
            "Votre organisation n'est pas accréditée pour orienter des personnes",
            "Adressez-vous à la permanence de la coalition; en cas de danger, composez le 911.",
        ),
        (
            "Your organisation is not accredited to handle referrals",
            "Speak to the coalition's staff; in danger, call 911.",
        ),
    ),
    "referral.need-not-covered": said(
        CONFLICT,
        (
            "Le consentement ne permet de montrer aucun des besoins à ce service",
            "Demandez à la personne si elle consent à partager ce que ce besoin révèle.",
        ),
        (
            "The consent lets this service see none of the needs",
            "Ask the person whether they consent to share what this need reveals.",
        ),
    ),
    "referral.outcome-incomplete": said(
        UNFIT,
        ("Il manque l'issue d'un besoin, ou il y en a une de trop", "Donnez une issue à chaque besoin affiché."),
        ("An outcome is missing, or there is one too many", "Give an outcome for each need shown."),
    ),
    "referral.too-few-contact-attempts": said(
        CONFLICT,
        (
            "Une personne n'est injoignable qu'après trois essais par son moyen sûr",
            "Essayez encore par le moyen de contact sûr, ou choisissez une autre raison.",
        ),
        (
            "A person is unreachable only after three attempts by their safe contact",
            "Try again by the safe contact, or choose another reason.",
        ),
    ),
    "referral.too-many-alternatives": said(
        UNFIT,
        ("Cinq autres services au plus", "Gardez les cinq plus utiles."),
        ("Five other services at most", "Keep the five most useful."),
    ),
    "referral.worker-unknown": said(
        UNFIT,
        ("Une personne désignée ne travaille pas dans votre organisation", "Désignez quelqu'un de votre équipe."),
        ("Someone named does not work in your organisation", "Name someone of your team."),
    ),
    "referral.void-needs-two": said(
        CONFLICT,
        ("Une fois acceptée, il faut l'accord des deux organisations", "Parlez-en à l'autre organisation."),
        ("Once accepted, both organisations must agree", "Speak to the other organisation."),
    ),
    "referral.reading-not-offered": said(
        CONFLICT,
        ("Il n'y a pas de lecture unique possible ici", "Cette lecture a déjà eu lieu, ou n'est pas permise."),
        ("There is nothing to be read once here", "That reading has taken place, or is not allowed."),
    ),
    "referral.no-place-left": said(
        CONFLICT,
        ("Il n'y a plus assez de places", "Refusez en proposant d'autres services, ou libérez une place."),
        ("There are not enough places left", "Decline and offer other services, or free a place."),
    ),
}
