"""What each refusal about disclosure without consent says to people, in both languages, and what to do next."""

from collections.abc import Mapping

from kit.problems import Problem

_FORBIDDEN, _CONFLICT, _UNFIT = 403, 409, 422

_EMERGENCY: Mapping[str, Problem] = {
    "emergency.person-decides": Problem(
        _FORBIDDEN,
        fr="Une personne juge qu'il y a danger grave, pas une application",
        en="A person judges that there is serious danger, not an application",
        next_fr="Connectez-vous en votre nom; en cas de danger immédiat, composez le 911.",
        next_en="Sign in as yourself; in immediate danger, call 911.",
    ),
    "emergency.article-unfit": Problem(
        _UNFIT,
        fr="Cet article ne permet pas d'agir sur-le-champ",
        en="This article lets nobody act at once",
        next_fr="Choisissez un article sur le danger grave, ou consignez un motif et orientez la personne.",
        next_en="Choose an article on serious danger, or record a ground and refer the person.",
    ),
    "emergency.beyond-minimum": Problem(
        _UNFIT,
        fr="En urgence, seul est dit ce qu'il faut pour aider",
        en="In an emergency only what helping takes is told",
        next_fr="Ne gardez qu'identité, contact sûr, lieu actuel et sécurité; en danger immédiat, composez le 911.",
        next_en="Keep identity, safe contact, current location and safety alone; in immediate danger, call 911.",
    ),
    "emergency.not-yet-done": Problem(
        _UNFIT,
        fr="On consigne ce qui a été dit, pas ce qui le sera",
        en="What was told is recorded, not what will be",
        next_fr="Donnez l'heure à laquelle vous l'avez dit.",
        next_en="Give the time at which you told it.",
    ),
    "emergency.not-needed": Problem(
        _CONFLICT,
        fr="Vous avez déjà accès à cette orientation",
        en="You have access to this referral already",
        next_fr="Lisez-la comme d'habitude.",
        next_en="Read it as usual.",
    ),
    "emergency.over": Problem(
        _CONFLICT,
        fr="Cette lecture d'urgence est terminée",
        en="This emergency reading is over",
        next_fr="Demandez à la coordonnatrice ou au coordonnateur de vous confier l'orientation.",
        next_en="Ask the coordinator to entrust the referral to you.",
    ),
    "emergency.own-act": Problem(
        _FORBIDDEN,
        fr="On ne révise pas ce que l'on a fait soi-même",
        en="One does not review one's own act",
        next_fr="Une autre personne de la coordination ou la personne responsable de la protection des "
        "renseignements s'en charge.",
        next_en="Another coordinator or the privacy officer does it.",
    ),
    "emergency.review-done": Problem(
        _CONFLICT,
        fr="La révision est faite, ou vous avez déjà donné votre avis",
        en="The review is done, or you have said your word already",
        next_fr="Relisez-la; une divulgation encore ouverte peut être fermée.",
        next_en="Read it again; a disclosure that is still open can be ended.",
    ),
    "export.too-long": Problem(
        _UNFIT,
        fr="Cette période tient plus de lignes qu'un fichier n'en porte",
        en="This period holds more lines than one file carries",
        next_fr="Donnez une période plus courte avec `since` et `until`, puis recommencez.",
        next_en="Give a shorter period with `since` and `until`, then try again.",
    ),
    "emergency.reason-misplaced": Problem(
        _UNFIT,
        fr="On met fin avec un motif codé; on approuve sans motif",
        en="Ending takes a coded reason, approving takes none",
        next_fr="Donnez `reason` avec `end`, et avec lui seul.",
        next_en="Give `reason` with `end`, and with it alone.",
    ),
}

WITHOUT_CONSENT: Mapping[str, Problem] = {
    **_EMERGENCY,
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
