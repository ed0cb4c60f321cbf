"""What statistics know of referrals, and the counts of each month, told once it has settled."""

import contextlib
from datetime import datetime, timedelta

import structlog
from pymongo.errors import DuplicateKeyError

from kit.mongo import Session
from services.referral.commands.desk import Desk
from services.referral.commands.drafting import unsealed_request
from services.referral.commands.finding import identity_in
from services.referral.domain.anonymity import FEWEST_PEOPLE, Case, Ladder, crowds
from services.referral.domain.coarse import ASKED, ENDED, case_of
from services.referral.domain.identifiers import PersonId
from services.referral.domain.party import NotFound
from services.referral.domain.person import PersonErased
from services.referral.domain.referral import Referral
from services.referral.domain.retention import month_of
from services.referral.domain.transitions import State
from services.referral.published import Cell, MonthlyCounted
from services.referral.store import Kept

log = structlog.get_logger()

_SETTLES = timedelta(days=5)
_LONGEST_AWAY = 12
# So many cells at most: a month stays under 48 KiB however many people it counts.
_CELLS = 150
_ROUNDED = 5


async def case_in(desk: Desk, kept: Kept[Referral]) -> Case:
    """Return what statistics know of a referral; raises `PersonErased`."""
    key = await desk.keys.of(kept.state.person)
    sealed = kept.sealed.get("outcome")
    outcomes = key.unseal(f"outcome:{kept.state.id}", sealed) if sealed else None
    record = (await desk.store.people.behind(kept.state.person)).sealed
    return case_of(kept.state, unsealed_request(key, kept), outcomes, identity_in(key, record))


async def count_months(desk: Desk) -> list[str]:
    """Tell the counts of every month over for five days that is not told yet, each once; returns which."""
    told, ready = [], month_of(desk.clock() - _SETTLES)
    month = await _first(desk, ready)
    while month < ready:
        await _count(desk, month)
        told.append(f"{month:%Y-%m}")
        month = _next(month)
    return told


async def _first(desk: Desk, ready: datetime) -> datetime:
    """Return the month to count next: the one after the last, else that of the first request; of twelve at most."""
    last, request = await desk.store.months.last(), await desk.store.referrals.first_request()
    if last is None and request is None:
        return ready
    earliest = ready
    for _ in range(_LONGEST_AWAY):
        earliest = month_of(earliest - timedelta(days=1))
    return max(earliest, _next(last) if last else month_of(request or ready))


def _next(month: datetime) -> datetime:
    return month_of(month + timedelta(days=31))


async def _count(desk: Desk, month: datetime) -> None:
    """Count one month and tell it, unless another process was first."""
    counted = MonthlyCounted(
        month=f"{month:%Y-%m}",
        asked=await _cells(desk, "requested_at", month, ASKED),
        ended=await _cells(desk, "ended_at", month, ENDED),
    )

    async def work(session: Session) -> None:
        await desk.store.months.tell(session, counted, desk.clock())

    with contextlib.suppress(DuplicateKeyError):
        await desk.mongo.transaction(work)
        log.info("month.counted", month=counted.month)


async def _cells(desk: Desk, instant: str, month: datetime, ladders: tuple[Ladder, ...]) -> tuple[Cell, ...]:
    """Return the crowds of a month: each person once, by the last of their referrals."""
    cases: dict[PersonId, Case] = {}
    async for kept in desk.store.referrals.between(instant, month, _next(month)):
        if kept.state.was_sent and kept.state.state is not State.ENTERED_IN_ERROR:
            # An erased person is counted no more.
            with contextlib.suppress(PersonErased, NotFound):
                cases[kept.state.person] = await case_in(desk, kept)
    fewest = max(FEWEST_PEOPLE, -(-len(cases) // _CELLS))
    shown = crowds(list(cases.values()), ladders, fewest)
    return tuple(Cell(facts=crowd.facts, people=len(crowd.cases) // _ROUNDED * _ROUNDED) for crowd in shown)
