"""The directory's rows: each service rendered once when it is saved, found by one index, joined as bytes when read.

A row carries two arrays of keys, each at the head of an index that continues with `rank`, so that MongoDB reads the
matches in order and stops at the page's end:
`places`: `<need>:<region>` for every pair and `*` for any, with `~` behind a region next to one served;
`facets`: `t:<stem>` of the public words, `l:<language>`, `p:<population>`, `a:<accessibility>`, `o:<organisation>`,
`h:<hour of the week>` in which somebody is there or answers, if only for a part of it.
What no key can say is held beside them and looked at row by row: `youngest`, `oldest`, and `hours` to the minute.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from pymongo import ASCENDING, IndexModel

from kit.mongo import Collection, Document, Mongo, Session
from services.membership.domain.directory import Entry, Service, Status, public_entry
from services.membership.domain.folding import sort_key, words
from services.membership.domain.hours import HOUR, Span, spans
from services.membership.domain.organization import Organization
from services.membership.domain.region import REGIONS, near
from services.membership.domain.taxonomy import ANYONE, NEEDS, POPULATIONS
from services.membership.views import ServiceView

ANY = "*"
NEXT_TO = "~"
_LONGEST_NAME = 80
_OLDEST = 130

INDEXES = {
    "directory": [
        IndexModel([("places", ASCENDING), ("rank", ASCENDING)]),
        IndexModel([("facets", ASCENDING), ("rank", ASCENDING)]),
    ]
}


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for; every filter left empty matches all. `after` continues behind a row's position.

    `minute` is the minute of the week at which somebody has to be there or answer.
    """

    need: str | None = None
    region: str | None = None
    neighbours: bool = False
    language: str | None = None
    population: str | None = None
    accessibility: tuple[str, ...] = ()
    organization: str | None = None
    age: int | None = None
    minute: int | None = None
    text: str = ""
    after: str = ""
    limit: int = 20


@dataclass(frozen=True, slots=True)
class Found:
    """A page of rendered services, and where the next begins."""

    items: list[str]
    next: str | None


@dataclass(frozen=True, slots=True)
class Row:
    """One rendered service and the version of its aggregate."""

    rendered: str
    version: int


class Directory:
    """The rows everyone with `directory:read` may search; a confidential place is whole for its own organisation."""

    def __init__(self, mongo: Mongo) -> None:
        self._rows: Collection = mongo.db["directory"]

    async def put(
        self, session: Session, service: Service, version: int, organization: Organization, at: datetime
    ) -> None:
        """Render a service and write its row; a withdrawn one, or one of no member, has none."""
        if service.withdrawn or not organization.member:
            await self._rows.delete_one({"_id": service.id}, session=session)
            return
        row = row_of(service, version, organization, at)
        await self._rows.replace_one({"_id": service.id}, row, upsert=True, session=session)

    async def drop(self, session: Session, organization: str) -> None:
        """Remove every row of an organisation."""
        await self._rows.delete_many({"facets": f"o:{organization}"}, session=session)

    async def one(self, identity: str, reader: str) -> Row | None:
        """Return a service as the reader's organisation may see it."""
        row = await self._rows.find_one({"_id": identity}, {"shown": 1, "own": 1, "organization": 1, "version": 1})
        return Row(_shown_to(row, reader), row["version"]) if row else None

    async def search(self, search: Search, reader: str) -> Found:
        """Return a page: services of the region first, then of its neighbours, each by name, stale ones last."""
        rows: list[Document] = []
        wanted = search.limit + 1
        for phase in _phases(search):
            rows += await self._phase(search, phase, wanted - len(rows))
            if len(rows) >= wanted:
                break
        return _page(rows, search.limit, reader)

    async def _phase(self, search: Search, phase: int, limit: int) -> list[Document]:
        query = query_of(search, phase)
        cursor = self._rows.find(query, _SHOWN).sort("rank", ASCENDING).limit(limit).batch_size(limit + 1)
        return [row | {"phase": phase} for row in await cursor.to_list()]


_SHOWN = {"_id": 0, "shown": 1, "own": 1, "organization": 1, "rank": 1}


def _phases(search: Search) -> Iterable[int]:
    """Return the phases still to read: 0 serves the region, 1 serves one next to it."""
    last = 1 if search.neighbours and search.region else 0
    return range(int(search.after[:1] or 0), last + 1)


