"""A handover as it goes in and out: when, how, with whom and where the person comes, in codes."""

from datetime import datetime

from pydantic import Field

from services.referral.api.fields import Form, Instant, View
from services.referral.domain.handover import Escort, Handover, Place, Way
from services.referral.domain.party import Standpoint
from services.referral.domain.referral import Referral, Sharing
from services.referral.domain.reveals import Facet
from services.referral.domain.transitions import SERVING, Actor, State


class HandoverFields(Form):
    """What was arranged; no address is ever kept."""

    at: Instant = Field(
        description="Within thirty days. If the service has not started by then, both sides hear of it.",
        examples=["2026-11-25T16:00:00Z"],
    )
    way: Way
    escort: Escort = Escort.NONE
    place: Place | None = Field(
        default=None, description="`at-sender` and `where-the-person-is` only where you may know the current location."
    )

    def to_handover(self) -> Handover:
        """Return the handover as the domain knows it."""
        return Handover(at=self.at, way=self.way, escort=self.escort, place=self.place)


class HandoverView(View):
    """A handover as one party reads it; a place that would reveal what it may not know is left out."""

    at: datetime
    way: Way
    escort: Escort
    place: Place | None


def handover_shown(
    referral: Referral, side: Standpoint, opened: frozenset[Facet] = frozenset()
) -> dict[str, HandoverView | datetime | None]:
    """Return the handover and the alarm as a party reads them: a sender its own copy, a receiver while it serves."""
    arranged, missed = _copy(referral, side)
    if arranged is None:
        return {"handover": None, "not_arrived_at": missed}
    # The sender's own record says where the person is: nothing of a place is withheld from it.
    place = arranged.place if side.actor is Actor.SENDER else arranged.place_for(opened)
    shown = HandoverView(at=arranged.at, way=arranged.way, escort=arranged.escort, place=place)
    return {"handover": shown, "not_arrived_at": missed}


def _copy(referral: Referral, side: Standpoint) -> tuple[Handover | None, datetime | None]:
    """Return what this party may know of: nothing once the sender's word is another, sharing or the referral over."""
    if side.actor is not Actor.SENDER:
        known = referral.state in SERVING
        missed = referral.not_arrived_at if referral.state is State.ACCEPTED else None
        return (referral.handover if known else None), missed
    view = referral.view
    if view.word != State.ACCEPTED or referral.sharing is Sharing.ENDED:
        return None, None
    return view.handover, view.not_arrived_at
