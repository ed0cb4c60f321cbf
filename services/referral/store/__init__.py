"""What referral remembers, and the indexes each query of ours stands on."""

from collections.abc import Sequence

from kit import audit, http, marks, outbox, timers
from kit.audit import Head
from kit.mongo import Database, Session
from kit.outbox import Outbox
from services.referral.published import AuditSealed
from services.referral.store import (
    consents,
    emergencies,
    grounds,
    people,
    queries,
    referrals,
    retention,
    sets,
    youth_reports,
)
from services.referral.store.availability import AvailabilityBook
from services.referral.store.consents import Consents
from services.referral.store.emergencies import Emergencies
from services.referral.store.exclusions import Pseudonyms
from services.referral.store.grounds import Grounds
from services.referral.store.months import Months
from services.referral.store.people import MnemonicTaken, People
from services.referral.store.places import PlaceBook
from services.referral.store.queries import Asked, Line, Queries
from services.referral.store.records import Kept, Sealed
from services.referral.store.referrals import Case, Referrals, Wanted
from services.referral.store.retention import Retention
from services.referral.store.sets import Sets
from services.referral.store.youth_reports import YouthReports

SOURCE = "referral"

INDEXES = {
    **audit.INDEXES,
    **http.INDEXES,
    **marks.INDEXES,
    **outbox.INDEXES,
    **timers.INDEXES,
    **people.INDEXES,
    **consents.INDEXES,
    **emergencies.INDEXES,
    **grounds.INDEXES,
    **youth_reports.INDEXES,
    **queries.INDEXES,
    **referrals.INDEXES,
    **sets.INDEXES,
    **retention.INDEXES,
}


class Store:
    """The service's own collections. Every load that decides belongs to the transaction that saves."""

    def __init__(self, database: Database, pseudonyms: Pseudonyms) -> None:
        told = Outbox(database, SOURCE)
        self._told = told
        self.people = People(database, pseudonyms)
        self.consents = Consents(database, told)
        self.emergencies = Emergencies(database, told)
        self.grounds = Grounds(database, told)
        self.youth_reports = YouthReports(database)
        self.places = PlaceBook(database)
        self.availability = AvailabilityBook(database, told)
        self.queries = Queries(database, told)
        self.sets = Sets(database)
        self.referrals = Referrals(database, told, pseudonyms)
        self.retention = Retention(database, told)
        self.months = Months(database, told)

    async def tell_heads(self, session: Session, heads: Sequence[Head]) -> None:
        """Let everyone who reads the bus witness the ends of organisations' audit chains."""
        for head in heads:
            sealed = AuditSealed(organization_id=head.organization, number=head.number, hash=head.hash)
            await self._told.append(session, f"audit:{head.organization}", head.told, [sealed], head.at)


__all__ = [
    "INDEXES",
    "SOURCE",
    "Asked",
    "Case",
    "Consents",
    "Kept",
    "Line",
    "MnemonicTaken",
    "PlaceBook",
    "Pseudonyms",
    "Queries",
    "Referrals",
    "Sealed",
    "Store",
    "Wanted",
]
