"""A referral that its receiver opens itself, for someone who walked in, called or came of their own accord."""

from typing import Any

from services.referral.domain.moves import Moved
from services.referral.domain.referral import Referral, SenderView
from services.referral.domain.transitions import Actor, Command, step
from services.referral.domain.waits import entering


def open_own(**facts: Any) -> Moved:
    """Begin a referral under review: sender and receiver are one, no consent carries it and nothing is disclosed."""
    made = step(None, Command.OPEN, Actor.RECEIVER)
    at = facts["created_at"]
    dated: dict[str, Any] = {**facts, **entering(None, made.to, facts["urgency"], at)}
    view = SenderView(word=made.to.value, version=1, changed_at=at)
    opened = Referral(state=made.to, view=view, requested_at=at, **dated)
    return Moved(opened, made.facts, told_sender=False)
