"""What each refusal of this service says to people, in both languages."""

from typing import Final

from kit.problems import Problem
from services.notifications.domain.delivery import DeliveryOver
from services.notifications.domain.errors import (
    AccessEnded,
    EntryNotFound,
    MalformedEventId,
    QuietHoursEmpty,
    TooManyStreams,
    UnknownChannel,
    UnknownKind,
)

PROBLEMS: Final[dict[str, Problem]] = {
    AccessEnded.code: Problem(
        403,
        fr="Vous ne pouvez plus agir pour cette organisation",
        en="You may no longer act for this organisation",
        next_fr="Si c'est une erreur, parlez-en à la coordonnatrice ou au coordonnateur de votre organisation.",
        next_en="If this is a mistake, speak to your organisation's coordinator.",
    ),
    EntryNotFound.code: Problem(
        404,
        fr="Cet avis n'est pas dans votre boîte",
        en="This notice is not in your inbox",
        next_fr="Relisez la liste de vos avis.",
        next_en="Read the list of your notices again.",
    ),
    DeliveryOver.code: Problem(
        409,
        fr="Cet envoi est déjà terminé",
        en="This delivery is already over",
        next_fr="Consultez le journal de vos envois.",
        next_en="See the log of your deliveries.",
    ),
    MalformedEventId.code: Problem(
        400,
        fr="Le point de reprise du flux est illisible",
        en="The point to resume the stream from cannot be read",
        next_fr="Renvoyez le dernier `id` reçu du flux, ou ouvrez le flux sans lui.",
        next_en="Send back the last `id` the stream gave you, or open the stream without it.",
    ),
    QuietHoursEmpty.code: Problem(
        422,
        fr="Les heures de silence commencent et finissent à la même heure",
        en="The quiet hours begin and end at the same time",
        next_fr="Donnez deux heures différentes, ou `null` pour ne pas en avoir.",
        next_en="Give two different times, or `null` to have none.",
    ),
    TooManyStreams.code: Problem(
        429,
        fr="Vous avez déjà trop de flux ouverts",
        en="You already hold too many open streams",
        next_fr="Fermez un onglet ou une application, puis recommencez.",
        next_en="Close a tab or an application, then try again.",
    ),
    UnknownChannel.code: Problem(
        422,
        fr="Aucun avis ne part par ce canal",
        en="No notice goes out by this channel",
        next_fr="Consultez les canaux offerts avec la liste des genres d'avis.",
        next_en="See the channels offered with the list of kinds of notice.",
    ),
    UnknownKind.code: Problem(
        422,
        fr="Ce genre d'avis n'existe pas",
        en="There is no such kind of notice",
        next_fr="Consultez la liste des genres d'avis.",
        next_en="See the list of kinds of notice.",
    ),
}
