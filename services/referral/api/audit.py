"""Routes of the audit: who saw what of a referral, and an organisation's own log."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal

from bson import ObjectId
from fastapi import APIRouter, Depends, Path, Query, Security
from pydantic import AwareDatetime, Field
from starlette.responses import Response

from kit.auth import Principal, principal
from kit.http import Page, reply
from kit.mongo import Document
from kit.problems import refuses
from services.referral.api.desk import PREFIX, AtDesk, Pages, caller_of
from services.referral.api.fields import Identity, View
from services.referral.api.spreadsheet import CSV_ANSWER, csv_file
from services.referral.commands.auditing import Rows, export_log, own_log, readings_of
from services.referral.domain.identifiers import ReferralId, UserId

router = APIRouter(prefix=PREFIX, tags=["audit"])

Reads = Annotated[Principal, Security(principal, scopes=["referral:read"])]
Outcome = Literal["done", "refused"]
Officer = Annotated[Principal, Security(principal, scopes=["audit:read"])]


class ReadingView(View):
    """One act on a referral: which organisation, in which role, when, and which classes it was shown."""

    at: datetime
    organization_id: str
    role: str | None
    action: str = Field(examples=["referral.read"])
    outcome: str = Field(examples=["done"])
    classes: tuple[str, ...]
    purpose: str | None


class ReadingPage(Page[ReadingView]):
    """Acts on a referral, oldest first."""


class EntryView(ReadingView):
    """One act of one's own organisation; records are named by pseudonyms."""

    user_id: str
    owner_organization_id: str | None
    records: tuple[str, ...]
    detail: str | None = Field(description="Why it was refused, by code.")
    number: int | None = Field(description="Its place in the sealed chain; null for the two seconds before sealing.")


class EntryPage(Page[EntryView]):
    """Acts of one's own organisation, oldest first."""


async def _wanted(
    action: Annotated[
        str | None,
        Query(max_length=60, pattern=r"^[a-z][a-z.-]*$", examples=["referral.read"], description="This action alone."),
    ] = None,
    outcome: Annotated[Outcome | None, Query(description="What was done, or what was refused.")] = None,
    user_id: Annotated[
        str | None, Query(max_length=60, pattern=r"^[a-z0-9:-]+$", description="What one person, app or timer did.")
    ] = None,
    record_id: Annotated[
        Identity | None, Query(description="What was done, or tried, on one record: a person, referral or consent.")
    ] = None,
    since: Annotated[AwareDatetime | None, Query(description="From this instant on.")] = None,
    until: Annotated[AwareDatetime | None, Query(description="Before this instant.")] = None,
) -> Rows:
    user = UserId(user_id) if user_id else None
    return Rows(action=action, outcome=outcome, user=user, record=record_id, since=since, until=until)


Filters = Annotated[Rows, Depends(_wanted)]


def _reading(row: Document) -> dict[str, Any]:
    return {
        "at": row["at"],
        "organization_id": row["organization"],
        "role": row["role"],
        "action": row["action"],
        "outcome": row["outcome"],
        "classes": tuple(row["classes"]),
        "purpose": row["purpose"],
    }


def _entry(row: Document) -> EntryView:
    # Of what was refused, neither whose it is nor which records: both would tell that something is there.
    refused = row["outcome"] == "refused"
    return EntryView(
        **_reading(row),
        user_id=row["by"],
        owner_organization_id=None if refused else row["owner"],
        records=() if refused else tuple(row["records"]),
        detail=row["detail"],
        number=row.get("number"),
    )


def _position(row: Document) -> tuple[Any, str]:
    return row["at"], str(row["_id"])


def _after(found: tuple[datetime, str] | None) -> tuple[datetime, ObjectId] | None:
    return (found[0], ObjectId(found[1])) if found else None


@router.get(
    "/referrals/{referral_id}/readings",
    operation_id="list_readings",
    summary="See who saw what of a referral, and when",
    description="For the organisation that sent it: who was shown which classes, and who tried and was refused. No "
    "worker of another organisation is named, and nothing shows that the person keeps from you. A page may hold fewer "
    "rows than asked for; go on while there is a `next`.",
    response_model=ReadingPage,
    openapi_extra=refuses("referral.not-found"),
)
async def readings(
    caller: Reads,
    desk: AtDesk,
    pages: Pages,
    referral_id: Annotated[Identity, Path(description="A referral one's organisation sent.")],
) -> Response:
    """Answer with one page."""
    purpose = f"readings|{referral_id}|{caller.organization}"
    wanted = Rows(after=_after(pages.after(purpose)), limit=pages.limit + 1)
    rows = await readings_of(desk, caller_of(caller), ReferralId(referral_id), wanted)
    shown, following = pages.cut(purpose, rows, _position)
    return reply(ReadingPage(items=[ReadingView(**_reading(row)) for row in shown if row["told"]], next=following))


@router.get(
    "/audit",
    operation_id="read_audit",
    summary="Read one's organisation's log",
    description="For the privacy officer: what its people and apps did, oldest first, refusals included. "
    "The filters narrow it together.",
    response_model=EntryPage,
)
async def log(caller: Officer, desk: AtDesk, pages: Pages, wanted: Filters) -> Response:
    """Answer with one page."""
    purpose = f"audit|{caller.organization}|{wanted}"
    wanted = replace(wanted, after=_after(pages.after(purpose)), limit=pages.limit + 1)
    rows = await own_log(desk, caller_of(caller), wanted)
    shown, following = pages.cut(purpose, rows, _position)
    return reply(EntryPage(items=[_entry(row) for row in shown], next=following))


@router.get(
    "/audit/export",
    operation_id="export_audit",
    summary="Export one's organisation's log as a file",
    description="The same rows as CSV, all that the filters let through or none of them: at most 5,000 a file. Written "
    "in the audit as an export.",
    response_class=Response,
    responses=CSV_ANSWER,
    openapi_extra=refuses("export.too-long"),
)
async def export(caller: Officer, desk: AtDesk, wanted: Filters) -> Response:
    """Answer with the file."""
    rows = await export_log(desk, caller_of(caller), wanted)
    return csv_file("audit", EntryView, map(_entry, rows))
