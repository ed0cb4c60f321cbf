"""The register of what was told or read without consent, for an organisation's privacy officers."""

from dataclasses import dataclass
from datetime import datetime

from kit.mongo import Document
from services.referral.commands.desk import Caller, Desk, attempting
from services.referral.commands.people import but_hidden
from services.referral.domain.export import MOST_EXPORTED, check_whole
from services.referral.domain.register import (
    Entered,
    Line,
    newest_first,
    of_emergency,
    of_ground,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """Which lines: of a kind, of a period, reviewed or not; grounds await no review and are in neither half."""

    kind: Entered | None = None
    since: datetime | None = None
    until: datetime | None = None
    reviewed: bool | None = None

    def query(self, owner: str) -> Document:
        """Return what both kinds of record are asked for."""
        span = {name: at for name, at in (("$gte", self.since), ("$lt", self.until)) if at is not None}
        return {"owner": owner} | ({"at": span} if span else {})


async def read_register(
    desk: Desk, caller: Caller, sought: Sought, before: tuple[datetime, str] | None, limit: int
) -> list[Line]:
    """Return one's organisation's lines, newest first; nothing is unsealed, no person named."""
    async with attempting(desk, caller, "register.read") as attempt:
        attempt.owner = caller.organization
        lines = await _lines(desk, caller, sought, before, limit)
        attempt.records = tuple(line.id for line in lines)
        await attempt.done(desk, None)
        return lines


async def export_register(desk: Desk, caller: Caller, sought: Sought) -> list[Line]:
    """Return every line of the period, written down as an export; raises `ExportTooLong` rather than cut it short."""
    async with attempting(desk, caller, "register.export") as attempt:
        attempt.owner = caller.organization
        lines = await _lines(desk, caller, sought, None, MOST_EXPORTED + 1)
        check_whole(lines)
        attempt.records = tuple(line.id for line in lines)
        await attempt.done(desk, None)
        return lines


async def _lines(
    desk: Desk, caller: Caller, sought: Sought, before: tuple[datetime, str] | None, limit: int
) -> list[Line]:
    """Return the newest lines of both kinds of record together."""
    query, lines = sought.query(caller.organization) | await but_hidden(desk, caller), []
    if sought.reviewed is None and sought.kind in {None, Entered.GROUND}:
        lines += [of_ground(kept.state) for kept in await desk.store.grounds.page(query, before, limit)]
    if sought.kind is not Entered.GROUND:
        wanted = query | ({"kind": sought.kind.value} if sought.kind else {})
        if sought.reviewed is not None:
            wanted["reviewed_at"] = {"$type": "date"} if sought.reviewed else None
        lines += [of_emergency(kept.state) for kept in await desk.store.emergencies.page(wanted, before, limit)]
    return newest_first(lines)[:limit]
