"""A log read by someone whom a person excludes: as it would read had that person never been there."""

from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

from kit.mongo import Document
from services.referral.commands.desk import Caller, Desk

# A list names what it showed; it would have been read without the person too.
_A_LIST = r"\.list$"


async def hidden_records(desk: Desk, caller: Caller) -> frozenset[str]:
    """Return, by pseudonym, every record of which the caller is to find nothing."""
    who = (caller.organization, caller.user)
    persons = await desk.store.people.hidden(*who)
    consents = await desk.store.consents.of_persons(persons) if persons else []
    referrals = await desk.store.referrals.hidden(*who)
    return frozenset(map(desk.audit.pseudonym, (*persons, *consents, *referrals)))


def hiding(caller: Caller, hidden: frozenset[str]) -> Document:
    """Return which rows are left out: acts on what is hidden, but for lists, and the caller's own vain attempts."""
    if not hidden:
        return {}
    vain = {"by": caller.user, "outcome": "refused"}
    return {"records": {"$in": sorted(hidden)}, "action": {"$not": {"$regex": _A_LIST}}, "$nor": [vain]}


async def unhinted(desk: Desk, caller: Caller, hidden: frozenset[str], rows: Sequence[Document]) -> list[Document]:
    """Return the rows left, without a record that is hidden or a gap in their numbers that would count those rows."""
    last = max((row["number"] for row in rows if "number" in row), default=0)
    gone = await desk.audit.numbers(caller.organization, hiding(caller, hidden), last)
    return [
        _closed_up(row, gone) | {"records": [each for each in row["records"] if each not in hidden]} for row in rows
    ]


def _closed_up(row: Document, gone: Sequence[int]) -> dict[str, Any]:
    return row | {"number": row["number"] - bisect_left(gone, row["number"])} if "number" in row else row
