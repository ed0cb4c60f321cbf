"""When data may be told without consent: a closed list, by privacy regime, each with its article of law."""
# ruff: noqa: N818 - a refusal's name says what stands in the way

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from services.referral.domain.errors import ReferralError
from services.referral.domain.identifiers import GroundId, OrganizationId, PersonId, UserId
from services.referral.domain.taxonomy import PERSONAL, DataClass, Regime

_EVERY_REGIME = frozenset(Regime)
_NOTHING: frozenset[DataClass] = frozenset()


@dataclass(frozen=True, slots=True)
class Article:
    """One ground of the law; `names` are the classes it opens even where the table gives no L."""

    citation: str
    regimes: frozenset[Regime]
    emergency: bool
    names: frozenset[DataClass]


# Sources: CQLR c. P-39.1, A-2.1, R-22.1 and P-34.1 (Quebec).
ARTICLES: Mapping[str, Article] = {
    "p-39.1-18-6": Article("P-39.1, s. 18 (6)", frozenset({Regime.PRIVATE}), emergency=False, names=_NOTHING),
    "p-39.1-18-7": Article("P-39.1, s. 18 (7)", frozenset({Regime.PRIVATE}), emergency=True, names=_NOTHING),
    "p-39.1-18.1": Article("P-39.1, s. 18.1", frozenset({Regime.PRIVATE}), emergency=True, names=_NOTHING),
    "a-2.1-59.1": Article("A-2.1, s. 59.1", frozenset({Regime.PUBLIC}), emergency=True, names=_NOTHING),
    "r-22.1-74": Article("R-22.1, s. 74", frozenset({Regime.HEALTH}), emergency=True, names=_NOTHING),
    "p-34.1-35.4": Article("P-34.1, s. 35.4", _EVERY_REGIME, emergency=False, names=_NOTHING),
    "p-34.1-39": Article("P-34.1, s. 39", _EVERY_REGIME, emergency=False, names=_NOTHING),
    "p-34.1-39.1": Article("P-34.1, s. 39.1", _EVERY_REGIME, emergency=False, names=_NOTHING),
    "p-34.1-72.8": Article("P-34.1, s. 72.8", _EVERY_REGIME, emergency=False, names=_NOTHING),
    "court-order": Article("court order", _EVERY_REGIME, emergency=False, names=PERSONAL),
}


class GroundUnknown(ReferralError):
    """No such ground in the closed list."""

    code = "referral.ground-unknown"


class GroundNotInRegime(ReferralError):
    """The ground belongs to a law that does not govern this organisation."""

    code = "referral.ground-not-in-regime"


class GroundOpensNothing(ReferralError):
    """A ground must say which classes it opens."""

    code = "referral.ground-opens-nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """A recorded ground: the article, who decided, for whom, which classes, when; its facts are sealed apart."""

    id: GroundId
    person: PersonId
    article: str
    recipient: OrganizationId
    classes: frozenset[DataClass]
    decided_by: UserId
    at: datetime

    @property
    def names(self) -> frozenset[DataClass]:
        """Return the classes that the article itself opens, among those recorded."""
        return self.classes & ARTICLES[self.article].names

    def covers(self, person: PersonId, recipient: OrganizationId) -> bool:
        """Say whether it was recorded about this person and for this recipient."""
        return (self.person, self.recipient) == (person, recipient)


def check_ground(article: str, regime: Regime, classes: frozenset[DataClass]) -> Article:
    """Return the article where this regime may invoke it, or raise the named refusal."""
    found = ARTICLES.get(article)
    if found is None:
        raise GroundUnknown
    if regime not in found.regimes:
        raise GroundNotInRegime
    if not classes & PERSONAL:
        raise GroundOpensNothing
    return found
