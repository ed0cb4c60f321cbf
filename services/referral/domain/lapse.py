"""The end of a consent that comes by itself, told to those who follow the person while there is time to ask again."""

from dataclasses import replace
from datetime import datetime, timedelta

from services.referral.domain.consent import Consent

# From the earliest to the last.
REMINDERS: tuple[int, ...] = (14, 3)


def reminders(consent: Consent) -> dict[int, datetime]:
    """Return when a consent in force is recalled, by days before its end; a shorter one is not recalled for nothing."""
    if consent.until is None:
        return {}
    due = {days: consent.until - timedelta(days=days) for days in REMINDERS}
    return {days: at for days, at in due.items() if consent.decided_at < at}


def remind(consent: Consent, at: datetime) -> Consent:
    """Mark the reminder that is due at an instant; the same consent where none is, or where it was told before.

    Judged by the consent's own dates: a timer may be late, early or fire twice, and a late one tells once for both.
    """
    due = [days for days, instant in reminders(consent).items() if at >= instant]
    if not due or not consent.is_live(at):
        return consent
    told = consent.reminded is not None and consent.reminded <= min(due)
    return consent if told else replace(consent, reminded=min(due))
