"""Keeps sessions' tokens fresh: one refresh at a time whatever the number of requests and replicas.

Keycloak's refresh tokens are single-use, and using one twice ends the session: so a refresh is claimed in MongoDB by
compare-and-set, everyone else goes on with the token that still holds, and a refresh once begun is never cancelled.
"""

import asyncio
import time
from dataclasses import dataclass

import pymongo
import structlog

from gateway.keycloak import Grant, GrantRefused, Keycloak
from gateway.refusals import NotYourOrganization, SignInUnavailable
from gateway.sessions import Session, SessionStore, SignedIn
from kit.clock import Clock

EARLY = 60.0
"""Seconds before a token's end at which it is refreshed."""
USABLE = 5.0
"""Seconds a token must still hold to be sent on; less, and it could end on its way."""
REMEMBERED = 5.0
"""Seconds a loaded session is used without looking again; ended sessions are known sooner, by `access`."""
CACHED = 4096
PATIENCE = 3.0
"""Seconds to wait for a session; a database that takes longer is away."""
WAIT = 5.0
STEP = 0.05

log = structlog.get_logger()


@dataclass(slots=True)
class _Known:
    session: Session
    until: float


class Sessions:
    """Finds the session of a cookie's id with a usable access token."""

    def __init__(self, store: SessionStore, keycloak: Keycloak, clock: Clock) -> None:
        self._store = store
        self._keycloak = keycloak
        self._clock = clock
        self._known: dict[str, _Known] = {}
        self._refreshing: dict[str, asyncio.Task[Session | None]] = {}

    async def find(self, identity: str) -> Session | None:
        """Return the session with an access token that holds, refreshed when it is due; raise SignInUnavailable."""
        session = await self._load(identity)
        if session is None or session.left(self._clock()) > EARLY:
            return session
        return await self._fresh(session)

    def knows(self, identity: str) -> bool:
        """Say whether the session was loaded here lately."""
        return identity in self._known

    async def choose(self, session: Session, alias: str) -> str:
        """Act for another of the person's organisations: a new session under a new cookie, which is returned.

        Raise NotYourOrganization, or SignInUnavailable.
        """
        return await asyncio.shield(asyncio.create_task(self._choose(session, alias)))

    def forget(self, identity: str) -> None:
        """Look again at the next request."""
        self._known.pop(identity, None)

    async def stop(self) -> None:
        """Let the refreshes under way end, or their sessions would be lost."""
        await asyncio.gather(*self._refreshing.values(), return_exceptions=True)

    async def _load(self, identity: str) -> Session | None:
        known = self._known.get(identity)
        now = time.monotonic()
        if known is not None and known.until > now:
            return known.session
        with pymongo.timeout(PATIENCE):
            session = await self._store.load(identity)
        if session is None:
            self._known.pop(identity, None)
            return None
        return self._remember(session)

    def _remember(self, session: Session) -> Session:
        if len(self._known) >= CACHED:
            self._known.clear()
        self._known[session.id] = _Known(session, time.monotonic() + REMEMBERED)
        return session

    async def _fresh(self, session: Session) -> Session | None:
        usable = session.left(self._clock()) > USABLE
        task = self._refreshing.get(session.id)
        if task is not None and usable:
            return session
        if task is None:
            task = asyncio.create_task(self._refresh(session, usable=usable))
            self._refreshing[session.id] = task
            task.add_done_callback(lambda _: self._refreshing.pop(session.id, None))
        # A caller that leaves must not take along a refresh that has spent the refresh token.
        return await asyncio.shield(task)

    async def _refresh(self, session: Session, *, usable: bool) -> Session | None:
        if not await self._store.claim(session):
            return self._remember(session) if usable else await self._wait(session)
        try:
            grant = await self._keycloak.refresh(session.refresh, session.alias)
        except GrantRefused as refused:
            return await self._refused(session, refused)
        except SignInUnavailable:
            await self._store.release(session)
            if usable:
                return self._remember(session)
            raise
        return await self._renew(session, grant)

    async def _renew(self, session: Session, grant: Grant) -> Session | None:
        renewed = await self._store.renew(session, grant, session.alias)
        if renewed is None:
            self.forget(session.id)
            return None
        return self._remember(renewed)

    async def _refused(self, session: Session, refused: GrantRefused) -> Session | None:
        log.info("session.refresh-refused", reason=refused.error)
        self.forget(session.id)
        if refused.error == "invalid_scope":
            await self._store.forget_choice(session)
            return await self._store.load(session.id)
        await self._store.delete(session.id)
        return None

    async def _wait(self, session: Session) -> Session | None:
        """Wait until the replica that claimed the refresh has stored it."""
        deadline = time.monotonic() + WAIT
        while time.monotonic() < deadline:
            await asyncio.sleep(STEP)
            found = await self._store.load(session.id)
            if found is None or found.version != session.version:
                return self._remember(found) if found else None
        raise SignInUnavailable

    async def _claimed(self, session: Session) -> Session | None:
        """Claim the latest version of the session, whoever else is refreshing it; None when it has ended."""
        deadline = time.monotonic() + WAIT
        while time.monotonic() < deadline:
            latest = await self._store.load(session.id)
            if latest is None or await self._store.claim(latest):
                return latest
            await asyncio.sleep(STEP)
        raise SignInUnavailable

    async def _choose(self, session: Session, alias: str) -> str:
        latest = await self._claimed(session)
        if latest is None:
            raise NotYourOrganization
        try:
            grant = await self._keycloak.refresh(latest.refresh, alias)
        except GrantRefused as refused:
            await self._refused_choice(latest, refused)
            raise NotYourOrganization from refused
        except SignInUnavailable:
            await self._store.release(latest)
            raise
        if not await self._store.speaks_for(grant, alias):
            await self._store.renew(latest, grant, None)
            self.forget(latest.id)
            raise NotYourOrganization
        who = SignedIn(latest.sid, latest.user, latest.name, latest.locale, latest.organizations)
        cookie = await self._store.create(who, grant, alias)
        await self._store.delete(latest.id)
        self.forget(latest.id)
        return cookie

    async def _refused_choice(self, session: Session, refused: GrantRefused) -> None:
        if refused.error == "invalid_scope":
            await self._store.release(session)
        else:
            await self._store.delete(session.id)
            self.forget(session.id)
