"""What each refusal of referral says to people, in both languages, and what to do next."""

from collections.abc import Mapping

from kit.problems import Problem
from services.referral.problems_of_exclusion import EXCLUSION
from services.referral.problems_serving import SERVING
from services.referral.problems_without_consent import WITHOUT_CONSENT

_NOT_FOUND, _GONE, _CONFLICT, _UNFIT, _FORBIDDEN, _OFTEN = 404, 410, 409, 422, 403, 429


def _problem(status: int, fr: tuple[str, str], en: tuple[str, str]) -> Problem:
    """Read a row: what happened and what to do next, French then English."""
    return Problem(status, fr=fr[0], en=en[0], next_fr=fr[1], next_en=en[1])


_REFERRAL: Mapping[str, Problem] = {
    "referral.not-found": _problem(
        _NOT_FOUND,
        ("Introuvable", "Vérifiez le numéro; seules les organisations concernées y ont accès."),
        ("Not found", "Check the number; only the organisations concerned have access."),
    ),
    "referral.not-your-move": _problem(
        _CONFLICT,
        ("Ce geste revient à l'autre organisation", "Voyez dans `allowed` les gestes que vous pouvez faire."),
        ("This move belongs to the other organisation", "See in `allowed` the moves you can make."),
    ),
    "referral.not-made": _problem(
        _CONFLICT,
        ("Cette orientation n'existe pas encore", "Préparez-la d'abord."),
        ("This referral does not exist yet", "Draft it first."),
    ),
    "referral.already-made": _problem(
        _CONFLICT,
        ("Cette orientation existe déjà", "Relisez-la et poursuivez."),
        ("This referral exists already", "Read it again and go on from there."),
    ),
    "referral.not-sent": _problem(
        _CONFLICT,
        ("Cette orientation est encore un brouillon", "Envoyez-la d'abord."),
        ("This referral is still a draft", "Send it first."),
    ),
    "referral.not-accepted": _problem(
        _CONFLICT,
        ("Cette orientation attend encore une réponse", "Acceptez-la ou refusez-la d'abord."),
        ("This referral still awaits an answer", "Accept or decline it first."),
    ),
    "referral.waitlisted": _problem(
        _CONFLICT,
        ("Cette orientation est sur une liste d'attente", "Reprenez l'étude, acceptez-la ou refusez-la."),
        ("This referral is on a waiting list", "Resume the review, accept or decline it."),
    ),
    "referral.already-accepted": _problem(
        _CONFLICT,
        ("Cette orientation est déjà acceptée", "Relisez-la: le service peut commencer."),
        ("This referral is already accepted", "Read it again: the service can start."),
    ),
    "referral.already-started": _problem(
        _CONFLICT,
        ("L'accompagnement a déjà commencé", "Relisez l'orientation pour voir la suite possible."),
        ("The service has already started", "Read the referral again to see what can follow."),
    ),
    "referral.on-hold": _problem(
        _CONFLICT,
        ("L'accompagnement est suspendu", "Reprenez-le, ou mettez-y fin."),
        ("The service is on hold", "Resume it, or end it."),
    ),
    "referral.closed": _problem(
        _CONFLICT,
        ("Cette orientation est terminée", "Il n'y a plus rien à faire ici."),
        ("This referral has ended", "Nothing more can be done here."),
    ),
    "referral.to-own-organization": _problem(
        _UNFIT,
        ("On n'oriente pas vers sa propre organisation", "Choisissez le service d'une autre organisation."),
        ("A referral goes to another organisation", "Choose another organisation's service."),
    ),
    "referral.recipient-unavailable": _problem(
        _CONFLICT,
        ("Ce service ne peut pas recevoir d'orientation en ce moment", "Choisissez un autre service du répertoire."),
        ("This service cannot receive referrals at the moment", "Choose another service of the directory."),
    ),
    "referral.sender-not-accredited": _problem(
        _FORBIDDEN,
        (
            "Votre organisation n'est pas accréditée pour orienter des personnes",
            "Adressez-vous à la permanence de la coalition; en cas de danger, composez le 911.",
        ),
        (
            "Your organisation is not accredited to handle referrals",
            "Speak to the coalition's staff; in danger, call 911.",
        ),
    ),
    "referral.need-not-covered": _problem(
        _CONFLICT,
        (
            "Le consentement ne permet de montrer aucun des besoins à ce service",
            "Demandez à la personne si elle consent à partager ce que ce besoin révèle.",
        ),
        (
            "The consent lets this service see none of the needs",
            "Ask the person whether they consent to share what this need reveals.",
        ),
    ),
    "referral.outcome-incomplete": _problem(
        _UNFIT,
        ("Il manque l'issue d'un besoin, ou il y en a une de trop", "Donnez une issue à chaque besoin affiché."),
        ("An outcome is missing, or there is one too many", "Give an outcome for each need shown."),
    ),
    "referral.too-few-contact-attempts": _problem(
        _CONFLICT,
        (
            "Une personne n'est injoignable qu'après trois essais par son moyen sûr",
            "Essayez encore par le moyen de contact sûr, ou choisissez une autre raison.",
        ),
        (
            "A person is unreachable only after three attempts by their safe contact",
            "Try again by the safe contact, or choose another reason.",
        ),
    ),
    "referral.too-many-alternatives": _problem(
        _UNFIT,
        ("Cinq autres services au plus", "Gardez les cinq plus utiles."),
        ("Five other services at most", "Keep the five most useful."),
    ),
    "referral.worker-unknown": _problem(
        _UNFIT,
        ("Une personne désignée ne travaille pas dans votre organisation", "Désignez quelqu'un de votre équipe."),
        ("Someone named does not work in your organisation", "Name someone of your team."),
    ),
    "referral.void-needs-two": _problem(
        _CONFLICT,
        ("Une fois acceptée, il faut l'accord des deux organisations", "Parlez-en à l'autre organisation."),
        ("Once accepted, both organisations must agree", "Speak to the other organisation."),
    ),
    "referral.reading-not-offered": _problem(
        _CONFLICT,
        ("Il n'y a pas de lecture unique possible ici", "Cette lecture a déjà eu lieu, ou n'est pas permise."),
        ("There is nothing to be read once here", "That reading has taken place, or is not allowed."),
    ),
    "referral.no-place-left": _problem(
        _CONFLICT,
        ("Il n'y a plus assez de places", "Refusez en proposant d'autres services, ou libérez une place."),
        ("There are not enough places left", "Decline and offer other services, or free a place."),
    ),
}