def _page(rows: list[Document], limit: int, reader: str) -> Found:
    more = rows[limit - 1] if len(rows) > limit else None
    position = f"{more['phase']}{more['rank']}" if more else None
    return Found([_shown_to(row, reader) for row in rows[:limit]], position)


def _shown_to(row: Document, reader: str) -> str:
    """Return what the reader may see: the whole only where it is their own."""
    own = row.get("own")
    return str(own if own is not None and row["organization"] == reader else row["shown"])


def query_of(search: Search, phase: int = 0) -> Document:
    """Return the query of a search's phase."""
    query: Document = {}
    if search.need or search.region:
        place = f"{search.need or ANY}:{search.region or ANY}"
        query["places"] = place + (NEXT_TO if phase else "")
    facets = [*_facets(search)]
    if facets:
        query["facets"] = {"$all": facets}
    if not query:
        query["places"] = f"{ANY}:{ANY}"
    query |= _exactly(search)
    if search.after[:1] == str(phase):
        query["rank"] = {"$gt": search.after[1:]}
    return query


def _exactly(search: Search) -> Document:
    """Return what is looked at row by row."""
    found: Document = {}
    if search.age is not None:
        found |= {"youngest": {"$lte": search.age}, "oldest": {"$gte": search.age}}
    if search.minute is not None:
        found["hours"] = {"$elemMatch": {"from": {"$lte": search.minute}, "to": {"$gt": search.minute}}}
    return found


def _facets(search: Search) -> Iterable[str]:
    """Return the keys a row must all have; the words first, because few rows have them."""
    yield from (f"t:{stem}" for stem in sorted(words(search.text)))
    if search.organization:
        yield f"o:{search.organization}"
    yield from (f"a:{code}" for code in search.accessibility)
    if search.minute is not None:
        yield f"h:{search.minute // HOUR}"
    if search.population:
        yield f"p:{search.population}"
    if search.language:
        yield f"l:{search.language}"


def row_of(service: Service, version: int, organization: Organization, at: datetime) -> Document:
    """Render a service: what is searched, sorted and shown comes from its public entry alone."""
    entry, taken = public_entry(service.entry), service.entry.eligibility
    row: Document = {
        "_id": service.id,
        "organization": service.organization_id,
        "version": version,
        "rank": _rank(service, entry),
        "places": [*_places(entry)],
        "facets": [*_facets_of(service, entry, organization)],
        "youngest": taken.minimum_age or 0,
        "oldest": _OLDEST if taken.maximum_age is None else taken.maximum_age,
        "hours": [{"from": start, "to": end} for start, end in spans(entry)],
        "shown": ServiceView.of(service, entry, organization, at).model_dump_json(),
    }
    if entry != service.entry:
        row["own"] = ServiceView.of(service, service.entry, organization, at).model_dump_json()
    return row


def _rank(service: Service, entry: Entry) -> str:
    """Return a row's place: what can be relied on tonight first, then by French name; no two are equal."""
    later = "1" if service.stale or entry.status is Status.TEMPORARILY_CLOSED else "0"
    return f"{later}{sort_key(entry.name.fr)[:_LONGEST_NAME]}|{service.id}"


def _places(entry: Entry) -> Iterable[str]:
    here = (*entry.service_areas, ANY)
    beside = tuple(f"{code}{NEXT_TO}" for code in sorted(near(entry.service_areas)))
    return (f"{need}:{region}" for need in (*entry.needs, ANY) for region in (*here, *beside))


def _facets_of(service: Service, entry: Entry, organization: Organization) -> Iterable[str]:
    populations = entry.eligibility.populations
    everyone = POPULATIONS if ANYONE in populations else populations
    yield f"o:{service.organization_id}"
    yield from (f"l:{code}" for code in entry.languages)
    yield from (f"p:{code}" for code in everyone)
    yield from (f"a:{code}" for code in entry.accessibility)
    yield from (f"h:{hour}" for hour in sorted({hour for span in spans(entry) for hour in _hours_of(span)}))
    yield from (f"t:{stem}" for stem in sorted(_words(entry, organization)))


def _hours_of(span: Span) -> range:
    start, end = span
    return range(start // HOUR, (end - 1) // HOUR + 1)


def _words(entry: Entry, organization: Organization) -> frozenset[str]:
    terms = [NEEDS[code] for code in entry.needs] + [REGIONS[code] for code in entry.service_areas]
    texts = [entry.name, entry.description, organization.profile.name, *terms]
    cities = [place.city for place in entry.locations if place.city]
    return words(*(text.fr for text in texts), *(text.en for text in texts), *cities)
