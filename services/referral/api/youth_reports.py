"""Routes of reports to youth protection: that one was made, for whoever made it and those who oversee them."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Body, Path, Security
from pydantic import Field
from starlette.responses import Response

from kit.auth import Principal, principal
from kit.http import Page, once, reply
from kit.problems import refuses
from services.referral.api.desk import PREFIX, AtDesk, Pages, caller_of
from services.referral.api.fields import Form, Identity, Instant, Line, View
from services.referral.api.grounds import PersonPath, Reads, Writes
from services.referral.commands.youth_reports import (
    ReportMade,
    read_report,
    record_report,
    reports_about,
    reports_of_organization,
)
from services.referral.domain.identifiers import PersonId, YouthReportId
from services.referral.domain.youth_report import ReportChannel, Way, YouthReport
from services.referral.store import Kept

router = APIRouter(prefix=PREFIX, tags=["youth reports"])

Officer = Annotated[Principal, Security(principal, scopes=["audit:read"])]
SignedIn = Annotated[Principal, Security(principal, scopes=["inbox:read"])]

_PHONE = {
    "phone": {
        "summary": "By phone, with a file number",
        "value": {"at": "2026-11-24T20:30:00Z", "channel": "phone", "receipt": "Dossier 2026-4417"},
    }
}


class ReportFields(Form):
    """When and how it was made, and its receipt; nothing of what was said."""

    at: Instant
    channel: ReportChannel
    receipt: Line = Field(description="A file number or an acknowledgement; sealed under the person's key.")


class ReportLine(View):
    """That a report was made; hidden from the person's view, parental access, exports and plans."""

    id: str
    person_id: str
    at: datetime
    channel: ReportChannel
    reported_by_user_id: str
    hidden_from: tuple[Way, ...]


class ReportView(ReportLine):
    """A report with its receipt."""

    receipt: str = Field(examples=["Dossier 2026-4417"])


class ReportList(View):
    """Reports about a person, newest first; receipts stay sealed."""

    items: tuple[ReportLine, ...]


class ReportPage(Page[ReportLine]):
    """An organisation's reports, newest first; receipts stay sealed."""


def _line(kept: Kept[YouthReport]) -> ReportLine:
    report = kept.state
    return ReportLine(
        id=report.id,
        person_id=report.person,
        at=report.at,
        channel=report.channel,
        reported_by_user_id=report.reported_by,
        hidden_from=tuple(way for way in Way if way in report.hidden_from),
    )


@router.post(
    "/persons/{person_id}/youth-reports",
    operation_id="record_youth_report",
    summary="Record that youth protection was told",
    description="By phone or in writing, outside this system: the time, the way and the receipt, never what was said. "
    "Hidden from the person's view, parental access, exports and plans; nobody is notified.",
    status_code=201,
    response_model=ReportLine,
    openapi_extra=refuses("referral.not-found", "emergency.not-yet-done", "person.erased"),
)
async def record(
    caller: Writes,
    desk: AtDesk,
    once: once,
    person_id: PersonPath,
    fields: Annotated[ReportFields, Body(openapi_examples=_PHONE)],
) -> Response:
    """Answer with what was recorded."""
    made = ReportMade(at=fields.at, channel=fields.channel, receipt=fields.receipt)
    kept = await record_report(desk, caller_of(caller), PersonId(person_id), made, once)
    return reply(_line(kept), 201, location=f"{PREFIX}/youth-reports/{kept.state.id}")


@router.get(
    "/persons/{person_id}/youth-reports",
    operation_id="list_youth_reports_of_person",
    summary="List the reports to youth protection about a person",
    description="Those you made; every one for your coordinator. The receipts stay sealed.",
    response_model=ReportList,
    openapi_extra=refuses("referral.not-found"),
)
async def about(caller: Reads, desk: AtDesk, person_id: PersonPath) -> Response:
    """Answer with what this worker may know of."""
    found = await reports_about(desk, caller_of(caller), PersonId(person_id))
    return reply(ReportList(items=tuple(_line(kept) for kept in found)))


@router.get(
    "/youth-reports",
    operation_id="list_youth_reports",
    summary="List one's organisation's reports to youth protection",
    description="For the privacy officer, newest first. The receipts stay sealed.",
    response_model=ReportPage,
    openapi_extra=refuses("referral.not-found"),
)
async def list_all(caller: Officer, desk: AtDesk, pages: Pages) -> Response:
    """Answer with one page."""
    purpose = f"youth-reports|{caller.organization}"
    rows = await reports_of_organization(desk, caller_of(caller), pages.after(purpose), pages.limit + 1)
    shown, following = pages.cut(purpose, rows, lambda kept: (kept.state.recorded_at, kept.state.id))
    return reply(ReportPage(items=[_line(kept) for kept in shown], next=following))


@router.get(
    "/youth-reports/{report_id}",
    operation_id="read_youth_report",
    summary="Read a report to youth protection with its receipt",
    description="For whoever made it, their coordinators and privacy officers; to anybody else it does not exist.",
    response_model=ReportView,
    openapi_extra=refuses("referral.not-found", "person.erased"),
)
async def read(
    caller: SignedIn,
    desk: AtDesk,
    report_id: Annotated[Identity, Path(description="A report of one's own organisation.")],
) -> Response:
    """Answer with the report."""
    kept, receipt = await read_report(desk, caller_of(caller), YouthReportId(report_id))
    return reply(ReportView(**_line(kept).model_dump(), receipt=receipt))
