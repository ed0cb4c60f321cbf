"""Who may still read: what the projection knows of people, and what the consumer of revocations has taken away."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import ClassVar

from pymongo import ASCENDING, IndexModel

from kit.mongo import Collection, Database, Document, Session
from services.notifications.domain.standing import Standing, Word, standing

PEOPLE_INDEXES = [IndexModel([("user", ASCENDING), ("organization", ASCENDING)])]


class Access:
    """Answers for one person in one organisation.

    `people` returns the projection's live copy; `is_parked` says whether a revocation could not be read.
    """

    INDEXES: ClassVar[dict[str, list[IndexModel]]] = {
        "access": [IndexModel([("user", ASCENDING), ("organization", ASCENDING)])]
    }

    def __init__(
        self,
        db: Database,
        people: Callable[[], Awaitable[Collection]],
        is_parked: Callable[[str], Awaitable[bool]],
    ) -> None:
        self._access = db["access"]
        self._people = people
        self._is_parked = is_parked

    async def revoke(
        self, session: Session, aggregate: str, sequence: int, organization: str, user: str | None, at: datetime
    ) -> None:
        """Record in the caller's transaction that access ended; the sequence stays, so that an older grant is void."""
        fact = {"_id": aggregate, "organization": organization, "user": user, "revoked": sequence, "at": at}
        await self._access.replace_one({"_id": aggregate}, fact, upsert=True, session=session)

    async def standing(self, user: str, organization: str) -> Standing:
        """Return how the person stands in the organisation, by whichever consumer knows better."""
        place = f"organization:{organization}"
        query = {"$or": [{"user": user, "organization": organization}, {"_id": place}]}
        told, revoked = await asyncio.gather(_by_id(await self._people(), query), _by_id(self._access, query))
        aggregates = [*(told.keys() | revoked.keys()) - {place}, place]
        parked = await asyncio.gather(*map(self._is_parked, aggregates))
        words = {
            key: _word(told.get(key), revoked.get(key), parked=stuck)
            for key, stuck in zip(aggregates, parked, strict=True)
        }
        of_organization = words.pop(place)
        return standing(words.values(), of_organization)


def _word(told: Document | None, revoked: Document | None, *, parked: bool) -> Word:
    """Put together what is known of one aggregate; one nobody told of was never taken away either."""
    return Word(
        granted=told["active"] if told else True,
        told=told["told"] if told else 0,
        revoked=revoked["revoked"] if revoked else 0,
        parked=parked,
    )


async def _by_id(collection: Collection, query: Document) -> dict[str, Document]:
    return {row["_id"]: row async for row in collection.find(query)}
