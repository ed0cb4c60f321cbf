"""Referrals, consents and readers as the domain knows them, each with one thing changed at a time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from services.referral.domain.consent import (
    Company,
    Consent,
    ConsentState,
    Evidence,
    Feedback,
    GivenBy,
    Interpreter,
    Method,
    Recipient,
)
from services.referral.domain.grounds import Ground
from services.referral.domain.moves import draft
from services.referral.domain.party import Reader
from services.referral.domain.referral import Referral, SenderView
from services.referral.domain.taxonomy import DataClass, Need, Purpose, Sector, Urgency
from services.referral.domain.transitions import BEFORE_ACCEPTANCE, State

AT = datetime(2026, 11, 24, 3, 10, tzinfo=UTC)
LATER = AT + timedelta(hours=1)
IDENTITY = frozenset({DataClass.IDENTITY})


def a_draft(**changes) -> Referral:
    facts = {
        "id": "r1",
        "person": "p1",
        "mnemonic": "Érable 27",
        "sender": "community",
        "sender_sector": Sector.COMMUNITY,
        "receiver": "shelter",
        "receiver_sector": Sector.COMMUNITY,
        "service": "s1",
        "service_needs": frozenset({Need.SHELTER}),
        "created_by": "worker",
        "created_at": AT,
        "urgency": Urgency.BED_TONIGHT,
        "purpose": Purpose.SUPPORT,
        "classes": IDENTITY,
        "party_size": 1,
    }
    return draft(**(facts | changes)).referral


def a_referral(state: State = State.REQUESTED, **changes) -> Referral:
    """A referral in a state, with the dates that state implies."""
    accepted = state not in BEFORE_ACCEPTANCE and state not in {State.DECLINED, State.EXPIRED, State.WITHDRAWN}
    facts = {
        "state": state,
        "view": SenderView(word=state.value, version=3, changed_at=AT),
        "requested_at": AT if state is not State.DRAFT else None,
        "accepted_at": AT if accepted else None,
        "consent": "c1",
    }
    return replace(a_draft(), **(facts | changes))


def a_consent(**changes) -> Consent:
    facts = {
        "id": "c1",
        "person": "p1",
        "owner": "community",
        "recipient": "shelter",
        "purpose": Purpose.SUPPORT,
        "classes": IDENTITY,
        "until": AT + timedelta(days=30),
        "state": ConsentState.GRANTED,
        "feedback": Feedback.RECEIVED,
        "decided_at": AT,
        "decided_by": "worker",
    }
    return Consent(**(facts | changes))


def a_ground(**changes) -> Ground:
    facts = {
        "id": "g1",
        "person": "p1",
        "owner": "community",
        "article": "p-39.1-18.1",
        "recipient": "shelter",
        "classes": IDENTITY,
        "decided_by": "worker",
        "recorded_by": "worker",
        "at": AT,
    }
    return Ground(**(facts | changes))


def evidence(**changes) -> Evidence:
    facts = {
        "given_by": GivenBy.PERSON,
        "method": Method.ORAL,
        "company": Company.ALONE,
        "language": "fra",
        "interpreter": Interpreter.NOT_NEEDED,
        "read_back": True,
        "explained_by": "worker",
    }
    return Evidence(**(facts | changes))


def a_recipient(sector: Sector = Sector.COMMUNITY, *needs: Need) -> Recipient:
    return Recipient(organization="shelter", sector=sector, needs=frozenset(needs or {Need.SHELTER}))


def a_reader(organization: str = "shelter", user: str = "nadia", *roles: str) -> Reader:
    return Reader(organization, user, frozenset(roles or {"intake"}))
