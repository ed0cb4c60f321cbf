"""Lists of organisations, people and applications, a page at a time in the order of an index."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic

from pydantic import TypeAdapter

from kit.mongo import Collection, Document
from services.membership.domain.app import App
from services.membership.domain.organization import Organization
from services.membership.domain.representative import Representative
from services.membership.domain.standing import State
from services.membership.store.aggregates import Store
from services.membership.store.records import Kept, T, to_kept

_ORGANIZATION = TypeAdapter(Organization)
_REPRESENTATIVE = TypeAdapter(Representative)
_APP = TypeAdapter(App)


@dataclass(frozen=True, slots=True)
class Listed(Generic[T]):
    """A page, and the position behind its last row when there is more."""

    items: list[Kept[T]]
    next: str | None


async def public_members(store: Store, after: str | None, limit: int) -> Listed[Organization]:
    """Return the members that agreed to be named to the public, by name."""
    return await _page(store.organizations, _ORGANIZATION, {"public": True}, "rank", after, limit)


async def organizations(store: Store, states: Iterable[State], after: str | None, limit: int) -> Listed[Organization]:
    """Return the organisations in these states, by name."""
    query = {"state.state": {"$in": sorted(state.value for state in states)}}
    return await _page(store.organizations, _ORGANIZATION, query, "rank", after, limit)


async def representatives(store: Store, organization: str, after: str | None, limit: int) -> Listed[Representative]:
    """Return an organisation's people, by address."""
    query = {"state.organization_id": organization}
    return await _page(store.representatives, _REPRESENTATIVE, query, "state.address", after, limit)


async def pending_resets(store: Store, at: datetime, limit: int) -> list[Kept[Representative]]:
    """Return whose lost second factor waits for coordination, who waits longest first."""
    found = store.representatives.find({"state.reset.until": {"$gt": at}}).sort("state.reset.until", 1).limit(limit)
    return [to_kept(_REPRESENTATIVE, row) async for row in found]


async def apps(store: Store, organization: str, after: str | None, limit: int) -> Listed[App]:
    """Return an organisation's applications, by identifier; removed ones left out."""
    query = {"state.organization_id": organization, "state.removed_at": None}
    return await _page(store.apps, _APP, query, "_id", after, limit)


async def _page(
    collection: Collection, adapter: TypeAdapter[T], query: Document, order: str, after: str | None, limit: int
) -> Listed[T]:
    query = query | ({order: {"$gt": after}} if after is not None else {})
    rows = await collection.find(query).sort(order, 1).limit(limit + 1).to_list()
    more = _value(rows[limit - 1], order) if len(rows) > limit else None
    return Listed([to_kept(adapter, row) for row in rows[:limit]], more)


def _value(row: Document, path: str) -> str:
    for part in path.split("."):
        row = row[part]
    return str(row)
