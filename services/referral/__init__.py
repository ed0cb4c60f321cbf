"""Persons, consent, referrals, places, disclosure and their audit."""
