"""Contact attempts: logged by whoever meets the person, judged by the safe contact, sealed under the person's key."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import TypeAdapter

from services.referral.commands.answering import Answered
from services.referral.commands.carrying import carrier_of
from services.referral.commands.desk import Caller, Desk, attempting
from services.referral.commands.moving import Change, Held, change
from services.referral.commands.people import age_of
from services.referral.commands.reading import reading_of
from services.referral.domain.attempt import Attempt, Made, check_attempt, log_attempts, weigh
from services.referral.domain.contact import Channel, SafeContact
from services.referral.domain.disclosure import Form, Stage, decide
from services.referral.domain.identifiers import ReferralId
from services.referral.domain.party import NotFound, standpoint
from services.referral.domain.referral import Referral
from services.referral.domain.taxonomy import DataClass
from services.referral.domain.transitions import Actor
from services.referral.keys import PersonKey
from services.referral.store import Kept

_ATTEMPTS: TypeAdapter[tuple[Attempt, ...]] = TypeAdapter(tuple[Attempt, ...])
_SEALED = "attempts"


@dataclass(frozen=True, slots=True)
class Attempts:
    """The attempts a reader may see, and how many count towards saying that nobody can be reached."""

    shown: Sequence[Attempt]
    safe: int
    channels: bool


async def log_attempt(desk: Desk, caller: Caller, referral: ReferralId, made: Made, expected: int | None) -> Answered:
    """Log an attempt by a worker assigned to the person; outside the safe contact only where that is confirmed."""

    async def decide_on(held: Held) -> Change:
        at = desk.clock()
        check_attempt(held.referral, held.side, made, at)
        key = await desk.keys.of(held.referral.person)
        attempts = weigh(_earlier(key, held.kept), await _safe_contact(desk, held, key), made, caller.user)
        sealed = key.seal(_place(referral), _ATTEMPTS.dump_python(attempts, mode="json"))
        return Change(log_attempts(held.referral, held.side, attempts, at), {_SEALED: sealed})

    return await change(desk, caller, "referral.log-attempt", referral, expected, decide_on)


def _place(referral: ReferralId) -> str:
    return f"attempts:{referral}"


def _earlier(key: PersonKey, kept: Kept[Referral]) -> tuple[Attempt, ...]:
    sealed = kept.sealed.get(_SEALED)
    return _ATTEMPTS.validate_python(key.unseal(_place(kept.state.id), sealed)) if sealed else ()


async def _safe_contact(desk: Desk, held: Held, key: PersonKey) -> SafeContact | None:
    """Return the safe contact where this receiver may read it at this instant."""
    asked, at = held.referral, desk.clock()
    carrier = await carrier_of(desk, held.session, asked)
    person = await desk.store.people.behind(asked.person, held.session)
    sealed = person.sealed.get(DataClass.SAFE_CONTACT)
    age = age_of(key, person.sealed, at)
    reading = reading_of(asked, held.side.role, carrier.consent, at, age, carrier.ground)
    if sealed is None or decide(reading, DataClass.SAFE_CONTACT).form is not Form.WHOLE:
        return None
    fields = key.unseal(DataClass.SAFE_CONTACT, sealed)
    return SafeContact(**{**fields, "channel": Channel(fields["channel"])})


async def list_attempts(desk: Desk, caller: Caller, referral: ReferralId) -> Attempts:
    """Return a receiver's attempts while it serves, under a live consent or ground; anybody else finds none."""
    async with attempting(desk, caller, "referral.attempts", referral) as attempt:
        case = await desk.store.referrals.case(referral)
        kept = case.kept
        attempt.owner = kept.state.sender
        side = standpoint(kept.state, caller.reader)
        if side.actor is not Actor.RECEIVER:
            raise NotFound
        reading = reading_of(kept.state, side.role, case.consent, desk.clock(), ground=case.ground)
        await attempt.done(desk, None, role=side.role.value, purpose=kept.state.purpose.value)
        if reading.stage is not Stage.ACCEPTED or not kept.state.attempts:
            return Attempts((), kept.state.safe_attempts, channels=False)
        shown = _earlier(await desk.keys.of(kept.state.person), kept)
        channels = decide(reading, DataClass.SAFE_CONTACT).form is Form.WHOLE
        return Attempts(shown, kept.state.safe_attempts, channels)
