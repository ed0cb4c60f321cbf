"""What the use cases work with, who calls them, and how each attempt, refused or done, is written in the audit."""

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from kit.audit import Audit, Entry
from kit.clock import Clock
from kit.mongo import Mongo, Session
from kit.timers import Timers
from services.referral.domain.errors import ReferralError
from services.referral.domain.identifiers import OrganizationId, UserId
from services.referral.domain.party import Reader
from services.referral.domain.taxonomy import Sector
from services.referral.keys import Keys
from services.referral.store import Store
from services.referral.store.directory import Directory
from services.referral.store.standing import Standings

AVAILABILITY = "availability"
LAPSE = "consent-lapse"
LAPSE_REMINDER = "consent-lapse-reminder"
REVIEW = "emergency-review"


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The service's parts, put together once; `draw` returns a random number below its argument."""

    mongo: Mongo
    store: Store
    keys: Keys
    directory: Directory
    standings: Standings
    timers: Timers
    audit: Audit
    clock: Clock
    draw: Callable[[int], int] = secrets.randbelow


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who acts: a user or an app of one organisation, with their roles there."""

    organization: OrganizationId
    user: UserId
    roles: frozenset[str]
    sector: Sector | None
    request_id: str | None = None

    @property
    def reader(self) -> Reader:
        """Return the caller as the domain knows a reader."""
        return Reader(self.organization, self.user, self.roles)


@dataclass(slots=True)
class Attempt:
    """One act as the audit will tell it; `owner` is filled in as soon as it is known whose record it is."""

    caller: Caller
    action: str
    records: tuple[str, ...]
    owner: OrganizationId | None = None

    def entry(self, desk: Desk, **more: Any) -> Entry:
        """Return the audit's row."""
        return Entry(
            organization=self.caller.organization,
            by=self.caller.user,
            action=self.action,
            records=self.records,
            at=desk.clock(),
            owner=self.owner,
            request_id=self.caller.request_id,
            **more,
        )

    async def done(self, desk: Desk, session: Session | None, **more: Any) -> None:
        """Write the act, in its effect's transaction, before anyone is answered."""
        await desk.audit.append(session, self.entry(desk, **more))


@asynccontextmanager
async def attempting(desk: Desk, caller: Caller, action: str, *records: str) -> AsyncIterator[Attempt]:
    """Let an act be tried; what refuses it is written in the audit by its code, then told."""
    attempt = Attempt(caller, action, records)
    try:
        yield attempt
    except ReferralError as refusal:
        await desk.audit.append(None, attempt.entry(desk, outcome="refused", detail=refusal.code))
        raise


def of_time(chain: OrganizationId, what: str) -> Caller:
    """Return time itself as the caller: a deadline or a lapse, in the chain of an organisation that may know of it."""
    return Caller(organization=chain, user=UserId(f"timer:{what}"), roles=frozenset(), sector=None)
