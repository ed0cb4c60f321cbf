"""Routes of consents: what a person answered, one purpose and one recipient at a time."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Body, Path, Security
from pydantic import Field
from starlette.responses import Response

from kit.auth import Principal, principal
from kit.http import once, reply
from kit.problems import refuses
from services.referral.api.desk import PREFIX, AtDesk, caller_of
from services.referral.api.fields import Form, Identity, Instant, LanguageCode, Note, View
from services.referral.commands.consents import AnswerGiven, list_consents, record_consent, withdraw_consent
from services.referral.domain.consent import (
    Company,
    Consent,
    ConsentCommand,
    ConsentState,
    Evidence,
    Feedback,
    GivenBy,
    Interpreter,
    Method,
)
from services.referral.domain.identifiers import ConsentId, OrganizationId, PersonId, UserId
from services.referral.domain.taxonomy import DataClass, Purpose
from services.referral.store import Kept

router = APIRouter(prefix=PREFIX, tags=["consents"])

Reads = Annotated[Principal, Security(principal, scopes=["person:read"])]
Records = Annotated[Principal, Security(principal, scopes=["consent:write"])]
Decision = Literal["grant", "refuse", "defer"]

_EXAMPLES = {
    "oral": {
        "summary": "Given orally, alone, read back",
        "value": {
            "recipient_organization_id": "2f1a4f0e-3c1b-4b7e-9d55-0a6f2b8c9d10",
            "purpose": "support",
            "classes": ["identity", "safe-contact", "practical-needs"],
            "decision": "grant",
            "until": "2027-02-24T00:00:00Z",
            "feedback": "received",
            "evidence": {
                "given_by": "person",
                "method": "oral",
                "company": "alone",
                "language": "spa",
                "interpreter": "independent",
                "read_back": True,
            },
        },
    }
}
_GRANTS = (
    "referral.not-found",
    "referral.recipient-unavailable",
    "person.erased",
    "consent.already-granted",
    "consent.until-invalid",
    "consent.no-classes",
    "consent.never-opens",
    "consent.purpose-unsuited",
    "consent.without-evidence",
    "consent.not-free",
    "consent.not-theirs",
    "consent.police-unexplained",
    "consent.adult-to-youth-protection",
    "kit.version-conflict",
)


class EvidenceFields(Form):
    """How the consent was given; names and papers are optional."""

    given_by: GivenBy
    method: Method
    company: Company
    language: LanguageCode
    interpreter: Interpreter
    read_back: bool
    police_warning: bool = Field(
        default=False, description="The person was told that the accused may obtain what the police receive."
    )
    note: Note | None = None


class ConsentFields(Form):
    """One answer. Ask for each purpose and each recipient apart, never as a condition of help."""

    recipient_organization_id: Identity
    purpose: Purpose
    classes: frozenset[DataClass] = Field(max_length=12)
    decision: Decision
    until: Instant | None = Field(default=None, description="When a grant ends, a year from now at most.")
    feedback: Feedback = Field(default=Feedback.RECEIVED, description="What you may learn after acceptance.")
    evidence: EvidenceFields | None = None


class ConsentView(View):
    """A consent as the asking organisation reads it; a refusal is shown to nobody else."""

    id: str
    person_id: str
    recipient_organization_id: str
    purpose: Purpose
    classes: tuple[DataClass, ...]
    state: ConsentState
    until: datetime | None
    feedback: Feedback
    decided_at: datetime
    ended_at: datetime | None


class ConsentList(View):
    """A person's answers, oldest first."""

    items: tuple[ConsentView, ...]


def view(kept: Kept[Consent]) -> ConsentView:
    """Return a consent as its owner reads it."""
    consent = kept.state
    return ConsentView(
        id=consent.id,
        person_id=consent.person,
        recipient_organization_id=consent.recipient,
        purpose=consent.purpose,
        classes=tuple(name for name in DataClass if name in consent.classes),
        state=consent.state,
        until=consent.until,
        feedback=consent.feedback,
        decided_at=consent.decided_at,
        ended_at=consent.ended_at,
    )


def _answer(fields: ConsentFields, by: str) -> AnswerGiven:
    how = fields.evidence
    return AnswerGiven(
        recipient=OrganizationId(fields.recipient_organization_id),
        purpose=fields.purpose,
        classes=fields.classes,
        decision=ConsentCommand(fields.decision),
        until=fields.until,
        feedback=fields.feedback,
        evidence=Evidence(explained_by=UserId(by), **how.model_dump()) if how else None,
    )


@router.post(
    "/persons/{person_id}/consents",
    operation_id="record_consent",
    summary="Record what a person answered",
    description="For one purpose and one recipient: granted, refused or deferred. Nothing is shared by this alone.",
    status_code=201,
    response_model=ConsentView,
    openapi_extra=refuses(*_GRANTS),
)
async def record(
    caller: Records,
    desk: AtDesk,
    once: once,
    person_id: Annotated[Identity, Path(description="A person of one's own organisation.")],
    fields: Annotated[ConsentFields, Body(openapi_examples=_EXAMPLES)],
) -> Response:
    """Answer with the consent as recorded."""
    kept = await record_consent(desk, caller_of(caller), PersonId(person_id), _answer(fields, caller.user), once)
    return reply(view(kept), 201, version=kept.version, location=f"{PREFIX}/consents/{kept.state.id}")


@router.get(
    "/persons/{person_id}/consents",
    operation_id="list_consents",
    summary="Read what a person answered",
    description="Every answer, refusals included, for the organisation that asked alone.",
    response_model=ConsentList,
    openapi_extra=refuses("referral.not-found"),
)
async def list_all(
    caller: Reads, desk: AtDesk, person_id: Annotated[Identity, Path(description="A person of one's own organisation.")]
) -> Response:
    """Answer with the person's consents."""
    found = await list_consents(desk, caller_of(caller), PersonId(person_id))
    return reply(ConsentList(items=tuple(view(kept) for kept in found)))


@router.post(
    "/consents/{consent_id}/withdraw",
    operation_id="withdraw_consent",
    summary="Record that a person withdraws a consent",
    description="At once: before acceptance the referrals under it end; after it only the sharing ends, the service "
    "goes on. Recording it again changes nothing.",
    response_model=ConsentView,
    openapi_extra=refuses("referral.not-found", "consent.not-granted"),
)
async def withdraw(
    caller: Records, desk: AtDesk, consent_id: Annotated[Identity, Path(description="A consent.")]
) -> Response:
    """Answer with the consent as it ended."""
    kept = await withdraw_consent(desk, caller_of(caller), ConsentId(consent_id))
    return reply(view(kept), version=kept.version)
