"""Who saw what, when: for a referral by its owner, and an organisation's own log for its privacy officer."""

from dataclasses import dataclass, replace
from datetime import datetime

from kit.mongo import Document
from services.referral.commands.audit_hiding import hidden_records, hiding, unhinted
from services.referral.commands.desk import Caller, Desk, attempting
from services.referral.domain.export import MOST_EXPORTED, check_whole
from services.referral.domain.identifiers import ReferralId, UserId
from services.referral.domain.outwards import RECEIVED
from services.referral.domain.party import NotFound, check_works
from services.referral.domain.referral import Referral
from services.referral.domain.transitions import BEFORE_ACCEPTANCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Which rows of a log: what was done or refused, by whom, on what, when, after the last one read."""

    action: str | None = None
    outcome: str | None = None
    user: UserId | None = None
    record: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    after: tuple[datetime, object] | None = None
    limit: int = 50


_READINGS = frozenset({"referral.read", "referral.read-once", "emergency.read"})
# Words under which a sender has not been told of an acceptance, or not yet.
_UNACCEPTED = frozenset(state.value for state in BEFORE_ACCEPTANCE) | {RECEIVED}


async def readings_of(desk: Desk, caller: Caller, referral: ReferralId, wanted: Rows) -> list[Document]:
    """Return who saw what of a referral that one's own organisation sent, refusals included; raises `NotFound`.

    `told` says of each row whether the sender may learn of it; a page goes on after its last row, told or not.
    """
    async with attempting(desk, caller, "referral.readings", referral) as attempt:
        check_works(caller.reader)
        kept = await desk.store.referrals.by_id(None, referral)
        attempt.owner = kept.state.sender
        if kept.state.sender != caller.organization or kept.state.excluded.shuts_out(caller.organization, caller.user):
            raise NotFound
        rows = await desk.audit.entries(
            owner=caller.organization, record=referral, after=wanted.after, limit=wanted.limit
        )
        await attempt.done(desk, None)
        return [row | {"told": _is_told(row, kept.state)} for row in rows]


def _is_told(row: Document, referral: Referral) -> bool:
    """Say whether the sender may learn of an act: its own, strangers', and what the receiver saw, never what it did.

    Otherwise the list would tell what the person keeps from the sender: that it was accepted, or that it ended.
    """
    if referral.is_own or row["organization"] != referral.receiver:
        return True
    classes = frozenset(row["classes"])
    if row["action"] not in _READINGS or not classes:
        return False
    return classes == {"need"} or not (referral.is_untold or referral.view.word in _UNACCEPTED)


async def own_log(desk: Desk, caller: Caller, wanted: Rows) -> list[Document]:
    """Return what people and apps of one's own organisation did, for its privacy officer."""
    async with attempting(desk, caller, "audit.read") as attempt:
        attempt.owner = caller.organization
        rows = await _shown(desk, caller, wanted)
        await attempt.done(desk, None)
        return rows


async def export_log(desk: Desk, caller: Caller, wanted: Rows) -> list[Document]:
    """Return every row sought, written down as an export; raises `ExportTooLong` rather than cut it short."""
    async with attempting(desk, caller, "audit.export") as attempt:
        attempt.owner = caller.organization
        rows = await _shown(desk, caller, replace(wanted, limit=MOST_EXPORTED + 1))
        check_whole(rows)
        await attempt.done(desk, None)
        return rows


async def _shown(desk: Desk, caller: Caller, wanted: Rows) -> list[Document]:
    """Return the rows sought of one's organisation's log, without those that a person's list keeps from the caller."""
    hidden = await hidden_records(desk, caller)
    sought = desk.audit.pseudonym(wanted.record) if wanted.record else None
    rows = await desk.audit.entries(
        organization=caller.organization,
        by=wanted.user,
        record=wanted.record,
        action=wanted.action,
        outcome=wanted.outcome,
        since=wanted.since,
        until=wanted.until,
        after=wanted.after,
        hiding=hiding(caller, hidden, sought),
        limit=wanted.limit,
    )
    return await unhinted(desk, caller, hidden, rows) if hidden else rows
