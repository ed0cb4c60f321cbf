"""What each refusal about disclosure without consent says to people, in both languages, and what to do next."""

from collections.abc import Mapping

from kit.problems import Problem

_FORBIDDEN, _CONFLICT, _UNFIT = 403, 409, 422

WITHOUT_CONSENT: Mapping[str, Problem] = {
    "referral.ground-unknown": Problem(
        _UNFIT,
        fr="Ce motif n'est pas dans la liste de la loi",
        en="This ground is not in the law's list",
        next_fr="Choisissez un article de la liste; sans motif, demandez le consentement de la personne.",
        next_en="Choose an article of the list; without a ground, ask for the person's consent.",
    ),
    "referral.ground-not-in-regime": Problem(
        _UNFIT,
        fr="Cet article ne s'applique pas à votre organisation",
        en="This article does not govern your organisation",
        next_fr="Choisissez un article de la loi qui régit votre organisation.",
        next_en="Choose an article of the law that governs your organisation.",
    ),
    "referral.ground-opens-nothing": Problem(
        _UNFIT,
        fr="Un motif nomme les catégories qu'il ouvre",
        en="A ground names the classes it opens",
        next_fr="Nommez les seules catégories nécessaires.",
        next_en="Name only the classes that are needed.",
    ),
    "referral.ground-never-opens": Problem(
        _UNFIT,
        fr="Rien n'ouvre cette catégorie à ce destinataire",
        en="Nothing opens this class to this recipient",
        next_fr="Retirez cette catégorie.",
        next_en="Take this class out.",
    ),
    "referral.ground-beyond-table": Problem(
        _UNFIT,
        fr="Ce motif n'ouvre pas l'une de ces catégories à ce destinataire",
        en="This ground does not open one of these classes to this recipient",
        next_fr="Retirez-la, ou demandez le consentement de la personne.",
        next_en="Take it out, or ask for the person's consent.",
    ),
    "referral.ground-for-minors": Problem(
        _UNFIT,
        fr="Cet article ne vaut que pour une personne mineure",
        en="This article is about a minor only",
        next_fr="Choisissez un autre article, ou demandez le consentement de la personne.",
        next_en="Choose another article, or ask for the person's consent.",
    ),
    "referral.ground-decided-elsewhere": Problem(
        _UNFIT,
        fr="La personne qui a décidé ne travaille pas dans votre organisation",
        en="Whoever decided does not work in your organisation",
        next_fr="Nommez la collègue ou le collègue qui a décidé.",
        next_en="Name the colleague who decided.",
    ),
    "referral.ground-not-open": Problem(
        _CONFLICT,
        fr="Aucun motif ouvert ne porte cette orientation",
        en="No open ground carries this referral",
        next_fr="Consignez un motif pour cette personne et ce destinataire, ou demandez le consentement.",
        next_en="Record a ground for this person and recipient, or ask for consent.",
    ),
    "referral.ground-too-narrow": Problem(
        _CONFLICT,
        fr="Le motif ne couvre pas toutes les catégories de l'orientation",
        en="The ground does not cover every class of the referral",
        next_fr="Préparez une orientation qui ne partage que ce que le motif ouvre.",
        next_en="Draft a referral that shares only what the ground opens.",
    ),
}
