"""A person is invited, takes the invitation up, gets an account, other roles, and leaves."""

from collections.abc import Callable
from datetime import datetime

from kit.auth import Principal
from kit.http import Once
from kit.mongo import Session
from services.membership.commands.consequences import INVITATION_TIMER, offer, welcome
from services.membership.commands.office import Office, manager, new_id, remember
from services.membership.domain import representative as rules
from services.membership.domain.organization import Organization, UserId
from services.membership.domain.representative import (
    InvitationNotValid,
    Outcome,
    Representative,
    RepresentativeId,
    State,
    hash_of,
    invitation,
    loses,
)
from services.membership.domain.role import Role
from services.membership.store import Kept

Decide = Callable[[Representative, Organization, bool], Outcome]


async def invite(
    office: Office, by: Principal, organization: str, address: str, roles: frozenset[Role], once: Once | None = None
) -> Kept[Representative]:
    """Invite someone by their address; the code exists only in the letter, and in the key that makes it."""
    at, fresh_id = office.clock(), RepresentativeId(new_id())

    async def work(session: Session) -> Kept[Representative]:
        host = (await office.store.hold(session, organization)).state
        known = await office.store.known_address(session, host.id, address)
        identity = known.state.id if known else fresh_id
        await remember(once, session, identity)
        offered = invitation(office.codes.code(identity, at), UserId(by.user), at)
        if known:
            person, facts = rules.invite_again(known.state, host, manager(by), roles, offered)
        else:
            person, facts = rules.invite(identity, host, manager(by), address, roles, offered)
        saved = await office.store.save_representative(session, person, facts, at, known)
        await offer(office, session, saved, at)
        await office.record(session, by, "representative.invite", f"representative:{identity}", host.id)
        return saved

    return await office.mongo.transaction(work)


async def accept(
    office: Office, code: str, given_name: str, family_name: str, language: str, once: Once | None = None
) -> None:
    """Take an invitation up; whatever is wrong with the code raises `InvitationNotValid` and nothing else."""
    at = office.clock()

    async def work(session: Session) -> None:
        await remember(once, session, "accepted")
        kept = await office.store.invited_with(session, hash_of(code))
        host = await office.store.hold(session, kept.state.organization_id)
        if not host.state.member:
            raise InvitationNotValid
        person, facts = rules.accept(kept.state, given_name, family_name, language, at)
        await office.store.save_representative(session, person, facts, at, kept)
        await office.timers.cancel(session, INVITATION_TIMER, person.id)
        record = f"representative:{person.id}"
        await office.record_unsigned(session, "invited", "representative.accept", record, host.state.id)

    await office.mongo.transaction(work)


async def activate(office: Office, identity: str, user: str, before: datetime | None = None) -> None:
    """Record the account that was made, open its access and have its owner told; called by a job, at need twice.

    `before` is for who comes back: tokens issued earlier hold what they had before they left, and stay refused.
    """
    at = office.clock()

    async def work(session: Session) -> None:
        kept = await office.store.representative(session, identity)
        person, facts = rules.activate(kept.state, UserId(user))
        if not facts:
            return
        saved = await office.store.save_representative(session, person, facts, at, kept)
        host, again = person.organization_id, before is not None
        await office.revocations.of_member(session, host, user, saved.told, at, revoked=again, before=before)
        await welcome(office, session, saved, at)
        record = f"representative:{identity}"
        await office.record_unsigned(session, "provisioning", "representative.activate", record, host)

    await office.mongo.transaction(work)


async def change_roles(
    office: Office, by: Principal, identity: str, roles: frozenset[Role], once: Once | None = None
) -> Kept[Representative]:
    """Give a person other roles: where one is taken away, their tokens end in this transaction."""

    def decide(person: Representative, host: Organization, others_manage: bool) -> Outcome:  # noqa: FBT001 - as `Decide`
        return rules.change_roles(person, host.profile.sector, manager(by), roles, others_manage=others_manage)

    return await _act(office, by, identity, "representative.change-roles", decide, once)


async def let_in_again(office: Office, kept: Kept[Representative], before: datetime) -> None:
    """Give a person's access back to tokens issued from an instant on; called by a job once Keycloak has the roles.

    Nothing happens where their access was never taken away, or was again since `kept` was loaded.
    """
    person = kept.state

    async def work(session: Session) -> None:
        host, user = person.organization_id, person.user or ""
        await office.revocations.let_in_again(session, host, user, kept.told, before)

    await office.mongo.transaction(work)


async def deactivate(office: Office, by: Principal, identity: str, once: Once | None = None) -> Kept[Representative]:
    """End what a person may do for an organisation: their access ends in this transaction."""
    at = office.clock()

    def decide(person: Representative, host: Organization, others_manage: bool) -> Outcome:  # noqa: FBT001 - as `Decide`
        del host
        return rules.deactivate(person, manager(by), at, others_manage=others_manage)

    return await _act(office, by, identity, "representative.deactivate", decide, once)


async def expire_invitation(office: Office, identity: str) -> None:
    """End an invitation nobody took up; called by a timer, at any time and more than once."""
    at = office.clock()

    async def work(session: Session) -> None:
        kept = await office.store.representative(session, identity)
        person, facts = rules.expire(kept.state, at)
        if facts:
            await office.store.save_representative(session, person, facts, at, kept)
            record = f"representative:{identity}"
            await office.record_unsigned(session, "timer", "representative.expire", record, person.organization_id)

    await office.mongo.transaction(work)


async def _act(
    office: Office, by: Principal, identity: str, action: str, decide: Decide, once: Once | None
) -> Kept[Representative]:
    """Load a person and their organisation, let the rules decide, write what happened and whose access ends."""
    at = office.clock()

    async def work(session: Session) -> Kept[Representative]:
        await remember(once, session, identity)
        kept = await office.store.representative(session, identity)
        host = await office.store.hold(session, kept.state.organization_id)
        others_manage = await office.store.others_manage(session, kept.state)
        person, facts = decide(kept.state, host.state, others_manage)
        saved = await office.store.save_representative(session, person, facts, at, kept)
        await _close(office, session, kept.state, saved, at)
        await office.record(session, by, action, f"representative:{identity}", person.organization_id)
        return saved

    return await office.mongo.transaction(work)


async def _close(
    office: Office, session: Session, before: Representative, kept: Kept[Representative], at: datetime
) -> None:
    """Take the access away of who loses a role or all of them, whether they had begun or not."""
    person = kept.state
    if person.state is State.DEACTIVATED:
        await office.timers.cancel_all(session, person.id)
    if person.user is not None and loses(before, person):
        await office.revocations.of_member(session, person.organization_id, person.user, kept.told, at, revoked=True)
