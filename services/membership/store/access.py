"""Whose access is taken away, where the gateway reads it: the `access` database, in the command's own transaction."""

from datetime import datetime

from kit.mongo import Mongo, Session


class Revocations:
    """Rows `{_id, revoked, sequence, at, before}`; a write with a lower sequence than the row's changes nothing.

    Where `before` is an instant, only tokens issued before it are refused.
    """

    def __init__(self, mongo: Mongo, database: str) -> None:
        self._rows = mongo.client.get_database(database)["revocations"]

    async def of_organization(
        self, session: Session, organization: str, sequence: int, at: datetime, *, revoked: bool
    ) -> None:
        """Take the access of a whole organisation away, or give it back."""
        await self._write(session, f"organization:{organization}", sequence, at, revoked=revoked)

    async def of_member(
        self,
        session: Session,
        organization: str,
        user: str,
        sequence: int,
        at: datetime,
        *,
        revoked: bool,
        before: datetime | None = None,
    ) -> None:
        """Take a person's access in one organisation away, from tokens issued before an instant alone, or give it."""
        await self._write(session, f"member:{organization}:{user}", sequence, at, revoked=revoked, before=before)

    async def let_in_again(
        self, session: Session, organization: str, user: str, sequence: int, before: datetime
    ) -> None:
        """Refuse tokens issued before an instant alone, unless a message after `sequence` took the access away."""
        taken = {"_id": f"member:{organization}:{user}", "revoked": True, "sequence": {"$lte": sequence}}
        await self._rows.update_one(taken, {"$set": {"before": before}}, session=session)

    async def of_app(self, session: Session, client: str, sequence: int, at: datetime) -> None:
        """Take an application's access away, for good."""
        await self._write(session, f"app:{client}", sequence, at, revoked=True)

    async def _write(
        self,
        session: Session,
        key: str,
        sequence: int,
        at: datetime,
        *,
        revoked: bool,
        before: datetime | None = None,
    ) -> None:
        later = {"$lt": [{"$ifNull": ["$sequence", -1]}, sequence]}
        wanted = {"revoked": revoked, "sequence": sequence, "at": at, "before": before}
        change = {field: {"$cond": [later, {"$literal": value}, f"${field}"]} for field, value in wanted.items()}
        await self._rows.update_one({"_id": key}, [{"$set": change}], upsert=True, session=session)
