"""What a refusal about a consent says to people, in both languages, and what to do next."""

from collections.abc import Mapping

from kit.problems import Problem
from services.referral.problems.row import CONFLICT, UNFIT, said

CONSENT: Mapping[str, Problem] = {
    "consent.not-granted": said(
        CONFLICT,
        ("Il n'y a pas de consentement à retirer", "La personne n'a pas consenti: rien n'est partagé."),
        ("There is no consent to withdraw", "The person has not consented: nothing is shared."),
    ),
    "consent.already-granted": said(
        CONFLICT,
        ("La personne a déjà consenti", "Pour changer sa réponse, consignez d'abord le retrait."),
        ("The person has already consented", "To change the answer, record the withdrawal first."),
    ),
    "consent.over": said(
        CONFLICT,
        ("Ce consentement a pris fin", "Redemandez à la personne, si elle le souhaite: c'est une nouvelle réponse."),
        ("This consent has ended", "Ask the person again, if they wish: it is a new answer."),
    ),
    "consent.not-live": said(
        CONFLICT,
        (
            "Aucun consentement en vigueur ne vise ce destinataire et cette fin",
            "Demandez le consentement de la personne, puis envoyez.",
        ),
        ("No consent in force covers this recipient and purpose", "Ask for the person's consent, then send."),
    ),
    "consent.too-narrow": said(
        CONFLICT,
        (
            "Le consentement ne couvre pas tout ce que l'orientation partagerait",
            "Partagez moins, ou demandez à la personne un consentement plus large.",
        ),
        (
            "The consent does not cover all that the referral would share",
            "Share less, or ask the person for a wider consent.",
        ),
    ),
    "consent.until-invalid": said(
        UNFIT,
        ("Un consentement prend fin d'ici un an au plus", "Choisissez une date à venir, dans l'année."),
        ("A consent ends within a year at most", "Choose a date to come, within the year."),
    ),
    "consent.no-classes": said(
        UNFIT,
        ("Un consentement dit ce qu'il couvre", "Indiquez les catégories de renseignements."),
        ("A consent says what it covers", "Name the classes of data."),
    ),
    "consent.not-narrower": said(
        UNFIT,
        (
            "Restreindre un consentement, c'est en retirer une part, sans rien y ajouter",
            "Retirez une catégorie, ou avancez la fin; pour élargir, redemandez à la personne après un retrait.",
        ),
        (
            "To narrow a consent is to take a part out, and to put nothing in",
            "Take out a class, or bring its end forward; to widen it, ask the person again after a withdrawal.",
        ),
    ),
    "consent.never-opens": said(
        UNFIT,
        (
            "Une de ces catégories n'est jamais communiquée à ce destinataire",
            "Retirez-la: on ne demande pas ce consentement.",
        ),
        ("One of these classes is never told to this recipient", "Take it out: this consent is not asked for."),
    ),
    "consent.purpose-unsuited": said(
        UNFIT,
        ("Cette fin ne convient pas à ce destinataire", "Choisissez une autre fin ou un autre destinataire."),
        ("This purpose does not suit this recipient", "Choose another purpose or another recipient."),
    ),
    "consent.without-evidence": said(
        UNFIT,
        (
            "Il faut dire comment le consentement a été donné",
            "Remplissez `evidence`; ni nom ni signature n'est requis.",
        ),
        ("You must say how the consent was given", "Fill in `evidence`; neither name nor signature is required."),
    ),
    "consent.not-free": said(
        UNFIT,
        (
            "Ce consentement n'a pas été donné librement",
            "Voyez la personne seule, avec un interprète indépendant, et relisez-lui sa réponse.",
        ),
        (
            "This consent was not given freely",
            "See the person alone, with an independent interpreter, and read the answer back.",
        ),
    ),
    "consent.not-theirs": said(
        UNFIT,
        (
            "À cet âge, ce n'est pas cette personne qui décide",
            "Dès 14 ans, la personne décide seule; avant, son parent ou son tuteur.",
        ),
        (
            "At this age it is not for that person to decide",
            "From 14 on, the person decides alone; before, a parent or tutor.",
        ),
    ),
    "consent.police-unexplained": said(
        UNFIT,
        (
            "Il faut avoir expliqué que l'accusé peut obtenir ce que la police reçoit",
            "Expliquez-le à la personne, puis consignez sa réponse.",
        ),
        (
            "It must be explained that the accused may obtain what the police receive",
            "Explain it to the person, then record the answer.",
        ),
    ),
    "consent.adult-to-youth-protection": said(
        UNFIT,
        ("Rien n'est communiqué d'un adulte à la protection de la jeunesse", "Choisissez un autre service."),
        ("Nothing of an adult is told to youth protection", "Choose another service."),
    ),
}
