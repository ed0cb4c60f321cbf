"""The route that finds a person by name: in one's own organisation, and never in an address."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Body
from pydantic import Field
from starlette.responses import Response

from kit.http import reply
from kit.problems import refuses
from services.referral.api.desk import PREFIX, AtDesk, caller_of
from services.referral.api.fields import Form, Line, View
from services.referral.api.people import PersonLine, Reads
from services.referral.commands.finding import find_persons
from services.referral.domain.names import MOST_FOUND, sought

router = APIRouter(prefix=PREFIX, tags=["persons"])

_EXAMPLES = {"by-name": {"summary": "A name as it was heard", "value": {"name": "Lina Quispe"}}}


class NameFields(Form):
    """A name, or part of one; accents, case, hyphens and order do not count."""

    name: Line
    birth_date: date | None = Field(default=None, description="Only persons of whom this birth date is recorded.")


class FoundView(View):
    """The persons who bear it, by mnemonic."""

    items: tuple[PersonLine, ...] = Field(max_length=MOST_FOUND)
    more: bool = Field(description="There are others: give another word of the name, or the birth date.")


@router.post(
    "/persons/find",
    operation_id="find_persons",
    summary="Find one's organisation's persons by name",
    description="By whole words of a name; twenty at most. Sixty searches an hour for each worker, each in the audit. "
    "No other organisation's person is ever found.",
    response_model=FoundView,
    openapi_extra=refuses("referral.not-found", "person.name-too-short", "person.too-many-searches"),
)
async def find(
    caller: Reads, desk: AtDesk, fields: Annotated[NameFields, Body(openapi_examples=_EXAMPLES)]
) -> Response:
    """Answer with mnemonics alone."""
    found = await find_persons(desk, caller_of(caller), sought(fields.name, fields.birth_date))
    lines = [
        PersonLine(id=kept.state.id, mnemonic=kept.state.mnemonic, created_at=kept.state.created_at) for kept in found
    ]
    return reply(FoundView(items=tuple(lines[:MOST_FOUND]), more=len(lines) > MOST_FOUND))
