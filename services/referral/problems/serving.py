"""What the refusals around a service under way say: the handover, who is assigned, contact attempts, a void by two."""

from collections.abc import Mapping

from kit.problems import Problem

_CONFLICT, _UNFIT, _FORBIDDEN = 409, 422, 403

SERVING: Mapping[str, Problem] = {
    "referral.not-assigned": Problem(
        _FORBIDDEN,
        fr="Seule l'intervenante désignée communique avec la personne",
        en="Only a worker assigned to the person contacts them",
        next_fr="Faites-vous désigner par l'accueil ou la coordination.",
        next_en="Have intake or a coordinator assign you.",
    ),
    "referral.contact-outside-safe": Problem(
        _CONFLICT,
        fr="Cet essai sort du moyen de contact sûr",
        en="This attempt does not keep to the safe contact",
        next_fr="Quelqu'un d'autre peut voir cet appareil. Si c'était voulu, confirmez avec `confirmed_outside`.",
        next_en="Someone else may see that device. If it was meant, confirm with `confirmed_outside`.",
    ),
    "referral.attempt-time-invalid": Problem(
        _UNFIT,
        fr="Un essai a lieu entre l'acceptation et maintenant",
        en="An attempt is made between the acceptance and now",
        next_fr="Corrigez l'heure de l'essai.",
        next_en="Correct the time of the attempt.",
    ),
    "referral.attempt-already-logged": Problem(
        _CONFLICT,
        fr="Un essai de cette heure est déjà consigné",
        en="An attempt of that time is already logged",
        next_fr="Consignez chaque essai une seule fois, à son heure.",
        next_en="Log each attempt once, at its own time.",
    ),
    "referral.void-alone": Problem(
        _CONFLICT,
        fr="Personne n'a accepté cette orientation",
        en="Nobody accepted this referral",
        next_fr="Annulez-la seul, comme saisie par erreur (`void`).",
        next_en="Take it back alone, as entered in error (`void`).",
    ),
    "referral.void-already-proposed": Problem(
        _CONFLICT,
        fr="L'erreur de saisie est déjà signalée",
        en="It is already said to be entered in error",
        next_fr="Attendez que l'autre organisation confirme, ou confirmez si c'est elle qui l'a signalée.",
        next_en="Wait for the other organisation to confirm, or confirm where it was the one to say so.",
    ),
    "referral.void-unseen": Problem(
        _CONFLICT,
        fr="L'organisation qui a orienté la personne ne peut pas savoir que vous avez accepté",
        en="The organisation that sent it may not know that you accepted",
        next_fr="Mettez fin à l'accompagnement avec un motif de la liste; elle peut, elle, signaler l'erreur.",
        next_en="End the service with a reason of the list; that organisation may itself say that it was an error.",
    ),
    "referral.assigning-not-yours": Problem(
        _FORBIDDEN,
        fr="L'accueil ou la coordination désigne qui rencontre la personne",
        en="Intake or a coordinator says who meets the person",
        next_fr="Demandez-le à l'accueil ou à la coordination de votre organisation.",
        next_en="Ask your organisation's intake or coordinator.",
    ),
    "referral.handover-time-invalid": Problem(
        _UNFIT,
        fr="L'arrivée se prévoit d'ici trente jours",
        en="A handover is to come within thirty days",
        next_fr="Choisissez un moment à venir, dans les trente jours.",
        next_en="Choose a time to come, within thirty days.",
    ),
    "referral.handover-place-withheld": Problem(
        _UNFIT,
        fr="Ce lieu dirait où se trouve la personne, ce que vous ne pouvez pas savoir",
        en="That place would tell where the person is, which you may not know",
        next_fr="Choisissez `at-service` ou `agreed-elsewhere`, ou n'indiquez aucun lieu.",
        next_en="Choose `at-service` or `agreed-elsewhere`, or state no place.",
    ),
}
