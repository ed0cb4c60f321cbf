"""Routes of the register: what one's organisation told or read without consent, as pages and as a file."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, Field
from starlette.responses import Response

from kit.http import Page, reply
from kit.problems import refuses
from services.referral.api.audit import Officer
from services.referral.api.desk import PREFIX, AtDesk, Pages, caller_of
from services.referral.api.fields import View
from services.referral.api.spreadsheet import CSV_ANSWER, csv_file
from services.referral.commands.register import Sought, export_register, read_register
from services.referral.domain.register import Entered, Line
from services.referral.domain.taxonomy import DataClass

router = APIRouter(prefix=PREFIX, tags=["without consent"])


class RegisterLine(View):
    """One act without consent, in codes; what happened is read in the ground or emergency itself."""

    id: str
    kind: Entered
    at: datetime
    by_user_id: str
    article: str | None
    classes: tuple[DataClass, ...]
    recipient_organization_id: str | None
    told: str | None = Field(examples=["emergency-services"], description="Who was told outside the system.")
    channel: str | None = Field(examples=["phone"])
    reading_reason: str | None = Field(examples=["person-in-danger"])
    review_by: datetime | None = Field(description="Null for a ground, which awaits no review.")
    reviewed_at: datetime | None
    ended_at: datetime | None


class RegisterPage(Page[RegisterLine]):
    """Acts without consent of one's own organisation, newest first."""


def _line(line: Line) -> RegisterLine:
    return RegisterLine(
        id=line.id,
        kind=line.kind,
        at=line.at,
        by_user_id=line.by,
        article=line.article,
        classes=tuple(name for name in DataClass if name in line.classes),
        recipient_organization_id=line.recipient,
        told=line.outsider,
        channel=line.channel,
        reading_reason=line.reading_reason,
        review_by=line.review_by,
        reviewed_at=line.reviewed_at,
        ended_at=line.ended_at,
    )


async def _sought(
    kind: Annotated[Entered | None, Query(description="Only this kind.")] = None,
    since: Annotated[AwareDatetime | None, Query(description="From this instant on.")] = None,
    until: Annotated[AwareDatetime | None, Query(description="Before this instant.")] = None,
    reviewed: Annotated[bool | None, Query(description="Reviewed or still awaited; without grounds.")] = None,
) -> Sought:
    return Sought(kind=kind, since=since, until=until, reviewed=reviewed)


Filters = Annotated[Sought, Depends(_sought)]


@router.get(
    "/register",
    operation_id="read_register",
    summary="Read the register of what was told without consent",
    description="For the privacy officer: grounds, emergencies, what was told outside and emergency readings of one's "
    "organisation, newest first, in codes. Written in the audit.",
    response_model=RegisterPage,
)
async def read(caller: Officer, desk: AtDesk, pages: Pages, sought: Filters) -> Response:
    """Answer with one page."""
    purpose = f"register|{caller.organization}|{sought}"
    rows = await read_register(desk, caller_of(caller), sought, pages.after(purpose), pages.limit + 1)
    shown, following = pages.cut(purpose, rows, lambda line: (line.at, line.id))
    return reply(RegisterPage(items=[_line(line) for line in shown], next=following))


@router.get(
    "/register/export",
    operation_id="export_register",
    summary="Export the register as a file",
    description="The same lines as CSV, the whole period or none of it: at most 5,000 lines a file. Written in the "
    "audit as an export.",
    response_class=Response,
    responses=CSV_ANSWER,
    openapi_extra=refuses("export.too-long"),
)
async def export(caller: Officer, desk: AtDesk, sought: Filters) -> Response:
    """Answer with the file."""
    lines = await export_register(desk, caller_of(caller), sought)
    return csv_file("register", RegisterLine, map(_line, lines))
