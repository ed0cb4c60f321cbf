"""What membership brings about outside: letters, and accounts in Keycloak as they should be at this moment.

A job names whom it is about and nothing else: it reads the state when it runs, so doing it late, twice or in another
order ends the same way.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from kit.jobs import Effect, Job, Permanent
from kit.mail import Mailer
from services.membership import keycloak as realm
from services.membership.commands.apps import APP_REMOVAL
from services.membership.commands.consequences import DECLINE_LETTER, FIRST_SIGN_IN, INVITATION_LETTER
from services.membership.commands.office import Office, described
from services.membership.commands.people import activate, let_in_again
from services.membership.commands.second_factor import SECOND_FACTOR_RESET
from services.membership.domain.organization import Organization
from services.membership.domain.representative import NotAccepted, Representative, State
from services.membership.keycloak import Keycloak, ProvisioningRefused
from services.membership.letters import decline_letter, invitation_letter

ORGANIZATION_ACCESS = "organization-access"
REPRESENTATIVE_ACCESS = "representative-access"
# A token says in whole seconds when it was issued, and Keycloak's clock is not quite ours.
SETTLING = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Effects:
    """Membership's jobs, by kind."""

    office: Office
    keycloak: Keycloak
    mailer: Mailer
    public_url: str

    def kinds(self) -> dict[str, Effect]:
        """Return what each kind of job does."""
        return {
            INVITATION_LETTER: self.invite,
            DECLINE_LETTER: self.decline,
            FIRST_SIGN_IN: _for_good(self.first_sign_in),
            APP_REMOVAL: self.remove_app,
            SECOND_FACTOR_RESET: _for_good(self.reset_second_factor),
            ORGANIZATION_ACCESS: _for_good(self.organization_access),
            REPRESENTATIVE_ACCESS: _for_good(self.representative_access),
        }

    async def invite(self, job: Job) -> None:
        """Mail an invitation, unless it was taken up, replaced or ended meanwhile."""
        kept = await self.office.store.representative(None, job.payload["representative_id"])
        person = kept.state
        if person.state is not State.INVITED or person.invitation.at != job.payload["invited_at"]:
            return
        host = (await self.office.store.organization(None, person.organization_id)).state
        code = self.office.codes.code(person.id, person.invitation.at)
        await self.mailer.send(invitation_letter(person, host, code, self.public_url, job.key))

    async def decline(self, job: Job) -> None:
        """Mail an applicant that the board said no."""
        host = (await self.office.store.organization(None, job.payload["organization_id"])).state
        if host.applicant is not None:
            await self.mailer.send(decline_letter(host, host.applicant.address, self.public_url, job.key))

    async def first_sign_in(self, job: Job) -> None:
        """Have Keycloak mail how to sign in, to whoever may still; its link is made at that moment."""
        person = (await self.office.store.representative(None, job.payload["representative_id"])).state
        if person.state is State.ACTIVE and person.user:
            await self.keycloak.people.send_first_sign_in(person.user)

    async def organization_access(self, job: Job) -> None:
        """Make an organisation in Keycloak, opened or shut as it stands."""
        host = (await self.office.store.organization(None, job.payload["organization_id"])).state
        if host.member:
            await self.keycloak.organizations.provision(described(host))
            await self.keycloak.organizations.enable(described(host))
        else:
            await self.keycloak.organizations.disable(described(host))

    async def representative_access(self, job: Job) -> None:
        """Make a person's account hold exactly the roles they have in an organisation, or leave it."""
        kept = await self.office.store.representative(None, job.payload["representative_id"])
        person = kept.state
        host = (await self.office.store.organization(None, person.organization_id)).state
        if person.state is State.ACCEPTED:
            await self._open(person, host)
        elif person.state is State.ACTIVE and person.user:
            await self.keycloak.people.set_roles(described(host), person.user, person.roles)
            await let_in_again(self.office, kept, await self._only_new_tokens(person.user))
        elif person.accepted_at is not None:
            await self._close(person)

    async def reset_second_factor(self, job: Job) -> None:
        """Forget the second factors a person had when it was confirmed, and end their sessions."""
        person = (await self.office.store.representative(None, job.payload["representative_id"])).state
        if person.state is State.ACTIVE and person.user:
            await self.keycloak.people.reset_second_factor(person.user, job.payload["before"])

    async def remove_app(self, job: Job) -> None:
        """Remove an application's client, unless an application signs in by it."""
        client = job.payload["client_id"]
        if not await self.office.store.has_client(client):
            await self.keycloak.apps.remove(job.payload["organization_id"], client)

    async def _open(self, person: Representative, host: Organization) -> None:
        """Make the account and record it; how to sign in is mailed by a job of its own."""
        user = await self.keycloak.people.provision(described(host), _account(person), person.roles)
        before = await self._only_new_tokens(user) if person.user else None
        try:
            await activate(self.office, person.id, user, before)
        except NotAccepted:
            # Deactivated while we were at it: what was just opened is closed again.
            await self.keycloak.people.deactivate(host.id, user)

    async def _only_new_tokens(self, user: str) -> datetime:
        """End a person's sessions; return the instant from which each token of theirs holds what Keycloak holds now."""
        now = self.office.clock()
        since = (now + SETTLING).replace(microsecond=0)
        await asyncio.sleep((since - now).total_seconds())
        # Only now: who signs in from here on gets a token that is new enough.
        await self.keycloak.people.end_sessions(user)
        return since

    async def _close(self, person: Representative) -> None:
        user = person.user or await self.keycloak.people.find(_account(person))
        if user is not None:
            await self.keycloak.people.deactivate(person.organization_id, user)


def _account(person: Representative) -> realm.Account:
    return realm.Account(person.address, person.given_name or "", person.family_name or "", person.language)


def _for_good(effect: Callable[[Job], Awaitable[None]]) -> Effect:
    """Give up at once what Keycloak will never do; everything else is tried again."""

    async def attempt(job: Job) -> None:
        try:
            await effect(job)
        except ProvisioningRefused as error:
            raise Permanent(error.code) from error

    return attempt
