"""What each refusal of referral says to people, in both languages, and what to do next: a file a noun."""

from collections.abc import Mapping

from kit.problems import Problem
from services.referral.problems.capacity import CAPACITY
from services.referral.problems.consent import CONSENT
from services.referral.problems.exclusion import EXCLUSION
from services.referral.problems.person import PERSON
from services.referral.problems.referral import REFERRAL
from services.referral.problems.serving import SERVING
from services.referral.problems.several import SEVERAL
from services.referral.problems.without_consent import WITHOUT_CONSENT

PROBLEMS: Mapping[str, Problem] = {
    **REFERRAL,
    **SERVING,
    **SEVERAL,
    **PERSON,
    **CONSENT,
    **CAPACITY,
    **EXCLUSION,
    **WITHOUT_CONSENT,
}

__all__ = ["PROBLEMS"]
