"""What the service keeps: the inbox, deliveries, wishes, who lost access, and who holds which role."""

from pymongo import IndexModel

from kit import jobs, marks, timers
from services.notifications.store.access import PEOPLE_INDEXES, Access
from services.notifications.store.deliveries import Deliveries, Delivery
from services.notifications.store.inbox import Entry, Inbox
from services.notifications.store.offices import Offices
from services.notifications.store.wishes import Wishes

INDEXES: dict[str, list[IndexModel]] = {
    **marks.INDEXES,
    **jobs.INDEXES,
    **timers.INDEXES,
    **Inbox.INDEXES,
    **Deliveries.INDEXES,
    **Access.INDEXES,
    **Offices.INDEXES,
}

__all__ = ["INDEXES", "PEOPLE_INDEXES", "Access", "Deliveries", "Delivery", "Entry", "Inbox", "Offices", "Wishes"]
