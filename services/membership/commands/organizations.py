"""An organisation applies, is reviewed, decided on, accredited, suspended, renewed, and leaves."""

from collections.abc import Callable
from datetime import datetime

from pymongo.errors import DuplicateKeyError

from kit.auth import Principal
from kit.http import Once
from kit.mongo import Session
from services.membership.commands.consequences import follow
from services.membership.commands.office import Office, coordinates, hold_person, new_id, remember
from services.membership.domain import organization as rules
from services.membership.domain.accreditation import Evidence
from services.membership.domain.folding import slug
from services.membership.domain.organization import (
    Applicant,
    Decider,
    Organization,
    OrganizationId,
    Outcome,
    Profile,
    SuspensionReason,
    UnknownOrganization,
)
from services.membership.domain.standing import Command
from services.membership.store import Kept

_LONGEST_ALIAS = 40

Decide = Callable[[Organization, Decider, datetime], Outcome]


async def apply(
    office: Office, profile: Profile, applicant: Applicant, once: Once | None = None, identity: str | None = None
) -> OrganizationId:
    """Record an application; the same one sent again while it is open is the one that is there."""
    at, key = office.clock(), OrganizationId(identity or new_id())
    organization, facts = rules.apply(key, profile, applicant, at)

    async def work(session: Session) -> OrganizationId:
        await remember(once, session, key)
        await office.store.save_organization(session, organization, facts, at)
        await office.record_unsigned(session, "applicant", "organization.apply", f"organization:{key}", key)
        return key

    try:
        return await office.mongo.transaction(work)
    except DuplicateKeyError:
        # Whoever asks learns nothing of what is already there.
        return key


async def start_review(office: Office, by: Principal, identity: str, once: Once | None = None) -> Kept[Organization]:
    """Take an application up; nobody their own."""

    def decide(organization: Organization, who: Decider, at: datetime) -> Outcome:
        del at
        return rules.start_review(organization, who)

    return await _act(office, by, identity, "organization.start-review", decide, once)


async def vote(
    office: Office, by: Principal, identity: str, choice: Command, once: Once | None = None
) -> Kept[Organization]:
    """Cast a board member's vote; the second that agrees decides, and an admission invites the first coordinator."""
    hold_person(by)
    at = office.clock()

    async def work(session: Session) -> Kept[Organization]:
        await remember(once, session, identity)
        kept = await office.store.organization(session, identity)
        alias = await office.store.free_alias(session, _wished_alias(kept.state.profile))
        decided, facts = rules.vote(kept.state, await office.decider(session, by), choice, alias, at)
        saved = await office.store.save_organization(session, decided, facts, at, kept)
        await follow(office, session, saved, facts, at)
        await office.record(session, by, f"organization.{choice}", f"organization:{identity}", identity)
        return saved

    return await office.mongo.transaction(work)


async def suspend(
    office: Office, by: Principal, identity: str, reason: SuspensionReason, once: Once | None = None
) -> Kept[Organization]:
    """Shut an organisation out: its access ends in this transaction, its services leave the directory."""

    def decide(organization: Organization, who: Decider, at: datetime) -> Outcome:
        return rules.suspend(organization, who, reason, at)

    return await _act(office, by, identity, "organization.suspend", decide, once, reason.value)


async def reinstate(office: Office, by: Principal, identity: str, once: Once | None = None) -> Kept[Organization]:
    """Let a suspended organisation back in, with its services."""

    def decide(organization: Organization, who: Decider, at: datetime) -> Outcome:
        del at
        return rules.reinstate(organization, who)

    return await _act(office, by, identity, "organization.reinstate", decide, once)


async def renew(office: Office, by: Principal, identity: str, once: Once | None = None) -> Kept[Organization]:
    """Begin another term."""

    def decide(organization: Organization, who: Decider, at: datetime) -> Outcome:
        return rules.renew(organization, who, at)

    return await _act(office, by, identity, "organization.renew", decide, once)


async def withdraw(office: Office, by: Principal, identity: str, once: Once | None = None) -> Kept[Organization]:
    """Let an organisation leave, by its own coordinator's word or the coalition's; raises `UnknownOrganization`."""
    if by.organization != identity and not coordinates(by):
        raise UnknownOrganization

    def decide(organization: Organization, who: Decider, at: datetime) -> Outcome:
        del who, at
        return rules.withdraw(organization)

    return await _act(office, by, identity, "organization.withdraw", decide, once)


async def accredit(
    office: Office, by: Principal, identity: str, evidence: Evidence, until: datetime, once: Once | None = None
) -> Kept[Organization]:
    """Give an organisation the right to handle referrals until a date, on evidence."""

    def decide(organization: Organization, who: Decider, at: datetime) -> Outcome:
        return rules.accredit(organization, who, evidence, until, at)

    return await _act(office, by, identity, "organization.accredit", decide, once)


async def end_accreditation(
    office: Office, by: Principal, identity: str, once: Once | None = None
) -> Kept[Organization]:
    """End that right before its date."""

    def decide(organization: Organization, who: Decider, at: datetime) -> Outcome:
        del who
        return rules.end_accreditation(organization, at)

    return await _act(office, by, identity, "organization.end-accreditation", decide, once)


async def call_renewal(office: Office, identity: str) -> None:
    """Ask for the renewal; called by a timer, at any time and more than once."""
    await _pass_time(office, identity, "organization.call-renewal", rules.call_renewal)


async def lapse(office: Office, identity: str) -> None:
    """Let a membership lapse; called by a timer, at any time and more than once."""
    await _pass_time(office, identity, "organization.lapse", rules.lapse)


async def call_accreditation(office: Office, identity: str) -> None:
    """Tell that an accreditation ends soon; called by a timer, at any time and more than once."""
    await _pass_time(office, identity, "organization.call-accreditation", rules.call_accreditation)


async def record_accreditation_end(office: Office, identity: str) -> None:
    """Record that an accreditation ran out; called by a timer, at any time and more than once."""
    await _pass_time(office, identity, "organization.accreditation-ended", rules.record_accreditation_end)


def _wished_alias(profile: Profile) -> str:
    """Return how an organisation would be called, where nobody else is."""
    return slug(profile.short_name or profile.name.fr)[:_LONGEST_ALIAS].strip("-") or "organisation"


async def _act(
    office: Office,
    by: Principal,
    identity: str,
    action: str,
    decide: Decide,
    once: Once | None,
    detail: str | None = None,
) -> Kept[Organization]:
    """Load an organisation, let the rules decide, write what happened and what follows."""
    at = office.clock()

    async def work(session: Session) -> Kept[Organization]:
        await remember(once, session, identity)
        kept = await office.store.organization(session, identity)
        state, facts = decide(kept.state, await office.decider(session, by), at)
        saved = await office.store.save_organization(session, state, facts, at, kept)
        await follow(office, session, saved, facts, at)
        await office.record(session, by, action, f"organization:{identity}", identity, detail)
        return saved

    return await office.mongo.transaction(work)


async def _pass_time(
    office: Office, identity: str, action: str, decide: Callable[[Organization, datetime], Outcome]
) -> None:
    """Let time have its effect, if it is due."""
    at = office.clock()

    async def work(session: Session) -> None:
        kept = await office.store.organization(session, identity)
        state, facts = decide(kept.state, at)
        if facts:
            saved = await office.store.save_organization(session, state, facts, at, kept)
            await follow(office, session, saved, facts, at)
            await office.record_unsigned(session, "timer", action, f"organization:{identity}", identity)

    await office.mongo.transaction(work)
