"""A log read by someone whom a person excludes: as it would read had that person never been there."""

from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

from kit.mongo import Document
from services.referral.commands.desk import Caller, Desk
from services.referral.domain.identifiers import PersonId

# A list of whatever an organisation has names what it showed; it would have been read without the person too.
_LISTS = (
    "person.list",
    "person.find",
    "referral.list",
    "referral.queue",
    "emergency.list-received",
    "emergency.list-for-review",
    "youth-report.list-all",
    "register.read",
    "register.export",
)


async def hidden_records(desk: Desk, caller: Caller) -> frozenset[str]:
    """Return, by pseudonym, every record of which the caller is to find nothing."""
    who = (caller.organization, caller.user)
    persons = await desk.store.people.hidden(*who)
    referrals = await desk.store.referrals.hidden(*who)
    theirs = await _about(desk, persons) if persons else []
    return frozenset(map(desk.audit.pseudonym, (*persons, *referrals, *theirs)))


async def _about(desk: Desk, persons: Sequence[PersonId]) -> list[str]:
    """Return every record about these persons but their referrals, which name whom they are hidden from."""
    return [
        *await desk.store.consents.of_persons(persons),
        *await desk.store.grounds.of_persons(persons),
        *await desk.store.emergencies.of_persons(persons),
        *await desk.store.sets.of_persons(persons),
        *await desk.store.youth_reports.of_persons(persons),
    ]


def hiding(caller: Caller, hidden: frozenset[str], sought: str | None = None) -> Document:
    """Return which rows are left out: acts on what is hidden, but for lists, and the caller's own vain attempts.

    Where what is hidden is itself the record sought, by pseudonym, no list may answer that it was in it.
    """
    if not hidden:
        return {}
    vain = {"by": caller.user, "outcome": "refused"}
    lists = () if sought in hidden else _LISTS
    return {"records": {"$in": sorted(hidden)}, "action": {"$nin": list(lists)}, "$nor": [vain]}


async def unhinted(desk: Desk, caller: Caller, hidden: frozenset[str], rows: Sequence[Document]) -> list[Document]:
    """Return the rows left, without a record that is hidden or a gap in their numbers that would count those rows."""
    last = max((row["number"] for row in rows if "number" in row), default=0)
    gone = await desk.audit.numbers(caller.organization, hiding(caller, hidden), last)
    return [
        _closed_up(row, gone) | {"records": [each for each in row["records"] if each not in hidden]} for row in rows
    ]


def _closed_up(row: Document, gone: Sequence[int]) -> dict[str, Any]:
    return row | {"number": row["number"] - bisect_left(gone, row["number"])} if "number" in row else row