_PERSON: Mapping[str, Problem] = {
    "person.age-contradicted": _problem(
        _UNFIT,
        ("La date de naissance et la tranche d'âge se contredisent", "Corrigez l'une ou retirez la tranche d'âge."),
        ("The birth date and the age band contradict each other", "Correct one, or leave the age band out."),
    ),
    "person.safe-contact-without-address": _problem(
        _UNFIT,
        ("Ce moyen de contact demande un numéro, une adresse ou un lieu", "Ajoutez-le, ou choisissez un autre moyen."),
        ("This way of contact needs a number, an address or a place", "Add it, or choose another way."),
    ),
    "person.safe-contact-with-address": _problem(
        _UNFIT,
        ("C'est la personne qui appelle: ne notez aucune adresse", "Retirez l'adresse."),
        ("The person calls: keep no address", "Take the address out."),
    ),
    "person.erased": _problem(
        _GONE,
        ("Ce dossier est effacé", "Il ne peut plus être lu par personne."),
        ("This record is erased", "Nobody can read it any more."),
    ),
}

_CONSENT: Mapping[str, Problem] = {
    "consent.not-granted": _problem(
        _CONFLICT,
        ("Il n'y a pas de consentement à retirer", "La personne n'a pas consenti: rien n'est partagé."),
        ("There is no consent to withdraw", "The person has not consented: nothing is shared."),
    ),
    "consent.already-granted": _problem(
        _CONFLICT,
        ("La personne a déjà consenti", "Pour changer sa réponse, consignez d'abord le retrait."),
        ("The person has already consented", "To change the answer, record the withdrawal first."),
    ),
    "consent.over": _problem(
        _CONFLICT,
        ("Ce consentement a pris fin", "Redemandez à la personne, si elle le souhaite: c'est une nouvelle réponse."),
        ("This consent has ended", "Ask the person again, if they wish: it is a new answer."),
    ),
    "consent.not-live": _problem(
        _CONFLICT,
        (
            "Aucun consentement en vigueur ne vise ce destinataire et cette fin",
            "Demandez le consentement de la personne, puis envoyez.",
        ),
        ("No consent in force covers this recipient and purpose", "Ask for the person's consent, then send."),
    ),
    "consent.too-narrow": _problem(
        _CONFLICT,
        (
            "Le consentement ne couvre pas tout ce que l'orientation partagerait",
            "Partagez moins, ou demandez à la personne un consentement plus large.",
        ),
        (
            "The consent does not cover all that the referral would share",
            "Share less, or ask the person for a wider consent.",
        ),
    ),
    "consent.until-invalid": _problem(
        _UNFIT,
        ("Un consentement prend fin d'ici un an au plus", "Choisissez une date à venir, dans l'année."),
        ("A consent ends within a year at most", "Choose a date to come, within the year."),
    ),
    "consent.no-classes": _problem(
        _UNFIT,
        ("Un consentement dit ce qu'il couvre", "Indiquez les catégories de renseignements."),
        ("A consent says what it covers", "Name the classes of data."),
    ),
    "consent.not-narrower": _problem(
        _UNFIT,
        (
            "Restreindre un consentement, c'est en retirer une part, sans rien y ajouter",
            "Retirez une catégorie, ou avancez la fin; pour élargir, redemandez à la personne après un retrait.",
        ),
        (
            "To narrow a consent is to take a part out, and to put nothing in",
            "Take out a class, or bring its end forward; to widen it, ask the person again after a withdrawal.",
        ),
    ),
    "consent.never-opens": _problem(
        _UNFIT,
        (
            "Une de ces catégories n'est jamais communiquée à ce destinataire",
            "Retirez-la: on ne demande pas ce consentement.",
        ),
        ("One of these classes is never told to this recipient", "Take it out: this consent is not asked for."),
    ),
    "consent.purpose-unsuited": _problem(
        _UNFIT,
        ("Cette fin ne convient pas à ce destinataire", "Choisissez une autre fin ou un autre destinataire."),
        ("This purpose does not suit this recipient", "Choose another purpose or another recipient."),
    ),
    "consent.without-evidence": _problem(
        _UNFIT,
        (
            "Il faut dire comment le consentement a été donné",
            "Remplissez `evidence`; ni nom ni signature n'est requis.",
        ),
        ("You must say how the consent was given", "Fill in `evidence`; neither name nor signature is required."),
    ),
    "consent.not-free": _problem(
        _UNFIT,
        (
            "Ce consentement n'a pas été donné librement",
            "Voyez la personne seule, avec un interprète indépendant, et relisez-lui sa réponse.",
        ),
        (
            "This consent was not given freely",
            "See the person alone, with an independent interpreter, and read the answer back.",
        ),
    ),
    "consent.not-theirs": _problem(
        _UNFIT,
        (
            "À cet âge, ce n'est pas cette personne qui décide",
            "Dès 14 ans, la personne décide seule; avant, son parent ou son tuteur.",
        ),
        (
            "At this age it is not for that person to decide",
            "From 14 on, the person decides alone; before, a parent or tutor.",
        ),
    ),
    "consent.police-unexplained": _problem(
        _UNFIT,
        (
            "Il faut avoir expliqué que l'accusé peut obtenir ce que la police reçoit",
            "Expliquez-le à la personne, puis consignez sa réponse.",
        ),
        (
            "It must be explained that the accused may obtain what the police receive",
            "Explain it to the person, then record the answer.",
        ),
    ),
    "consent.adult-to-youth-protection": _problem(
        _UNFIT,
        ("Rien n'est communiqué d'un adulte à la protection de la jeunesse", "Choisissez un autre service."),
        ("Nothing of an adult is told to youth protection", "Choose another service."),
    ),
}

