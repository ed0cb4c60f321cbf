"""Routes that change a consent: what the change would do, shown first; and taking a part out."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Path
from pydantic import Field
from starlette.responses import Response

from kit.http import reply
from kit.problems import refuses
from services.referral.api.consents import ConsentView, Reads, Records, view
from services.referral.api.desk import PREFIX, AtDesk, caller_of
from services.referral.api.fields import Form, Identity, Instant, View
from services.referral.commands.consent_changes import (
    Intended,
    Preview,
    ReferralEffect,
    narrow_consent,
    preview_consent,
    read_consent,
)
from services.referral.domain.consent import Feedback
from services.referral.domain.disclosure import Form as Shown
from services.referral.domain.identifiers import ConsentId, OrganizationId, PersonId
from services.referral.domain.narrowing import Narrower
from services.referral.domain.preview import ClassChange, ConsentChange, Effect
from services.referral.domain.taxonomy import DataClass, Need, Purpose

router = APIRouter(prefix=PREFIX, tags=["consents"])

ConsentPath = Annotated[Identity, Path(description="A consent of a person of one's own organisation.")]
PersonPath = Annotated[Identity, Path(description="A person of one's own organisation.")]

_RECIPIENT = "2f1a4f0e-3c1b-4b7e-9d55-0a6f2b8c9d10"
_PREVIEWS = {
    "withdraw": {
        "summary": "What withdrawing would do",
        "value": {"recipient_organization_id": _RECIPIENT, "purpose": "support", "change": "withdraw"},
    }
}
_NARROWS = {"health": {"summary": "Health is no longer shared", "value": {"classes": ["identity", "safe-contact"]}}}


class NarrowFields(Form):
    """What is left; a part not given stays as it is, and nothing may be added."""

    classes: frozenset[DataClass] | None = Field(default=None, min_length=1, max_length=11)
    until: Instant | None = Field(default=None, description="An earlier end.")
    feedback: Feedback | None = Field(default=None, description="Less of what you may learn, from now on.")

    def to_narrower(self) -> Narrower:
        """Return what is left as the domain knows it."""
        return Narrower(classes=self.classes, until=self.until, feedback=self.feedback)


class PreviewFields(NarrowFields):
    """A change one thinks of; to grant, the classes and the end; to narrow, what is left; to withdraw, neither."""

    recipient_organization_id: Identity
    purpose: Purpose
    change: ConsentChange


class ClassChangeView(View):
    """How much of a class the recipient sees once it has accepted: now, and after the change."""

    data_class: DataClass
    now: Shown = Field(examples=["whole"])
    then: Shown = Field(examples=["nothing"])


class HiddenView(View):
    """What of the need would go dark too, because it reveals a class taken out."""

    needs: tuple[Need, ...]
    fields: tuple[str, ...] = Field(examples=[["party_size"]])


class ReferralEffectView(View):
    """What the change would do to one referral, as far as you may know."""

    referral_id: str
    effect: Effect = Field(
        description="`ends-or-stops-sharing`: the person does not let you know which; without an acceptance it ends, "
        "with one the service goes on."
    )
    changes: tuple[ClassChangeView, ...] = Field(description="Counted as if the receiver had accepted, always.")
    hides: HiddenView


class StillOpenView(View):
    """Another consent to the same recipient, which stays as it is."""

    purpose: Purpose
    classes: tuple[DataClass, ...]


class ConsentPreviewView(View):
    """Everything the change would do."""

    change: ConsentChange
    changes: tuple[ClassChangeView, ...] = Field(description="What the recipient would newly see, or lose.")
    referrals: tuple[ReferralEffectView, ...] = Field(description="Your referrals that would not stay as they are.")
    still_open: tuple[StillOpenView, ...] = Field(description="What the same recipient sees by other consents.")


def _changes(found: tuple[ClassChange, ...]) -> tuple[ClassChangeView, ...]:
    return tuple(ClassChangeView(data_class=each.data_class, now=each.now, then=each.then) for each in found)


def _effect(found: ReferralEffect) -> ReferralEffectView:
    hidden: dict[str, Any] = dict(found.hides)
    needs = hidden.pop("needs", ())
    return ReferralEffectView(
        referral_id=found.referral,
        effect=found.effect,
        changes=_changes(found.changes),
        hides=HiddenView(needs=needs, fields=tuple(hidden)),
    )


def _preview(change: ConsentChange, found: Preview) -> ConsentPreviewView:
    return ConsentPreviewView(
        change=change,
        changes=_changes(found.changes),
        referrals=tuple(map(_effect, found.referrals)),
        still_open=tuple(
            StillOpenView(purpose=each.purpose, classes=tuple(name for name in DataClass if name in each.classes))
            for each in found.still_open
        ),
    )


@router.post(
    "/persons/{person_id}/consent-preview",
    operation_id="preview_consent",
    summary="See what changing a consent would do",
    description="Before granting, narrowing or withdrawing: which of your referrals would end, which would only stop "
    "sharing, what the recipient would newly see or lose, and what stays open to it otherwise. It tells nothing that "
    "the person keeps from you. Nothing is stored.",
    response_model=ConsentPreviewView,
    openapi_extra=refuses(
        "referral.not-found",
        "referral.recipient-unavailable",
        "person.erased",
        "consent.already-granted",
        "consent.not-granted",
        "consent.not-narrower",
        "consent.until-invalid",
        "consent.no-classes",
        "consent.never-opens",
        "consent.purpose-unsuited",
    ),
)
async def preview(
    caller: Records,
    desk: AtDesk,
    person_id: PersonPath,
    fields: Annotated[PreviewFields, Body(openapi_examples=_PREVIEWS)],
) -> Response:
    """Answer with what would happen."""
    intended = Intended(
        recipient=OrganizationId(fields.recipient_organization_id),
        purpose=fields.purpose,
        change=fields.change,
        to=fields.to_narrower(),
    )
    found = await preview_consent(desk, caller_of(caller), PersonId(person_id), intended)
    return reply(_preview(fields.change, found))


@router.get(
    "/consents/{consent_id}",
    operation_id="read_consent",
    summary="Read one consent",
    description="Of a person of one's own organisation; a reminder that it ends soon leads here.",
    response_model=ConsentView,
    openapi_extra=refuses("referral.not-found"),
)
async def read(caller: Reads, desk: AtDesk, consent_id: ConsentPath) -> Response:
    """Answer with the consent."""
    kept = await read_consent(desk, caller_of(caller), ConsentId(consent_id))
    return reply(view(kept), version=kept.version)


@router.post(
    "/consents/{consent_id}/narrow",
    operation_id="narrow_consent",
    summary="Take a part out of a consent",
    description="At once, and without an instant in which more or less is shown than before or after. The consent "
    "keeps its id, so whoever withdraws it ends all of it; the wider answer is listed as withdrawn. Referrals under it "
    "go on, and show what is left.",
    response_model=ConsentView,
    openapi_extra=refuses(
        "referral.not-found",
        "person.erased",
        "consent.not-granted",
        "consent.over",
        "consent.not-narrower",
        "consent.until-invalid",
        "consent.no-classes",
        "kit.version-conflict",
    ),
)
async def narrow(
    caller: Records,
    desk: AtDesk,
    consent_id: ConsentPath,
    fields: Annotated[NarrowFields, Body(openapi_examples=_NARROWS)],
) -> Response:
    """Answer with what is left."""
    kept = await narrow_consent(desk, caller_of(caller), ConsentId(consent_id), fields.to_narrower())
    return reply(view(kept), version=kept.version)
