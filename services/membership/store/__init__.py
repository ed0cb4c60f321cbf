"""What membership remembers: its aggregates, the directory's rows, and whose access is taken away."""

from kit import audit, http, jobs, marks, outbox, timers
from services.membership.store import aggregates, directory
from services.membership.store.access import Revocations
from services.membership.store.aggregates import Store
from services.membership.store.directory import Directory, Search
from services.membership.store.records import Kept

_OWN = aggregates.INDEXES | directory.INDEXES
INDEXES = _OWN | audit.INDEXES | http.INDEXES | jobs.INDEXES | marks.INDEXES | outbox.INDEXES | timers.INDEXES

__all__ = ["INDEXES", "Directory", "Kept", "Revocations", "Search", "Store"]
