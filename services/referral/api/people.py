"""Routes of persons: an organisation's own, and nobody else's."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Security
from pydantic import Field
from starlette.responses import Response

from kit.auth import Principal, principal
from kit.http import Expected, Page, once, reply
from kit.problems import refuses
from services.referral.api.desk import PREFIX, AtDesk, Pages, caller_of
from services.referral.api.fields import Identity, View
from services.referral.api.records import RecordFields, to_json
from services.referral.commands.people import change_person, list_persons, read_person, register_person
from services.referral.domain.identifiers import PersonId
from services.referral.domain.person import Person
from services.referral.domain.record import Record
from services.referral.store import Kept

router = APIRouter(prefix=PREFIX, tags=["persons"])

Reads = Annotated[Principal, Security(principal, scopes=["person:read"])]
Writes = Annotated[Principal, Security(principal, scopes=["person:write"])]
PersonPath = Annotated[Identity, Path(description="A person of one's own organisation.")]

_EXAMPLES = {
    "a-first-night": {
        "summary": "What is known at three in the morning",
        "value": {
            "safe_contact": {"channel": "person-calls-us", "hours": "10 h à midi"},
            "identity": {"preferred_name": "Lina", "age_band": "adult", "prs_PrimaryLanguage": "spa"},
        },
    }
}


class PersonLine(View):
    """A person in a list: the mnemonic colleagues use, and nothing of the record."""

    id: str
    mnemonic: str = Field(examples=["Érable 27"])
    created_at: datetime


class PersonView(PersonLine):
    """A person with the record, class by class; what nobody wrote is absent."""

    record: dict[str, Any] = Field(description="As given in `RecordFields`; each class is sealed apart.")


class PersonPage(Page[PersonLine]):
    """Persons of one's own organisation, newest first."""


def _view(kept: Kept[Person], record: Record) -> PersonView:
    person = kept.state
    return PersonView(id=person.id, mnemonic=person.mnemonic, created_at=person.created_at, record=to_json(record))


@router.post(
    "/persons",
    operation_id="register_person",
    summary="Open a person's record",
    description="Nothing is required, not even a name. The person gets a mnemonic that only your organisation knows, "
    "and a key of their own: each class of data is sealed under it.",
    status_code=201,
    response_model=PersonView,
    openapi_extra=refuses(
        "referral.not-found",
        "person.age-contradicted",
        "person.safe-contact-without-address",
        "person.safe-contact-with-address",
    ),
)
async def register(
    caller: Writes, desk: AtDesk, once: once, record: Annotated[RecordFields, Body(openapi_examples=_EXAMPLES)]
) -> Response:
    """Answer with the person as stored."""
    given = {name: fields for name, fields in record.given().items() if fields is not None}
    kept, stored = await register_person(desk, caller_of(caller), given, once)
    place = f"{PREFIX}/persons/{kept.state.id}"
    return reply(_view(kept, stored), 201, version=kept.version, location=place)


@router.get(
    "/persons",
    operation_id="list_persons",
    summary="List one's organisation's persons",
    description="By mnemonic, newest first. Nothing of a record is unsealed for a list.",
    response_model=PersonPage,
    openapi_extra=refuses("referral.not-found"),
)
async def list_all(caller: Reads, desk: AtDesk, pages: Pages) -> Response:
    """Answer with one page."""
    purpose = f"persons|{caller.organization}"
    rows = await list_persons(desk, caller_of(caller), pages.after(purpose), pages.limit + 1)
    shown, following = pages.cut(purpose, rows, lambda kept: (kept.state.created_at, kept.state.id))
    items = [
        PersonLine(id=kept.state.id, mnemonic=kept.state.mnemonic, created_at=kept.state.created_at) for kept in shown
    ]
    return reply(PersonPage(items=items, next=following))


@router.get(
    "/persons/{person_id}",
    operation_id="read_person",
    summary="Read a person's record",
    description="Of one's own organisation only; there is no way to find another organisation's. Written in the audit.",
    response_model=PersonView,
    openapi_extra=refuses("referral.not-found", "person.erased"),
)
async def read(caller: Reads, desk: AtDesk, person_id: PersonPath) -> Response:
    """Answer with the whole record."""
    kept, record = await read_person(desk, caller_of(caller), PersonId(person_id))
    return reply(_view(kept, record), version=kept.version)


@router.patch(
    "/persons/{person_id}",
    operation_id="change_person",
    summary="Complete or correct a person's record",
    description="A class that is given replaces the one stored; a class given as null is taken out; the others stay.",
    response_model=PersonView,
    openapi_extra=refuses(
        "referral.not-found",
        "person.erased",
        "person.age-contradicted",
        "person.safe-contact-without-address",
        "person.safe-contact-with-address",
    ),
)
async def change(
    caller: Writes, desk: AtDesk, person_id: PersonPath, expected: Expected, record: RecordFields
) -> Response:
    """Answer with the record as it is now."""
    kept, whole = await change_person(desk, caller_of(caller), PersonId(person_id), record.given(), expected)
    return reply(_view(kept, whole), version=kept.version)
