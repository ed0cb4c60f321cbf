"""Browser sessions in MongoDB: tokens sealed, only the hash of the cookie kept."""

import base64
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from pymongo import ASCENDING, IndexModel

from gateway.keycloak import Grant
from gateway.sealing import Sealing, Unopenable
from kit.auth import Principal, Verifier, principal_of
from kit.clock import Clock
from kit.mongo import Database, Document

_NEVER = datetime.fromtimestamp(0, UTC)
CLAIM_MS = 15_000
"""How long one replica may take over a refresh; its call to Keycloak ends after 5 s."""
INDEXES = {
    "sessions": [
        IndexModel([("ends", ASCENDING)], expireAfterSeconds=0),
        IndexModel([("sid", ASCENDING)]),
        IndexModel([("user", ASCENDING)]),
    ]
}


@dataclass(frozen=True, slots=True)
class Organization:
    """One of the person's organisations, as their token named it at sign-in."""

    alias: str
    sector: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser; `principal` is None until an organisation is chosen. `id` is the cookie's hash."""

    id: str
    version: int
    sid: str
    user: str
    name: str
    locale: str
    organizations: tuple[Organization, ...]
    alias: str | None
    access: str
    refresh: str
    principal: Principal | None
    expires: datetime
    ends: datetime

    def left(self, now: datetime) -> float:
        """Return the seconds the access token still holds."""
        return (self.expires - now).total_seconds()


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What a sign-in says of the person."""

    sid: str
    user: str
    name: str
    locale: str
    organizations: tuple[Organization, ...]


def session_id(cookie: str) -> str:
    """Return the id a session is kept under; the cookie itself is kept nowhere."""
    return sha256(cookie.encode()).hexdigest()


def organizations_of(claims: dict[str, Any]) -> tuple[Organization, ...]:
    """Return every organisation the access token names, by alias."""
    found = claims.get("organization") or {}
    return tuple(
        Organization(
            alias, entry["sector"][0], tuple(sorted(group.removeprefix("/") for group in entry.get("groups", [])))
        )
        for alias, entry in sorted(found.items())
    )


class SessionStore:
    """Loads and saves sessions; every change moves `version`, and a refresh is claimed before it begins."""

    def __init__(self, database: Database, sealing: Sealing, verifier: Verifier, clock: Clock) -> None:
        self._rows = database["sessions"]
        self._sealing = sealing
        self._verifier = verifier
        self._clock = clock

    async def create(self, who: SignedIn, grant: Grant, alias: str | None) -> str:
        """Keep a new session under a new random id; return the cookie's value."""
        cookie = secrets.token_urlsafe(32)
        identity = session_id(cookie)
        organizations = [[o.alias, o.sector, list(o.roles)] for o in who.organizations]
        await self._rows.insert_one(
            {
                "_id": identity,
                "version": 1,
                "sid": who.sid,
                "user": who.user,
                "organizations": organizations,
                "created": self._clock(),
                "person": self._sealing.seal(json.dumps([who.name, who.locale]), f"{identity}/person"),
                **await self._tokens(identity, grant, alias),
            }
        )
        return cookie

    async def load(self, identity: str) -> Session | None:
        """Return a session that has not ended; None also when it cannot be opened."""
        row = await self._rows.find_one({"_id": identity, "ends": {"$gt": self._clock()}})
        return self._session(row) if row else None

    async def claim(self, session: Session) -> bool:
        """Take over this version's refresh: only one replica succeeds, until it is done or 15 s have passed."""
        free = {"$lt": [{"$ifNull": ["$claimed_until", _NEVER]}, "$$NOW"]}
        claimed = await self._rows.update_one(
            {"_id": session.id, "version": session.version, "$expr": free},
            [{"$set": {"claimed_until": {"$add": ["$$NOW", CLAIM_MS]}}}],
        )
        return claimed.modified_count == 1

    async def release(self, session: Session) -> None:
        """Give up a claim whose refresh did not happen."""
        await self._rows.update_one({"_id": session.id, "version": session.version}, {"$unset": {"claimed_until": ""}})

    async def renew(self, session: Session, grant: Grant, alias: str | None) -> Session | None:
        """Keep a refresh's tokens as the next version; None when the session was ended meanwhile."""
        await self._rows.update_one(
            {"_id": session.id, "version": session.version},
            {
                "$set": {"version": session.version + 1, **await self._tokens(session.id, grant, alias)},
                "$unset": {"claimed_until": ""},
            },
        )
        return await self.load(session.id)

    async def forget_choice(self, session: Session) -> None:
        """Leave the session without an organisation, since its person was taken out of the chosen one."""
        await self._rows.update_one(
            {"_id": session.id, "version": session.version},
            {"$set": {"alias": None, "version": session.version + 1}, "$unset": {"claimed_until": ""}},
        )

    async def delete(self, identity: str) -> None:
        """Forget one session."""
        await self._rows.delete_one({"_id": identity})

    async def delete_all(self, *, sid: str | None, user: str | None) -> Sequence[str]:
        """Forget the sessions of a Keycloak session, or of a person; return the Keycloak sessions they belonged to."""
        which = {"sid": sid} if sid is not None else {"user": user}
        found = {str(row["sid"]) async for row in self._rows.find(which, {"sid": 1})}
        await self._rows.delete_many(which)
        return sorted(found | ({sid} if sid is not None else set()))

    async def speaks_for(self, grant: Grant, alias: str) -> bool:
        """Say whether the token is for that organisation: Keycloak leaves out one that its person was taken out of."""
        claims = await self._verifier.claims(grant.access)
        return list(claims.get("organization") or ()) == [alias]

    async def _tokens(self, identity: str, grant: Grant, alias: str | None) -> Document:
        chosen = await self.speaks_for(grant, alias or "")
        tokens = json.dumps([grant.access, grant.refresh])
        return {
            "alias": alias if chosen else None,
            "tokens": self._sealing.seal(tokens, f"{identity}/tokens"),
            "ends": self._clock() + timedelta(seconds=grant.refresh_seconds),
        }

    def _session(self, row: Document) -> Session | None:
        identity = row["_id"]
        try:
            access, refresh = json.loads(self._sealing.open(row["tokens"], f"{identity}/tokens"))
            name, locale = json.loads(self._sealing.open(row["person"], f"{identity}/person"))
        except Unopenable:
            return None
        # Verified before we sealed it; read again even when expired, since it is about to be refreshed.
        claims = _payload(access)
        principal = principal_of(claims) if row["alias"] is not None else None
        return Session(
            id=identity,
            version=row["version"],
            sid=row["sid"],
            user=row["user"],
            name=name,
            locale=locale,
            organizations=tuple(Organization(a, sector, tuple(roles)) for a, sector, roles in row["organizations"]),
            alias=row["alias"],
            access=access,
            refresh=refresh,
            principal=principal,
            expires=datetime.fromtimestamp(claims["exp"], UTC),
            ends=row["ends"],
        )


def _payload(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return found
