"""Invented lives of referrals, each brought to where it stands by the domain's own moves; nobody real is in them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from services.referral.domain import moves
from services.referral.domain.capacity import Query
from services.referral.domain.consent import Consent, ConsentCommand, ConsentState, Feedback
from services.referral.domain.identifiers import ConsentId, OrganizationId, PersonId, ReferralId, ServiceId, UserId
from services.referral.domain.person import Person
from services.referral.domain.reasons import CancelReason, DeclineReason, FailReason
from services.referral.domain.record import Record
from services.referral.domain.referral import Referral
from services.referral.domain.taxonomy import DataClass, Need, Purpose, Sector, Urgency
from services.referral.domain.transitions import Actor, Command, State

EACH_PERSON = 3
"""Referrals of one person, each to another organisation."""
PAST = timedelta(days=3 * 365)
LASTS = timedelta(days=90)
CLASSES = frozenset({DataClass.IDENTITY, DataClass.SAFE_CONTACT, DataClass.PRACTICAL_NEEDS})
_NAMES = ("Ariane", "Béatrice", "Camille", "Dalia", "Elena", "Fatou", "Gabriel", "Hien", "Ines", "Joël")
_REGIONS = ("03", "05", "06", "07", "13", "14", "15", "16")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A member that refers and is referred to: its service, and who works there."""

    organization: OrganizationId
    sector: Sector
    service: ServiceId
    needs: frozenset[Need]
    workers: tuple[UserId, ...]


@dataclass(frozen=True, slots=True)
class Life:
    """One referral with the consent it went under and the need it was sent for."""

    referral: Referral
    consent: Consent
    query: Query


@dataclass(frozen=True, slots=True)
class Helped:
    """A person, what is recorded of them, and their referrals."""

    person: Person
    record: Record
    lives: tuple[Life, ...]


Step = Callable[[Referral, UserId, datetime], Referral]
"""A move, by whom the receiver names to meet the person."""


def _simply(command: Command, actor: Actor = Actor.RECEIVER) -> Step:
    return lambda referral, _, at: moves.move(referral, command, actor, at).referral


def _accept(referral: Referral, worker: UserId, at: datetime) -> Referral:
    return moves.accept(referral, Actor.RECEIVER, frozenset({worker}), 0, at).referral


def _decline(referral: Referral, _: UserId, at: datetime) -> Referral:
    return moves.decline(referral, Actor.RECEIVER, DeclineReason.NO_CAPACITY, (), at).referral


def _cancel(referral: Referral, _: UserId, at: datetime) -> Referral:
    return moves.cancel(referral, Actor.SENDER, CancelReason.MET_ELSEWHERE, at).referral


def _complete(referral: Referral, _: UserId, at: datetime) -> Referral:
    return moves.complete(referral, Actor.RECEIVER, {}, frozenset(), at).referral


def _fail(referral: Referral, _: UserId, at: datetime) -> Referral:
    return moves.fail(referral, Actor.RECEIVER, FailReason.LEFT_EARLY, 0, at).referral


def _withdraw(referral: Referral, _: UserId, at: datetime) -> Referral:
    return moves.end_consent(referral, at).referral


_START, _REVIEW = _simply(Command.START), _simply(Command.REVIEW)


@dataclass(frozen=True, slots=True)
class Course:
    """How a referral went, of how many in a thousand, and whether it still awaits something."""

    weight: int
    steps: tuple[Step, ...]
    is_open: bool = False


# Of three years of referrals, one in a hundred is under way.
COURSES: Sequence[Course] = (
    Course(560, (_accept, _START, _complete)),
    Course(70, (_accept, _START, _fail)),
    Course(160, (_decline,)),
    Course(90, (_REVIEW, _simply(Command.EXPIRE, Actor.TIMER))),
    Course(70, (_cancel,)),
    Course(40, (_withdraw,)),
    Course(2, (), is_open=True),
    Course(1, (_REVIEW,), is_open=True),
    Course(1, (_simply(Command.WAITLIST),), is_open=True),
    Course(3, (_accept,), is_open=True),
    Course(3, (_accept, _START), is_open=True),
)
_WEIGHTS = [course.weight for course in COURSES]
# Within what a bed for tonight may wait, so that what is open has missed nothing yet.
_STEP = timedelta(minutes=2)


