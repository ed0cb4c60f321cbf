"""Whose access is taken away, where the gateway reads it: the `access` database, in the command's own transaction."""

from datetime import datetime

from kit.mongo import Mongo, Session


class Revocations:
    """Rows `{_id, revoked, sequence, at}`; a write with a lower sequence than the row's changes nothing."""

    def __init__(self, mongo: Mongo, database: str) -> None:
        self._rows = mongo.client.get_database(database)["revocations"]

    async def of_organization(
        self, session: Session, organization: str, sequence: int, at: datetime, *, revoked: bool
    ) -> None:
        """Take the access of a whole organisation away, or give it back."""
        await self._write(session, f"organization:{organization}", sequence, at, revoked=revoked)

    async def of_member(
        self, session: Session, organization: str, user: str, sequence: int, at: datetime, *, revoked: bool
    ) -> None:
        """Take a person's access in one organisation away, or give it back."""
        await self._write(session, f"member:{organization}:{user}", sequence, at, revoked=revoked)

    async def _write(self, session: Session, key: str, sequence: int, at: datetime, *, revoked: bool) -> None:
        later = {"$lt": [{"$ifNull": ["$sequence", -1]}, sequence]}
        wanted = {"revoked": revoked, "sequence": sequence, "at": at}
        change = {field: {"$cond": [later, {"$literal": value}, f"${field}"]} for field, value in wanted.items()}
        await self._rows.update_one({"_id": key}, [{"$set": change}], upsert=True, session=session)
