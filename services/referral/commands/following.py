"""What follows a referral that is over: which needs stay open, and the next referral for them in one call."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from kit.http import Once
from services.referral.commands.desk import Caller, Desk, attempting
from services.referral.commands.drafting import NewReferral, draft_referral, unsealed_request
from services.referral.commands.missing import MissingConsent, missing_consent
from services.referral.domain.following import needs_left, needs_to_carry
from services.referral.domain.identifiers import ReferralId, ServiceId
from services.referral.domain.party import Standpoint, standpoint
from services.referral.domain.referral import Referral
from services.referral.domain.taxonomy import DataClass, Need, Purpose
from services.referral.domain.transitions import Actor, NotYourMove, State
from services.referral.keys import PersonKey
from services.referral.store import Kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """Where the need goes next; what is not said stays as it was."""

    service: ServiceId
    needs: frozenset[Need] = frozenset()
    purpose: Purpose | None = None
    classes: frozenset[DataClass] = frozenset()


@dataclass(frozen=True, slots=True)
class Next:
    """The next referral, a draft, and the consent to ask the person for before it is sent."""

    kept: Kept[Referral]
    side: Standpoint
    missing: MissingConsent | None


def outcomes_told(key: PersonKey, kept: Kept[Referral], word: str) -> Mapping[str, str] | None:
    """Return the outcomes where the word read is that it is completed."""
    sealed = kept.sealed.get("outcome") if word == State.COMPLETED else None
    return key.unseal(f"outcome:{kept.state.id}", sealed) if sealed else None


def word_of_owner(referral: Referral) -> str:
    """Return the word read by the organisation whose person it is: as sender, or as who opened it itself."""
    return referral.state.value if referral.is_own else referral.view.word


async def open_next(desk: Desk, caller: Caller, referral: ReferralId, to: Following, once: Once) -> Next:
    """Draft a linked referral for what stays open, with need, purpose, classes and query; consent is asked anew."""
    async with attempting(desk, caller, "referral.open-next", referral) as attempt:
        kept = await desk.store.referrals.by_id(None, referral)
        attempt.owner = kept.state.sender
        if standpoint(kept.state, caller.reader).actor is not Actor.SENDER and not kept.state.is_own:
            raise NotYourMove
        key = await desk.keys.of(kept.state.person)
        query, word = unsealed_request(key, kept), word_of_owner(kept.state)
        left = needs_left(word, query.needs, outcomes_told(key, kept, word))
        carried = needs_to_carry(left, query.needs, to.needs)
        await attempt.done(desk, None, role="sender", classes=("need",))
    new = NewReferral(
        person=kept.state.person,
        service=to.service,
        purpose=to.purpose or kept.state.purpose,
        classes=to.classes or kept.state.classes,
        query=replace(query, needs=carried),
        answers=kept.state.query,
        linked_from=referral,
    )
    made, side = await draft_referral(desk, caller, new, once)
    return Next(made, side, await missing_consent(desk, made.state))
