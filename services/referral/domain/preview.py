"""What changing a consent would do, told to its owner before it is done, from what that owner may know and no more."""

from dataclasses import dataclass, replace
from enum import StrEnum

from services.referral.domain.consent import Recipient
from services.referral.domain.disclosure import Form, Reading, Role, Stage, decide_all
from services.referral.domain.outwards import is_end
from services.referral.domain.referral import Referral, Sharing
from services.referral.domain.taxonomy import AgeBand, DataClass, Purpose
from services.referral.domain.transitions import SERVING


class ConsentChange(StrEnum):
    """What may be done to a consent, as previewed."""

    GRANT = "grant"
    NARROW = "narrow"
    WITHDRAW = "withdraw"


class Effect(StrEnum):
    """What a change does to one referral, as far as its sender may know."""

    ENDS = "ends"
    STOPS_SHARING = "stops-sharing"
    ENDS_OR_STOPS_SHARING = "ends-or-stops-sharing"
    NARROWS = "narrows"
    CAN_BE_SENT = "can-be-sent"
    CANNOT_BE_SENT = "cannot-be-sent"


@dataclass(frozen=True, slots=True)
class ClassChange:
    """How much of a class the recipient would see once it has accepted: now, and after the change."""

    data_class: DataClass
    now: Form
    then: Form


_ACCEPTED = frozenset(state.value for state in SERVING)


def effect_on(referral: Referral, change: ConsentChange, left: frozenset[DataClass]) -> Effect | None:
    """Say what a change does to a referral, judged by the word its sender reads and never by the state behind it.

    `left` is what the consent would cover after the change. None: nothing.
    """
    if is_end(referral.view.word) or referral.ground is not None:
        return None
    if not referral.was_sent:
        return _on_draft(referral, change, left)
    if referral.sharing is Sharing.ENDED or change is ConsentChange.GRANT:
        return None
    if change is ConsentChange.NARROW:
        return Effect.NARROWS
    if referral.is_untold:
        return Effect.ENDS_OR_STOPS_SHARING
    return Effect.STOPS_SHARING if referral.view.word in _ACCEPTED else Effect.ENDS


def _on_draft(referral: Referral, change: ConsentChange, left: frozenset[DataClass]) -> Effect:
    """Say what a change means for what nobody has received yet."""
    if change is ConsentChange.WITHDRAW:
        return Effect.ENDS
    return Effect.CAN_BE_SENT if referral.classes <= left else Effect.CANNOT_BE_SENT


def as_recipient(recipient: Recipient, purpose: Purpose, classes: frozenset[DataClass], age: AgeBand) -> Reading:
    """Return the circumstances in which a recipient reads under a consent once it has accepted."""
    return Reading(
        sector=recipient.sector,
        role=Role.INTAKE,
        stage=Stage.ACCEPTED,
        purpose=purpose,
        needs=recipient.needs,
        consented=classes,
        age=age,
    )


def as_receiver(referral: Referral, classes: frozenset[DataClass], age: AgeBand) -> Reading:
    """Return the circumstances in which a referral's receiver reads under a consent to these classes, once accepted."""
    recipient = Recipient(organization=referral.receiver, sector=referral.receiver_sector, needs=referral.service_needs)
    return as_recipient(recipient, referral.purpose, referral.classes & classes, age)


def changes(before: Reading, left: frozenset[DataClass]) -> tuple[ClassChange, ...]:
    """Return the classes of which more, or less, would be seen once `left` is what is consented to."""
    now, then = decide_all(before), decide_all(replace(before, consented=left))
    return tuple(
        ClassChange(data_class, now[data_class].form, then[data_class].form)
        for data_class in now
        if now[data_class].form is not then[data_class].form
    )