_CAPACITY: Mapping[str, Problem] = {
    "capacity.query-invalid": _problem(
        _UNFIT,
        ("La demande contient une valeur hors des listes", "Vérifiez régions, nombre de personnes et services."),
        ("The query holds a value outside the lists", "Check regions, party size and services."),
    ),
    "capacity.query-closed": _problem(
        _CONFLICT,
        ("Le délai pour répondre est passé", "Il n'y a plus rien à répondre."),
        ("The time to answer is over", "There is nothing left to answer."),
    ),
    "capacity.already-answered": _problem(
        _CONFLICT,
        ("Ce service a déjà répondu", "La réponse donnée demeure."),
        ("This service has answered already", "The answer given stands."),
    ),
    "capacity.too-many-queries": _problem(
        _OFTEN,
        ("Vous avez fait beaucoup de demandes cette heure-ci", "Attendez l'heure suivante, ou téléphonez au service."),
        ("You have asked many times this hour", "Wait for the next hour, or call the service."),
    ),
    "capacity.information-not-said": _problem(
        _UNFIT,
        (
            "Pour demander plus d'information, dites laquelle, par son code",
            "Remplissez `information` avec cette seule réponse.",
        ),
        ("To ask for more information, say which, by its code", "Fill in `information` with that answer alone."),
    ),
}

PROBLEMS: Mapping[str, Problem] = {
    **_REFERRAL,
    **SERVING,
    **_PERSON,
    **_CONSENT,
    **_CAPACITY,
    **EXCLUSION,
    **WITHOUT_CONSENT,
}
