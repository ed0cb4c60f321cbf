"""The route of the questions to read aloud before a consent is recorded."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from kit.http import reply
from kit.problems import refuses
from services.referral.api.consents import Decision, Records
from services.referral.api.desk import PREFIX, AtDesk, caller_of
from services.referral.api.fields import Identity, View
from services.referral.commands.asking import read_questions
from services.referral.domain.consent import LONGEST, Feedback
from services.referral.domain.disclosure import Form
from services.referral.domain.identifiers import OrganizationId
from services.referral.domain.questions import Words
from services.referral.domain.taxonomy import DataClass, Purpose, Sector

router = APIRouter(prefix=PREFIX, tags=["consents"])


class WordsView(View):
    """The same sentence twice, to be read aloud."""

    fr: str = Field(examples=["Vous pouvez dire oui, non ou plus tard."])
    en: str = Field(examples=["You can say yes, no or later."])


class QuestionView(View):
    """One class of data, in the form in which this recipient would be given it."""

    data_class: DataClass
    form: Form = Field(examples=["whole"])
    ask: WordsView


class FeedbackView(View):
    """One thing the person may let you learn afterwards."""

    feedback: Feedback
    words: WordsView


class QuestionsView(View):
    """What to say and to ask, in this order; each question is answered by itself."""

    recipient_organization_id: str
    sector: Sector = Field(examples=["community"])
    purpose: Purpose
    say_first: tuple[WordsView, ...]
    questions: tuple[QuestionView, ...] = Field(description="What nothing opens to this recipient is not asked for.")
    ask_feedback: WordsView
    feedback: tuple[FeedbackView, ...]
    say_last: tuple[WordsView, ...]
    longest_days: int = Field(description="How long a consent may last at most.", examples=[366])
    answers: tuple[Decision, ...] = Field(examples=[["grant", "refuse", "defer"]])


def _words(words: Words) -> WordsView:
    return WordsView(fr=words.fr, en=words.en)


@router.get(
    "/consent-questions",
    operation_id="read_consent_questions",
    summary="Read the questions to ask a person",
    description="For one recipient and one purpose, in plain French and English: what would be shared, class by class "
    "and in the form that recipient would be given, until when, and what must always be said. Ask for each purpose "
    "apart, never as a condition of help, and record what the person answers; an answer put off is never chased. It "
    "is about nobody.",
    response_model=QuestionsView,
    openapi_extra=refuses("referral.not-found", "referral.recipient-unavailable", "consent.purpose-unsuited"),
)
async def read(
    caller: Records,
    desk: AtDesk,
    recipient_organization_id: Annotated[Identity, Query(description="Who would receive.")],
    purpose: Annotated[Purpose, Query(description="Why.", examples=["support"])],
) -> Response:
    """Answer with the sheet."""
    organization = OrganizationId(recipient_organization_id)
    recipient, sheet = await read_questions(desk, caller_of(caller), organization, purpose)
    return reply(
        QuestionsView(
            recipient_organization_id=recipient.organization,
            sector=recipient.sector,
            purpose=purpose,
            say_first=tuple(map(_words, sheet.say_first)),
            questions=tuple(
                QuestionView(data_class=each.data_class, form=each.form, ask=_words(each.ask))
                for each in sheet.questions
            ),
            ask_feedback=_words(sheet.ask_feedback),
            feedback=tuple(FeedbackView(feedback=each, words=_words(said)) for each, said in sheet.feedback.items()),
            say_last=tuple(map(_words, sheet.say_last)),
            longest_days=LONGEST.days,
            answers=("grant", "refuse", "defer"),
        )
    )
