"""Reports to youth protection: that one was made, read by whoever made it and by those who oversee them alone.

The audit names the report and never the person: what a person sees of who read their record is drawn from it.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from kit.http import Once
from kit.mongo import Document, Session
from services.referral.commands.desk import Caller, Desk, attempting
from services.referral.commands.people import but_hidden
from services.referral.domain.emergency import check_done
from services.referral.domain.identifiers import PersonId, YouthReportId
from services.referral.domain.party import PRIVACY_OFFICER, NotFound, check_works
from services.referral.domain.youth_report import ReportChannel, YouthReport, oversees
from services.referral.store import Kept

_RECEIPT = "receipt"
MOST_LISTED = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportMade:
    """When and how it was made, and what it may be found again by."""

    at: datetime
    channel: ReportChannel
    receipt: str


def _place(report: YouthReportId) -> str:
    return f"youth-report:{report}"


async def record_report(
    desk: Desk, caller: Caller, person: PersonId, made: ReportMade, once: Once
) -> Kept[YouthReport]:
    """Record that a report was made, outside the system; nobody is told, on the bus or elsewhere."""
    identity = YouthReportId(once.result or str(uuid4()))
    async with attempting(desk, caller, "youth-report.record", identity) as attempt:
        check_works(caller.reader)
        attempt.owner = caller.organization
        await desk.store.people.of(caller.reader, person)
        if once.result:
            await attempt.done(desk, None)
            return await desk.store.youth_reports.by_id(identity)
        check_done(made.at, desk.clock())
        key = await desk.keys.of(person)
        report = YouthReport(
            id=identity,
            owner=caller.organization,
            person=person,
            channel=made.channel,
            at=made.at,
            reported_by=caller.user,
            recorded_at=desk.clock(),
        )

        async def work(session: Session) -> Kept[YouthReport]:
            await desk.store.people.of(caller.reader, person, session)
            await once.remember(session, identity)
            await attempt.done(desk, session)
            return await desk.store.youth_reports.add(
                session, report, {_RECEIPT: key.seal(_place(identity), made.receipt)}
            )

        return await desk.mongo.transaction(work)


async def read_report(desk: Desk, caller: Caller, report: YouthReportId) -> tuple[Kept[YouthReport], str]:
    """Return a report with its receipt; to anybody but those it is for, it does not exist."""
    async with attempting(desk, caller, "youth-report.read", report) as attempt:
        kept = await desk.store.youth_reports.by_id(report)
        attempt.owner = kept.state.owner
        kept.state.check_read_by(caller.reader)
        await desk.store.people.of(caller.reader, kept.state.person)
        key = await desk.keys.of(kept.state.person)
        await attempt.done(desk, None)
        return kept, key.unseal(_place(report), kept.sealed[_RECEIPT])


async def reports_about(desk: Desk, caller: Caller, person: PersonId) -> list[Kept[YouthReport]]:
    """Return the reports about a person: one's own, or every one for the coordinator; receipts stay sealed."""
    async with attempting(desk, caller, "youth-report.list") as attempt:
        check_works(caller.reader)
        attempt.owner = caller.organization
        await desk.store.people.of(caller.reader, person)
        wanted: Document = {"person": person}
        if not oversees(caller.reader):
            wanted["reported_by"] = caller.user
        found = await desk.store.youth_reports.page(wanted, None, MOST_LISTED)
        attempt.records = tuple(kept.state.id for kept in found)
        await attempt.done(desk, None)
        return found


async def reports_of_organization(
    desk: Desk, caller: Caller, before: tuple[datetime, str] | None, limit: int
) -> list[Kept[YouthReport]]:
    """Return one's organisation's reports, newest first, for its privacy officer; receipts stay sealed."""
    async with attempting(desk, caller, "youth-report.list-all") as attempt:
        attempt.owner = caller.organization
        if PRIVACY_OFFICER not in caller.roles:
            raise NotFound
        wanted = {"owner": caller.organization} | await but_hidden(desk, caller)
        found = await desk.store.youth_reports.page(wanted, before, limit)
        attempt.records = tuple(kept.state.id for kept in found)
        await attempt.done(desk, None)
        return found
