"""Who holds which role in which organisation, as far as one consumer has read membership's stream."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import ClassVar

from pymongo import ASCENDING, IndexModel

from kit.mongo import Database, Document, Session


class Offices:
    """One row a representative: `{_id: aggregate, organization, user, roles}`; who left holds none."""

    INDEXES: ClassVar[dict[str, list[IndexModel]]] = {
        "offices": [IndexModel([("roles", ASCENDING), ("organization", ASCENDING)])]
    }

    def __init__(self, db: Database) -> None:
        self._rows = db["offices"]

    async def hold(self, session: Session, aggregate: str, organization: str, user: str, roles: Sequence[str]) -> None:
        """Record what someone holds from now on."""
        row = {"_id": aggregate, "organization": organization, "user": user, "roles": list(roles)}
        await self._rows.replace_one({"_id": aggregate}, row, upsert=True, session=session)

    async def leave(self, session: Session, aggregate: str) -> None:
        """Forget who left."""
        await self._rows.delete_one({"_id": aggregate}, session=session)

    async def holders(
        self, session: Session, roles: Sequence[str], organization: str | None
    ) -> Mapping[str, Sequence[str]]:
        """Return the users who hold one of the roles, by organisation: of one, or of all."""
        query: Document = {"roles": {"$in": list(roles)}}
        query |= {} if organization is None else {"organization": organization}
        found: dict[str, list[str]] = defaultdict(list)
        async for row in self._rows.find(query, session=session):
            found[row["organization"]].append(row["user"])
        return found
