"""How old a person is, as the rules count it: a recorded birth date decides, whatever else is said."""
# ruff: noqa: N818 - a refusal's name says what stands in the way

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from services.referral.domain.errors import ReferralError
from services.referral.domain.taxonomy import AgeBand

DECIDES_ALONE = 14
OF_AGE = 18

# Quebec's clock in winter: a birthday comes at its midnight, in summer an hour late, never early.
_BEHIND_UTC = timedelta(hours=5)


class AgeContradicted(ReferralError):
    """The birth date says another age band than the one given."""

    code = "person.age-contradicted"


def band_on(born: date, at: datetime) -> AgeBand:
    """Return the band of someone born that day, at an instant; a birth date to come is unknown."""
    today = (at - _BEHIND_UTC).date()
    if born > today:
        return AgeBand.UNKNOWN
    years = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    if years >= OF_AGE:
        return AgeBand.ADULT
    return AgeBand.FROM_14_TO_17 if years >= DECIDES_ALONE else AgeBand.UNDER_14


def age_said(identity: Mapping[str, Any], at: datetime) -> AgeBand:
    """Return the band that an identity says; the birth date grows older with the person, the band given does not."""
    if identity.get("prs_Birthdate"):
        return band_on(date.fromisoformat(identity["prs_Birthdate"]), at)
    return AgeBand(identity.get("age_band") or AgeBand.UNKNOWN)


def check_age(identity: Mapping[str, Any] | None, at: datetime) -> None:
    """Raise `AgeContradicted` where an identity says two ages: a wrong one opens, or shuts, the wrong doors."""
    said = (identity or {}).get("age_band") or AgeBand.UNKNOWN
    if identity and said != AgeBand.UNKNOWN and age_said(identity, at) != said:
        raise AgeContradicted