def people(
    places: Sequence[Place], mnemonics: Mapping[OrganizationId, Iterator[str]], now: datetime, draw: Random
) -> Iterator[Helped]:
    """Invent people without end, each with `EACH_PERSON` referrals of the last three years."""
    while True:
        home, *others = draw.sample(places, EACH_PERSON + 1)
        person = Person(
            id=PersonId(_uuid(draw)),
            organization=home.organization,
            mnemonic=next(mnemonics[home.organization]),
            created_at=now - PAST,
            created_by=draw.choice(home.workers),
        )
        record: Record = {
            DataClass.IDENTITY: {"preferred_name": draw.choice(_NAMES), "age_band": "adult", "languages": ["fra"]},
            DataClass.SAFE_CONTACT: {"channel": "person-calls"},
            DataClass.PRACTICAL_NEEDS: {"needs": ["transport"]},
        }
        yield Helped(person, record, tuple(_life(person, home, other, now, draw) for other in others))


def _life(person: Person, home: Place, other: Place, now: datetime, draw: Random) -> Life:
    """Bring one referral from its draft to where it stands."""
    (course,) = draw.choices(COURSES, _WEIGHTS)
    ago = (
        timedelta() if course.is_open else timedelta(seconds=draw.uniform(LASTS.total_seconds(), PAST.total_seconds()))
    )
    began = now - ago - (len(course.steps) + 1) * _STEP
    query = Query(
        needs=(draw.choice(sorted(other.needs)),), urgency=draw.choice(list(Urgency)), region=draw.choice(_REGIONS)
    )
    consent = _consent(person, other, began, draw)
    drafted = _draft(person, home, other, query, began, draw)
    referral = moves.request(drafted, Actor.SENDER, consent, began).referral
    worker = draw.choice(other.workers)
    for number, step in enumerate(course.steps, 1):
        referral = step(referral, worker, began + number * _STEP)
    return Life(referral, _as_it_ended(consent, referral, now), query)


def _consent(person: Person, other: Place, began: datetime, draw: Random) -> Consent:
    return Consent(
        id=ConsentId(_uuid(draw)),
        person=person.id,
        owner=person.organization,
        recipient=other.organization,
        purpose=Purpose.SUPPORT,
        classes=CLASSES,
        until=began + LASTS,
        state=ConsentState.GRANTED,
        feedback=Feedback.OUTCOME,
        decided_at=began,
        decided_by=person.created_by,
    )


def _as_it_ended(consent: Consent, referral: Referral, now: datetime) -> Consent:
    """Return a consent as its end left it: withdrawn with its referral, or lapsed."""
    if referral.state is State.WITHDRAWN:
        return consent.end(ConsentCommand.WITHDRAW, referral.ended_at or now)
    return consent if consent.is_live(now) else consent.end(ConsentCommand.LAPSE, consent.until or now)


def _draft(person: Person, home: Place, other: Place, query: Query, began: datetime, draw: Random) -> Referral:
    return moves.draft(
        id=ReferralId(_uuid(draw)),
        person=person.id,
        mnemonic=person.mnemonic,
        sender=home.organization,
        sender_sector=home.sector,
        receiver=other.organization,
        receiver_sector=other.sector,
        service=other.service,
        service_needs=other.needs,
        created_by=person.created_by,
        created_at=began,
        urgency=query.urgency,
        purpose=Purpose.SUPPORT,
        classes=CLASSES,
        party_size=query.party_size,
    ).referral


def _uuid(draw: Random) -> str:
    return str(UUID(int=draw.getrandbits(128), version=4))
