"""What follows when something happened to an organisation: timers, access, directory, invitations and letters."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta

from kit.mongo import Session
from services.membership.commands.office import Office, new_id
from services.membership.domain.organization import Organization, UserId, lapse_due, renewal_call
from services.membership.domain.representative import Representative, RepresentativeId, first_invitation, invitation
from services.membership.domain.role import Role
from services.membership.domain.standing import Fact
from services.membership.store import Kept

LETTER_LASTS = timedelta(hours=24)
INVITATION_LETTER = "invitation-letter"
DECLINE_LETTER = "decline-letter"
FIRST_SIGN_IN = "first-sign-in"
INVITATION_TIMER = "invitation"
RENEWAL_TIMER = "renewal"
LAPSE_TIMER = "lapse"
ACCREDITATION_TIMER = "accreditation"
ACCREDITATION_CALL_TIMER = "accreditation-call"

Consequence = Callable[[Office, Session, Kept[Organization], datetime], Awaitable[None]]


async def follow(
    office: Office, session: Session, kept: Kept[Organization], facts: Sequence[Fact], at: datetime
) -> None:
    """Bring about what follows from each fact, in the command's own transaction."""
    for fact in facts:
        for consequence in CONSEQUENCES.get(fact, ()):
            await consequence(office, session, kept, at)


async def offer(office: Office, session: Session, kept: Kept[Representative], at: datetime) -> None:
    """Have an invitation mailed, and ended when nobody takes it up."""
    person = kept.state
    await office.timers.set(session, INVITATION_TIMER, person.id, person.invitation.until)
    key = f"{INVITATION_LETTER}:{person.id}:{kept.version}"
    payload = {"representative_id": person.id, "invited_at": person.invitation.at}
    # A lane a person: a mailbox that refuses holds up nobody else's invitation.
    lane = f"letters:{person.id}"
    await office.jobs.add(session, INVITATION_LETTER, lane, key, payload, at, expires=at + LETTER_LASTS)


async def welcome(office: Office, session: Session, kept: Kept[Representative], at: datetime) -> None:
    """Have Keycloak mail someone how to sign in, in a lane of their own: no mail holds up what closes an access."""
    identity = kept.state.id
    key, payload = f"{FIRST_SIGN_IN}:{identity}:{kept.version}", {"representative_id": identity}
    lane = f"{FIRST_SIGN_IN}:{identity}"
    await office.jobs.add(session, FIRST_SIGN_IN, lane, key, payload, at, expires=at + LETTER_LASTS)


async def invite_first(
    office: Office, session: Session, organization: Organization, address: str, roles: frozenset[Role], at: datetime
) -> None:
    """Invite someone to an organisation that nobody manages yet."""
    identity = RepresentativeId(new_id())
    by = organization.votes[-1].by if organization.votes else UserId("init")
    offered = invitation(office.codes.code(identity, at), by, at)
    person, facts = first_invitation(identity, organization, address, roles, offered)
    await offer(office, session, await office.store.save_representative(session, person, facts, at), at)


async def _invite_applicant(office: Office, session: Session, kept: Kept[Organization], at: datetime) -> None:
    if kept.state.applicant is not None:
        address = kept.state.applicant.address
        await invite_first(office, session, kept.state, address, frozenset({Role.COORDINATOR}), at)


async def _write_decline(office: Office, session: Session, kept: Kept[Organization], at: datetime) -> None:
    identity = kept.state.id
    key, payload = f"{DECLINE_LETTER}:{identity}", {"organization_id": identity}
    await office.jobs.add(session, DECLINE_LETTER, f"letters:{identity}", key, payload, at, expires=at + LETTER_LASTS)


async def _await_renewal(office: Office, session: Session, kept: Kept[Organization], at: datetime) -> None:
    del at
    if kept.state.terms:
        await office.timers.cancel(session, LAPSE_TIMER, kept.state.id)
        await office.timers.set(session, RENEWAL_TIMER, kept.state.id, renewal_call(kept.state))


async def _await_lapse(office: Office, session: Session, kept: Kept[Organization], at: datetime) -> None:
    del at
    await office.timers.set(session, LAPSE_TIMER, kept.state.id, lapse_due(kept.state))


async def _await_accreditation_end(office: Office, session: Session, kept: Kept[Organization], at: datetime) -> None:
    del at
    given = kept.state.accreditations[-1]
    await office.timers.set(session, ACCREDITATION_TIMER, kept.state.id, given.until)
    await office.timers.set(session, ACCREDITATION_CALL_TIMER, kept.state.id, given.call)


async def _stop_waiting(office: Office, session: Session, kept: Kept[Organization], at: datetime) -> None:
    del at
    await office.timers.cancel_all(session, kept.state.id)


async def _shut_out(office: Office, session: Session, kept: Kept[Organization], at: datetime) -> None:
    await office.revocations.of_organization(session, kept.state.id, kept.told, at, revoked=True)
    await office.directory.drop(session, kept.state.id)


async def _let_in(office: Office, session: Session, kept: Kept[Organization], at: datetime) -> None:
    await office.revocations.of_organization(session, kept.state.id, kept.told, at, revoked=False)
    await _show(office, session, kept, at)


async def _show(office: Office, session: Session, kept: Kept[Organization], at: datetime) -> None:
    """Render an organisation's services anew: what they say of it has changed."""
    for service in await office.store.services_of(session, kept.state.id):
        await office.directory.put(session, service.state, service.version, kept.state, at)


CONSEQUENCES: Mapping[Fact, tuple[Consequence, ...]] = {
    Fact.ADMITTED: (_invite_applicant, _await_renewal),
    Fact.DECLINED: (_write_decline,),
    Fact.SUSPENDED: (_shut_out,),
    Fact.REINSTATED: (_let_in, _await_renewal),
    Fact.RENEWAL_CALLED: (_await_lapse,),
    Fact.RENEWED: (_await_renewal, _show),
    Fact.LAPSED: (_show,),
    Fact.WITHDRAWN: (_shut_out, _stop_waiting),
    Fact.ACCREDITED: (_await_accreditation_end, _show),
    Fact.ACCREDITATION_ENDED: (_show,),
}
